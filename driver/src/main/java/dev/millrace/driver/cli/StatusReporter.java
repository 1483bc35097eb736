package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.ContinuousStatus;
import dev.millrace.job.JobId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells people on standard error how a continuous job does: on a terminal a line that is drawn again in place, elsewhere a
 * line at most every five seconds, and only when something has changed. One thread.
 */
final class StatusReporter implements ContinuousListener {
    private static final long LINE_NANOS = 5_000_000_000L;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Terminal terminal;
    private final ProgressReporter.Level level;
    private final @Nullable LiveScreen screen;
    private String shown = "";
    private String last = "";
    private boolean drawn;
    private long nextNanos;

    /** @param screen that shows the same in place of a line; null where there is none */
    StatusReporter(Terminal terminal, ProgressReporter.Level level, @Nullable LiveScreen screen) {
        this.terminal = terminal;
        this.level = level;
        this.screen = screen;
        this.nextNanos = terminal.nanos().getAsLong();
    }

    @Override
    public void opened(JobId job, boolean resumed) {
        note("job " + job + (resumed ? " goes on" : " has begun"));
    }

    @Override
    public void status(ContinuousStatus status) {
        last = text(status);
        if (level == ProgressReporter.Level.QUIET || screen != null || last.equals(shown)) {
            return;
        }
        if (terminal.canRedraw()) {
            shown = last;
            draw();
        } else if (terminal.nanos().getAsLong() - nextNanos >= 0) {
            nextNanos = terminal.nanos().getAsLong() + LINE_NANOS;
            shown = last;
            terminal.line(last);
        }
    }

    static String text(ContinuousStatus status) {
        List<String> parts = new ArrayList<>();
        parts.add(Amounts.number(status.documents(), "document"));
        parts.add(Amounts.number(status.tokens(), "word"));
        parts.add(String.format(Locale.ROOT, "%,d changes/s", status.changesPerSecond()));
        parts.add(String.format(Locale.ROOT, "%,d waiting", status.waiting() + status.openTasks()));
        if (status.unreadable() > 0) {
            parts.add(String.format(Locale.ROOT, "%,d unreadable", status.unreadable()));
        }
        return String.join("  ", parts);
    }

    @Override
    public void notice(String message) {
        note("millrace: " + Visible.text(message));
    }

    /** Tells something that is not the state of the job. */
    void note(String text) {
        if (level == ProgressReporter.Level.QUIET) {
            return;
        }
        if (screen != null) {
            screen.above(text);
            return;
        }
        boolean again = drawn;
        clear();
        terminal.line(text);
        if (again) {
            draw();
        }
    }

    /** Takes the line away; what is printed next begins at the left. */
    void clear() {
        if (screen != null) {
            screen.leave();
        }
        if (drawn) {
            terminal.err().print(ERASE_LINE);
            terminal.err().flush();
            drawn = false;
        }
    }

    /** Leaves behind what the job came to. */
    void end() {
        boolean isGone = drawn || !last.equals(shown);
        clear();
        if (level != ProgressReporter.Level.QUIET && screen == null && isGone) {
            terminal.line(last);
        }
    }

    private void draw() {
        // The last column stays free: a terminal may move to the next line when it is written to.
        String text = shown.length() < terminal.columns() ? shown : shown.substring(0, terminal.columns() - 1);
        terminal.err().print("\r" + text + "\u001b[K");
        terminal.err().flush();
        drawn = true;
    }
}
