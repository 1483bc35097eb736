package dev.millrace.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.JobProgress;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Compression;
import dev.millrace.job.Event;
import dev.millrace.job.InputRange;
import dev.millrace.job.TextRules;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long MIB = 1 << 20;
    private static final String ERASE = "\u001b[K";

    private final Run run = new Run();

    @Test
    void aTerminalGetsOneLineDrawnInPlace() {
        run.errIsTerminal = true;
        run.with("COLUMNS", "100");
        ProgressReporter reporter = reporter(ProgressReporter.Level.NORMAL);
        for (int ms = 0; ms <= 2_000; ms += 10) {
            run.nanos = ms * 1_000_000L;
            reporter.progress(new JobProgress(ms * 100_000L, 800_000_000L, ms / 25, 2, 320, true, 0, 16));
        }
        String[] frames = run.err().split("\r", -1);
        assertThat(frames[0]).isEmpty();
        assertThat(frames.length - 1).as("redraws in two seconds").isBetween(14, 17);
        String last = frames[frames.length - 1];
        assertThat(last).startsWith("[=======>").endsWith(ERASE);
        assertThat(last).contains("]  24%  78+2/320 chunks  100 MB/s  ETA 0:07  reducers 0/16");
        assertThat(run.err()).doesNotContain("\n");
        reporter.clear();
        assertThat(run.err()).endsWith("\r" + ERASE);
        int length = run.err().length();
        reporter.clear();
        assertThat(run.err()).as("cleared once").hasSize(length);
    }

    @Test
    void noLineIsWiderThanTheTerminal() {
        JobProgress progress = new JobProgress(45 << 20, 100 << 20, 12, 4, 80, true, 3, 16);
        ProgressLine line = new ProgressLine();
        line.update(new JobProgress(0, 100 << 20, 0, 4, 80, true, 0, 16), 0);
        line.update(progress, 1_000_000_000L);
        for (int width = 0; width < 200; width++) {
            assertThat(line.render(width).length()).isLessThanOrEqualTo(width);
        }
        assertThat(line.render(56)).isEqualTo("45%  12+4/80 chunks  47 MB/s  ETA 0:02  reducers 3/16");
        assertThat(line.render(50)).isEqualTo("45%  12+4/80 chunks  47 MB/s  ETA 0:02");
        assertThat(line.render(200)).startsWith("[=============>                ]  45%");
    }

    @Test
    void whatIsNotKnownIsNotShown() {
        ProgressLine line = new ProgressLine();
        line.update(new JobProgress(0, 0, 0, 0, 0, false, 0, 4), 0);
        assertThat(line.render(80)).isEqualTo("0+0/0+ chunks  reducers 0/4");
        line.update(new JobProgress(0, 0, 0, 0, 0, true, 2, 4), 1);
        assertThat(line.render(80)).isEqualTo("0+0/0 chunks  reducers 2/4");
        line.update(new JobProgress(50_000_000, 70_000_000, 3, 1, 5, false, 0, 4), 1_000_000_000L);
        assertThat(line.render(80)).isEqualTo("3+1/5+ chunks  50 MB/s  reducers 0/4");
        line.update(new JobProgress(70_000_000, 70_000_000, 5, 0, 5, true, 1, 4), 2_000_000_000L);
        assertThat(line.text(80)).as("mapping is over").isEqualTo("100%  5+0/5 chunks  reducers 1/4");
    }

    @Test
    void theRateIsThatOfTheLastSeconds() {
        ProgressLine line = new ProgressLine();
        for (int second = 0; second <= 60; second++) {
            line.update(
                    new JobProgress(Math.max(0, second - 30) * 80_000_000L, 10_000_000_000L, 1, 1, 9, true, 0, 4),
                    second * 1_000_000_000L);
        }
        assertThat(line.text(80)).contains("80 MB/s  ETA 1:35");
    }

    @Test
    void elsewhereALineNowAndThen() {
        ProgressReporter reporter = reporter(ProgressReporter.Level.NORMAL);
        List<Long> secondsOfLines = new ArrayList<>();
        int lines = 0;
        for (int ms = 0; ms <= 13_000; ms += 100) {
            run.nanos = ms * 1_000_000L;
            reporter.progress(new JobProgress(ms * 1000L, 20_000_000L, 0, 1, 4, true, 0, 4));
            int now = (int) run.err().lines().count();
            if (now > lines) {
                secondsOfLines.add(ms / 1000L);
                lines = now;
            }
        }
        assertThat(secondsOfLines).containsExactly(1L, 6L, 11L);
        reporter.clear();
        assertThat(run.err()).doesNotContain("\r", "\u001b", "[").startsWith("5%  0+1/4 chunks  1.0 MB/s  ETA 0:19");
    }

    @Test
    void aDumbTerminalIsNotDrawnOn() {
        run.errIsTerminal = true;
        run.with("TERM", "dumb");
        ProgressReporter reporter = reporter(ProgressReporter.Level.NORMAL);
        run.nanos = 2_000_000_000L;
        reporter.progress(new JobProgress(1, 2, 0, 1, 4, true, 0, 4));
        assertThat(run.err()).endsWith("\n").doesNotContain("\r");
    }

    @Test
    void noticesStandAboveTheLine() {
        run.errIsTerminal = true;
        ProgressReporter reporter = reporter(ProgressReporter.Level.NORMAL);
        reporter.progress(new JobProgress(0, 0, 0, 1, 1, false, 0, 4));
        reporter.notice("passed over a pipe: 'a\nb'");
        String frame = "\r0+1/1+ chunks  reducers 0/4" + ERASE;
        assertThat(run.err()).isEqualTo(frame + "\r" + ERASE + "millrace: passed over a pipe: 'a\\nb'\n" + frame);
    }

    @Test
    void verboseNamesEachAttempt() {
        ProgressReporter reporter = reporter(ProgressReporter.Level.VERBOSE);
        reporter.claimed(task(range("docs/a.rst", 0, 16 * MIB, 40 * MIB)), claim(1));
        reporter.claimed(task(range("docs/a.rst", 16 * MIB, 32 * MIB, 40 * MIB)), claim(3));
        reporter.claimed(task(range("docs/a%20b%ff%0a%C3%A9", 0, 1_234, 1_234)), claim(1));
        reporter.claimed(task(range("x", 0, 10, 10), range("y", 0, 10, 10)), claim(1));
        reporter.claimed(task(range("x", 0, 1000, 5000)), claim(1));
        reporter.claimed(new ChunkTask(FakeCluster.JOB, 0, 1, rules(), 4, List.of(), 77), claim(1));
        assertThat(run.err()).isEqualTo("""
                mapper-1/2 reading docs/a.rst [0..16 MiB)
                mapper-1/2 reading docs/a.rst [16..32 MiB) (attempt 3)
                mapper-1/2 reading docs/a b\\xff\\né (1.2 kB)
                mapper-1/2 reading x and 1 more file
                mapper-1/2 reading x [0..1000 B)
                mapper-1/2 reading a document of 77 B
                """);
    }

    @Test
    void quietSaysNothing() {
        ProgressReporter reporter = reporter(ProgressReporter.Level.QUIET);
        run.nanos = 9_000_000_000L;
        reporter.opened(FakeCluster.JOB);
        reporter.progress(new JobProgress(1, 2, 0, 1, 4, true, 0, 4));
        reporter.claimed(task(range("x", 0, 10, 10)), claim(1));
        reporter.notice("odd");
        reporter.clear();
        assertThat(run.err()).isEmpty();
    }

    private ProgressReporter reporter(ProgressReporter.Level level) {
        return new ProgressReporter(run.terminal(), level, true);
    }

    private static TextRules rules() {
        return new TextRules("unicode", 1, List.of());
    }

    private static ChunkTask task(InputRange... ranges) {
        return new ChunkTask(FakeCluster.JOB, 0, 1, rules(), 4, List.of(ranges), 0);
    }

    private static Event.TaskClaimed claim(int attempt) {
        return new Event.TaskClaimed(FakeCluster.JOB, 0, attempt, 1, "mapper-1/2");
    }

    private static InputRange range(String path, long start, long end, long size) {
        return new InputRange("root", path, start, end, size, 0, Compression.NONE);
    }
}
