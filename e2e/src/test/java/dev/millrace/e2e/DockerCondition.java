package dev.millrace.e2e;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The condition of {@link NeedsDocker}. It asks the client, because Testcontainers takes minutes to say no. */
final class DockerCondition implements ExecutionCondition {
    private static final long PATIENCE_SECONDS = 20;

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        String missing = whyMissing();
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("a Docker engine answers");
        }
        if ("1".equals(System.getenv("REQUIRE_DOCKER"))) {
            throw new ExtensionConfigurationException("REQUIRE_DOCKER=1, but " + missing);
        }
        System.err.println("skipped: " + context.getDisplayName() + ": " + missing);
        return ConditionEvaluationResult.disabled(missing);
    }

    /** Empty where an engine answers. */
    private static String whyMissing() {
        try {
            Process docker = new ProcessBuilder("docker", "version", "--format", "{{.Server.Version}}")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!docker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                docker.destroyForcibly();
                return "the Docker engine does not answer within " + PATIENCE_SECONDS + " s";
            }
            return docker.exitValue() == 0 ? "" : "no Docker engine answers (docker version fails)";
        } catch (IOException e) {
            return "there is no docker command";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted while asking for a Docker engine";
        }
    }
}
