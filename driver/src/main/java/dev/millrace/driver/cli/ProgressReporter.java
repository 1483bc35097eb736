package dev.millrace.driver.cli;

import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobProgress;
import dev.millrace.input.Names;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputRange;
import dev.millrace.job.JobId;
import org.jspecify.annotations.Nullable;

/**
 * Tells people on standard error how a job goes on: on a terminal a line that is drawn again in place, at most eight
 * times a second; elsewhere a line now and then, and none for jobs of less than a second. One thread.
 */
final class ProgressReporter implements JobListener {
    /** How much is told. */
    enum Level {
        QUIET,
        NORMAL,
        VERBOSE
    }

    private static final long REDRAW_NANOS = 125_000_000L;
    private static final long FIRST_LINE_NANOS = 1_000_000_000L;
    private static final long LINE_NANOS = 5_000_000_000L;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Terminal terminal;
    private final Level level;
    private final boolean tellsJob;
    private final ProgressLine line = new ProgressLine();
    private long nextNanos;
    private boolean drawn;
    private @Nullable JobId job;

    /** @param tellsJob whether the job's id is of use, because it outlives this process */
    ProgressReporter(Terminal terminal, Level level, boolean tellsJob) {
        this.terminal = terminal;
        this.level = level;
        this.tellsJob = tellsJob;
        this.nextNanos = terminal.nanos().getAsLong() + (terminal.canRedraw() ? 0 : FIRST_LINE_NANOS);
    }

    @Nullable
    JobId job() {
        return job;
    }

    @Override
    public void opened(JobId opened) {
        job = opened;
        if (level == Level.VERBOSE || level == Level.NORMAL && tellsJob) {
            print("job " + opened);
        }
    }

    @Override
    public void progress(JobProgress progress) {
        if (level == Level.QUIET) {
            return;
        }
        long now = terminal.nanos().getAsLong();
        line.update(progress, now);
        if (now - nextNanos < 0) {
            return;
        }
        if (terminal.canRedraw()) {
            nextNanos = now + REDRAW_NANOS;
            draw();
        } else {
            nextNanos = now + LINE_NANOS;
            terminal.line(line.text(Integer.MAX_VALUE));
        }
    }

    @Override
    public void claimed(ChunkTask task, Event.TaskClaimed event) {
        if (level == Level.VERBOSE) {
            String again = event.attempt() > 1 ? " (attempt " + event.attempt() + ")" : "";
            print(Visible.text(event.worker()) + " reading " + inputs(task) + again);
        }
    }

    @Override
    public void notice(String message) {
        if (level != Level.QUIET) {
            print("millrace: " + Visible.text(message));
        }
    }

    /** Takes the line away; what is printed next begins at the left. */
    void clear() {
        if (drawn) {
            terminal.err().print(ERASE_LINE);
            terminal.err().flush();
            drawn = false;
        }
    }

    private static String inputs(ChunkTask task) {
        if (task.inputs().isEmpty()) {
            return "a document of " + Amounts.bytes(task.inlineBytes());
        }
        InputRange first = task.inputs().get(0);
        String name = Names.printableEncoded(first.path());
        if (task.inputs().size() > 1) {
            int more = task.inputs().size() - 1;
            return name + " and " + more + " more file" + (more == 1 ? "" : "s");
        }
        return first.isWholeFile()
                ? name + " (" + Amounts.bytes(first.bytes()) + ")"
                : name + " " + Amounts.range(first.startByte(), first.endByte());
    }

    /** Prints a line of its own, above the one that is drawn in place. */
    private void print(String text) {
        boolean again = drawn;
        clear();
        terminal.line(text);
        if (again) {
            draw();
        }
    }

    private void draw() {
        // The last column stays free: a terminal may move to the next line when it is written to.
        terminal.err().print("\r" + line.render(terminal.columns() - 1) + "\u001b[K");
        terminal.err().flush();
        drawn = true;
    }
}
