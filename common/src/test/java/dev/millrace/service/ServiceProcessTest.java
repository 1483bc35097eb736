package dev.millrace.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.job.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Real processes and real signals: exit codes and what is on standard error. */
@Timeout(120)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no SIGTERM")
class ServiceProcessTest {
    @TempDir
    private Path dir;

    @Test
    void drainsOnSigtermAndExitsWithZero() throws Exception {
        Process process = start("drains", "30s", Map.of());
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("up");
            process.toHandle().destroy();
            assertThat(out.readLine()).isEqualTo("drained");
        }
        assertThat(exitCode(process)).isEqualTo(ExitCode.OK.code());
        assertThat(log()).contains("INFO [main] ServiceHost: mapper-1 started").contains("mapper-1 is draining");
    }

    @Test
    void isStoppedWhenTheGraceRunsOut() throws Exception {
        Process process = start("hangs", "200ms", Map.of());
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("up");
            process.toHandle().destroy();
            assertThat(exitCode(process)).isEqualTo(ExitCode.TIMED_OUT.code());
        }
        assertThat(log()).contains("did not drain within 200 ms");
    }

    @Test
    void exitsWithOneWhenItFailsAndKeepsControlCharactersOffTheTerminal() throws Exception {
        assertThat(exitCode(start("fails", "1s", Map.of()))).isEqualTo(ExitCode.FAILED.code());
        assertThat(log()).contains("IOException: disk\\u001b[31m on fire").doesNotContain("\u001b");
    }

    @Test
    void exitsWithTwoOnASettingThatMakesNoSense() throws Exception {
        assertThat(exitCode(start("ends", "soon", Map.of()))).isEqualTo(ExitCode.USAGE.code());
        assertThat(log()).contains("drain-grace 'soon'").doesNotContain("\tat ");
    }

    @Test
    void writesOneJsonObjectALineWhenAskedTo() throws Exception {
        assertThat(exitCode(start("fails", "1s", Map.of("MILLRACE_LOG_FORMAT", "json", "MILLRACE_LOG_LEVEL", "info"))))
                .isEqualTo(ExitCode.FAILED.code());
        ObjectMapper json = new ObjectMapper();
        JsonNode last = json.nullNode();
        for (String line : log().lines().toList()) {
            last = json.readTree(line);
        }
        assertThat(last.path("level").asText()).isEqualTo("ERROR");
        assertThat(last.path("formattedMessage").asText()).isEqualTo("mapper-1 failed");
        assertThat(last.path("throwable").path("message").asText()).isEqualTo("disk\u001b[31m on fire");
    }

    @Test
    void levelOffersSilence() throws Exception {
        Process process = start("ends", "1s", Map.of("MILLRACE_LOG_LEVEL", "error"));
        assertThat(exitCode(process)).isEqualTo(ExitCode.OK.code());
        assertThat(log()).isEmpty();
    }

    private Process start(String way, String grace, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        DrainingMain.class.getName(),
                        way,
                        grace)
                .redirectError(dir.resolve("log").toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("MILLRACE_") || name.equals("JAVA_TOOL_OPTIONS"));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static int exitCode(Process process) throws InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended in time").isTrue();
        return process.exitValue();
    }

    private String log() throws IOException {
        return Files.readString(dir.resolve("log"), StandardCharsets.UTF_8);
    }
}
