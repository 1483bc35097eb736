package dev.millrace.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What only a real process shows: signals, and a pipe whose reader goes away. */
@Timeout(60)
class ProcessTest {
    @Test
    void theFirstSignalEndsTheJob() throws Exception {
        Process process = start("forever");
        try (BufferedReader err = err(process)) {
            assertThat(err.readLine()).isEqualTo("running");
            process.toHandle().destroy();
            assertThat(err.readLine()).isEqualTo("millrace: interrupted; the job was stopped");
            assertThat(exitCode(process)).isEqualTo(130);
        }
    }

    @Test
    void theSecondSignalEndsTheProcess() throws Exception {
        Process process = start("deaf");
        try (BufferedReader err = err(process)) {
            assertThat(err.readLine()).isEqualTo("running");
            process.toHandle().destroy();
            assertThat(err.readLine()).isEqualTo("heard");
            assertThat(process.isAlive()).isTrue();
            process.toHandle().destroy();
            assertThat(exitCode(process)).isEqualTo(130);
        }
    }

    @Test
    void aReaderThatGoesAwayIsNoFailure() throws Exception {
        Process process = start("many");
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("word0\t1");
        }
        try (BufferedReader err = err(process)) {
            assertThat(exitCode(process)).isZero();
            assertThat(err.lines()).noneMatch(line -> line.contains("millrace:") || line.contains("xception"));
        }
    }

    private static Process start(String behaviour) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ProcessMain.class.getName(),
                        behaviour)
                .start();
    }

    private static BufferedReader err(Process process) {
        return new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    }

    private static int exitCode(Process process) throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running");
        }
        return process.exitValue();
    }
}
