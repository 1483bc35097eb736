package dev.millrace.local;

import dev.millrace.driver.cli.ClusterOptions;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.service.ServiceSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that mapper and reducer share. */
final class PartArguments {
    static final Duration BROKER_DEADLINE = Duration.ofMinutes(5);

    private final Map<String, String> environment;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--slot",
            paramLabel = "NAME",
            description = "Its name: the same after a restart, and different from every other's. Default: mapper-1,"
                    + " reducer-1.")
    private @Nullable String slot;

    @Option(
            names = "--http-address",
            paramLabel = "HOST:PORT",
            description = "Where /healthz and /metrics are served; 127.0.0.1 where only a port is given. Default: off.")
    private @Nullable String httpAddress;

    @Option(
            names = "--drain-grace",
            paramLabel = "TIME",
            description = "How long it may take to finish its work when it is told to stop. Default: 25s.")
    private @Nullable String drainGrace;

    PartArguments(Terminal terminal) {
        environment = terminal.environment();
    }

    String slot(String otherwise) {
        return slot != null ? slot : environment.getOrDefault("MILLRACE_SLOT", otherwise);
    }

    ServiceSettings service() {
        Map<String, String> flags = new HashMap<>();
        if (httpAddress != null) {
            flags.put(ServiceSettings.HTTP_ADDRESS, httpAddress);
        }
        if (drainGrace != null) {
            flags.put(ServiceSettings.DRAIN_GRACE, drainGrace);
        }
        return ServiceSettings.from(flags, environment);
    }

    ClusterOptions onCluster(ClusterOptions options) {
        if (options.isEmbedded()) {
            throw new ParameterException(
                    command.commandLine(), "give --bootstrap-server HOST:PORT, the broker of the cluster to join");
        }
        return options;
    }

    int atLeastOne(String option, int value) {
        if (value < 1) {
            throw new ParameterException(command.commandLine(), option + " must be at least 1, not " + value);
        }
        return value;
    }
}
