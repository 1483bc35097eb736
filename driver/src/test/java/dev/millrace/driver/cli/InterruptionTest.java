package dev.millrace.driver.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class InterruptionTest {
    @TempDir
    Path parent;

    @Test
    void ctrlCOnAClusterSaysHowToComeBack() throws InterruptedException, IOException {
        Path folder = Files.createDirectory(parent.resolve("all my texts"));
        Run run = interrupted(
                "count",
                "--bootstrap-server",
                "k:9092",
                "--topic-prefix",
                "p.",
                "--command-property",
                "pass=secret",
                "--root",
                "data=" + folder,
                "d");
        assertThat(run.code).isEqualTo(130);
        assertThat(run.err())
                .isEqualTo("job " + FakeCluster.JOB + "\nmillrace: interrupted; job " + FakeCluster.JOB
                        + " goes on. To come back: millrace attach " + FakeCluster.JOB
                        + " --bootstrap-server k:9092 --topic-prefix p. --command-property pass=... --root 'data="
                        + folder + "'\n");
    }

    /** It was to be attached to, which cannot read on where standard input was left. */
    @Test
    void whatTheDriverSaysOfAJobThatCannotGoOnIsTold() {
        String lost = "job 7 had not read all of standard input and cannot go on; to give it up: millrace cancel 7\n";
        Run stopped = new Run();
        endsAs(stopped, () -> requireNonNull(stopped.signal).run(), JobClient.INTERRUPTED + lost.strip());
        stopped.go("count", "--bootstrap-server", "k:9092", "-");
        assertThat(stopped.code).isEqualTo(130);
        assertThat(stopped.err()).endsWith("millrace: interrupted; " + lost);
        Run late = new Run();
        endsAs(late, () -> {}, JobClient.INTERRUPTED + lost.strip());
        late.go("count", "--timeout", "50ms", "--bootstrap-server", "k:9092", "-");
        assertThat(late.code).isEqualTo(5);
        assertThat(late.err()).endsWith("millrace: not done after 0.05 s; " + lost);
    }

    private static void endsAs(Run run, Runnable interrupt, String message) {
        run.cluster.during = listener -> {
            interrupt.run();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new MillraceException(ExitCode.INTERRUPTED, message, e);
            }
        };
    }

    @Test
    void ctrlCStopsTheEmbeddedCluster() throws InterruptedException {
        Run run = interrupted("count", "d");
        assertThat(run.code).isEqualTo(130);
        assertThat(run.err()).isEqualTo("millrace: interrupted; the job was stopped\n");
        assertThat(run.cluster.open).isZero();
        assertThat(run.signal).as("signals are given back").isNull();
    }

    @Test
    void ctrlCBeforeThereIsAJob() throws InterruptedException {
        Run run = new Run();
        run.cluster.hasOpened = false;
        assertThat(interrupted(run, "count", "--bootstrap-server", "k:9092", "d")
                        .err())
                .isEqualTo("millrace: interrupted; no job was started\n");
    }

    @Test
    void whateverAnInterruptBecomesOnItsWayIsAnInterrupt() {
        Run run = new Run();
        run.cluster.during = listener -> {
            requireNonNull(run.signal).run();
            throw new IllegalStateException("a library wrapped it");
        };
        run.go("count", "d");
        assertThat(run.code).isEqualTo(130);
        assertThat(Thread.interrupted()).as("no interrupt is left behind").isFalse();
    }

    /** It was an interrupt then, and the job that had failed seemed to go on. */
    @Test
    void ctrlCWhileClientsAreClosedIsNotWhyTheJobEnded() {
        for (String[] command : new String[][] {{"count", "d"}, {"stream", "-"}}) {
            Run run = new Run();
            run.cluster.failure = new MillraceException(ExitCode.CANCELLED, "job 1 was cancelled");
            run.cluster.whileClosing = () -> requireNonNull(run.signal).run();
            run.go(command);
            assertThat(run.code).isEqualTo(6);
            assertThat(run.err()).contains("job 1 was cancelled").doesNotContain("interrupted");
            assertThat(Thread.interrupted()).isFalse();
        }
    }

    /** It interrupted at once, and lines that had been read were lost. */
    @Test
    void whatCannotBeReadAgainIsCountedBeforeCtrlCEndsIt() throws InterruptedException {
        Run run = new Run();
        run.cluster.stoppable = true;
        interrupted(run, "stream", "-", "--data-dir", "d");
        assertThat(run.cluster.calls).contains("stop");
        assertThat(run.code).isEqualTo(130);
        assertThat(run.err())
                .endsWith("millrace: interrupted; the job default keeps its counts. To go on: millrace stream -"
                        + " --data-dir d\n");
    }

    @Test
    void whatFailsWhileTheRestIsCountedIsTold() {
        Run run = new Run();
        run.cluster.stoppable = true;
        run.cluster.failure = new MillraceException(ExitCode.FAILED, "the broker is away");
        run.cluster.duringRun = () -> requireNonNull(run.signal).run();
        run.go("stream", "-");
        assertThat(run.cluster.calls).contains("stop");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err()).endsWith("millrace: the broker is away\n");
    }

    @Test
    void theTimeLimit() {
        Run run = new Run();
        run.cluster.forever = true;
        run.go("attach", "--timeout", "50ms", "--bootstrap-server", "k:9092", "00112233445566aa");
        assertThat(run.code).isEqualTo(5);
        assertThat(run.err())
                .endsWith("millrace: not done after 0.05 s; job 00112233445566aa goes on. To come back: millrace attach"
                        + " 00112233445566aa --bootstrap-server k:9092\n");
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void aJobThatEndsInTimeIsNotTouched() {
        Run run = new Run();
        run.cluster.failure = new MillraceException(ExitCode.FAILED, "mapper lost");
        run.go("count", "--timeout", "1h", "d");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err()).isEqualTo("millrace: mapper lost\n");
    }

    private static Run interrupted(String... args) throws InterruptedException {
        return interrupted(new Run(), args);
    }

    private static Run interrupted(Run run, String... args) throws InterruptedException {
        run.cluster.forever = true;
        Thread main = new Thread(() -> run.go(args));
        main.start();
        assertThat(run.cluster.running.await(20, TimeUnit.SECONDS)).isTrue();
        requireNonNull(run.signal).run();
        main.join();
        return run;
    }
}
