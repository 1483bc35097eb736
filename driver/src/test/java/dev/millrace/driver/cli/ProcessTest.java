package dev.millrace.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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

    /** The receipt took the place of the file that standard output was, and the table went to one without a name. */
    @Test
    void aReceiptOnStandardOutputStandsBeforeTheTableInItsFile(@TempDir Path folder) throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/stdout")), "this system has no /dev/stdout");
        Path file = folder.resolve("out.tsv");
        Process process = process("few", "--receipt", "/dev/stdout")
                .redirectOutput(file.toFile())
                .start();
        assertThat(exitCode(process)).isZero();
        assertThat(Files.readString(file)).startsWith("{").endsWith("}\nmill\t3\nrace\t2\n");
    }

    /** What was in the file was lost. */
    @Test
    void aResultOnStandardOutputIsAppendedWhereThatIsAppendedTo(@TempDir Path folder) throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/stdout")), "this system has no /dev/stdout");
        Path out = Files.writeString(folder.resolve("all.tsv"), "before\n");
        Path err = Files.writeString(folder.resolve("log"), "before\n");
        Process process = process("few", "--quiet", "--output", "/dev/stdout", "--receipt", "/dev/stderr")
                .redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(err.toFile()))
                .start();
        assertThat(exitCode(process)).isZero();
        assertThat(out).hasContent("before\nmill\t3\nrace\t2\n");
        assertThat(Files.readString(err)).startsWith("before\n").endsWith("}\n");
    }

    private static Process start(String behaviour) throws IOException {
        return process(behaviour).start();
    }

    private static ProcessBuilder process(String behaviour, String... options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                ProcessMain.class.getName(),
                behaviour));
        command.addAll(List.of(options));
        return new ProcessBuilder(command);
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
