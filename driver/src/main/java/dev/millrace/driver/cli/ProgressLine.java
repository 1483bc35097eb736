package dev.millrace.driver.cli;

import dev.millrace.driver.JobProgress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * How far a job is, as one line of text. It remembers a few seconds of progress, which rate and time left are taken
 * from. One thread.
 */
final class ProgressLine {
    private static final long WINDOW_NANOS = 10_000_000_000L;
    private static final long SAMPLE_NANOS = 250_000_000L;
    /** A rate measured over less time than this is noise. */
    private static final long LEAST_NANOS = 400_000_000L;

    private static final int LEAST_BAR = 10;
    private static final int MOST_BAR = 30;

    private record Sample(long nanos, long bytes) {}

    private final Deque<Sample> samples = new ArrayDeque<>();
    private JobProgress last = new JobProgress(0, 0, 0, 0, 0, false, 0, 0);
    private double bytesPerSecond;

    void update(JobProgress progress, long nanos) {
        last = progress;
        while (samples.size() > 1 && nanos - samples.getFirst().nanos > WINDOW_NANOS) {
            samples.removeFirst();
        }
        if (samples.isEmpty() || nanos - samples.getLast().nanos >= SAMPLE_NANOS) {
            samples.addLast(new Sample(nanos, progress.bytesDone()));
        }
        Sample first = samples.getFirst();
        long passed = nanos - first.nanos;
        bytesPerSecond = passed < LEAST_NANOS ? 0 : (progress.bytesDone() - first.bytes) * 1e9 / passed;
    }

    /** At most so many characters, with a bar if there is room for one. */
    String render(int width) {
        String text = text(width);
        int bar = Math.min(MOST_BAR, width - text.length() - 4);
        return last.sealed() && last.bytesPlanned() > 0 && bar >= LEAST_BAR ? bar(bar) + "  " + text : text;
    }

    /** At most so many characters; what matters less is left out where there is no room. */
    String text(int width) {
        List<String> parts = new ArrayList<>();
        if (last.sealed() && last.bytesPlanned() > 0) {
            parts.add(percent() + "%");
        }
        parts.add(last.tasksDone() + "+" + last.tasksRunning() + "/" + last.tasksPlanned() + (last.sealed() ? "" : "+")
                + " chunks");
        boolean mapping = !last.sealed() || last.tasksDone() < last.tasksPlanned();
        if (mapping && bytesPerSecond > 0) {
            parts.add(Amounts.rate(bytesPerSecond));
            if (last.sealed()) {
                double seconds = (last.bytesPlanned() - last.bytesDone()) / bytesPerSecond;
                parts.add("ETA " + Amounts.clock((long) Math.ceil(seconds)));
            }
        }
        parts.add("reducers " + last.partitionsDone() + "/" + last.partitions());
        String text = String.join("  ", parts);
        while (text.length() > width && parts.size() > 1) {
            parts.remove(parts.size() - 1);
            text = String.join("  ", parts);
        }
        return text.length() > width ? text.substring(0, Math.max(0, width)) : text;
    }

    private String bar(int inside) {
        int full = (int) (inside * fraction());
        return "[" + "=".repeat(full) + (full < inside ? ">" : "") + " ".repeat(Math.max(0, inside - full - 1)) + "]";
    }

    /** Rounded down, so that 100 means all. */
    private int percent() {
        return (int) (100 * fraction());
    }

    private double fraction() {
        return Math.min(1, last.bytesDone() / (double) last.bytesPlanned());
    }
}
