package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousJson;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.job.Event;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * A live table on standard output: drawn again in place on a terminal, one table after the other elsewhere, or a line of
 * JSON for each look. Any thread.
 */
final class LiveScreen {
    static final int DEFAULT_WORDS = 20;
    private static final int DEFAULT_ROWS = 24;
    /** The line of totals, a blank one, and room for the prompt. */
    private static final int OTHER_ROWS = 3;

    private static final long IN_PLACE_NANOS = 250_000_000L;
    private static final long JSON_NANOS = 1_000_000_000L;
    private static final long PLAIN_NANOS = 3_000_000_000L;

    private final Terminal terminal;
    private final StandardOutput out;
    private final boolean json;
    private final int words;
    private int drawnRows;
    private boolean readerIsGone;
    private String shown = "";

    /** @param words most words in a table */
    LiveScreen(Terminal terminal, int words, boolean json) {
        this.terminal = terminal;
        this.out = new StandardOutput(terminal);
        this.json = json;
        this.words = isInPlace(terminal, json) ? Math.max(1, Math.min(words, rows() - OTHER_ROWS)) : words;
    }

    private static boolean isInPlace(Terminal terminal, boolean json) {
        return terminal.outIsTerminal()
                && !json
                && !"dumb".equals(terminal.environment().get("TERM"));
    }

    boolean isInPlace() {
        return isInPlace(terminal, json);
    }

    private int rows() {
        String lines = terminal.environment().getOrDefault("LINES", "");
        return lines.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(lines) : DEFAULT_ROWS;
    }

    int words() {
        return words;
    }

    /** Whether anybody still reads. */
    synchronized boolean isInteresting() {
        return !readerIsGone;
    }

    /** Shows a table as it changes, until it is told to stop, nobody reads any more, or the job is over, which it throws. */
    void follow(LiveTable table, Duration look, BooleanSupplier stop) {
        table.catchUp();
        long pause = isInPlace() ? IN_PLACE_NANOS : json ? JSON_NANOS : PLAIN_NANOS;
        long next = terminal.nanos().getAsLong();
        boolean news = true, isLive = true;
        while (!stop.getAsBoolean() && isInteresting()) {
            if (news && terminal.nanos().getAsLong() - next >= 0) {
                next = terminal.nanos().getAsLong() + pause;
                news = false;
                LiveTable.View view = table.view(words);
                isLive = view.isLive();
                if (view.words() > 0 || isInPlace() || json || !shown.isEmpty()) {
                    show(view);
                }
            }
            news |= table.poll(look) || isInPlace() && !isLive;
        }
    }

    /** Shows one look, unless it is the same as the one before. */
    synchronized void show(LiveTable.View view) {
        if (json) {
            readerIsGone |= !out.write(to -> ContinuousJson.write(view, to));
            return;
        }
        String text = text(view);
        if (text.equals(shown) || readerIsGone) {
            return;
        }
        shown = text;
        boolean first = drawnRows == 0;
        String up = first || !isInPlace() ? "" : "\u001b[" + drawnRows + "A\r\u001b[J";
        drawnRows = (int) text.lines().count();
        String separator = isInPlace() ? "" : "\n";
        readerIsGone = !out.write(to -> to.write((up + text + separator).getBytes(StandardCharsets.UTF_8)));
    }

    /** Prints a line on standard error; a table that is drawn in place goes on below it. */
    synchronized void above(String line) {
        if (drawnRows > 0 && isInPlace()) {
            String up = "\u001b[" + drawnRows + "A\r\u001b[J";
            readerIsGone = !out.write(to -> to.write(up.getBytes(StandardCharsets.UTF_8)));
            terminal.line(line);
            String again = shown;
            readerIsGone |= !out.write(to -> to.write(again.getBytes(StandardCharsets.UTF_8)));
        } else {
            terminal.line(line);
        }
    }

    /** The table stays as it is; what is printed next stands below it. */
    synchronized void leave() {
        drawnRows = 0;
    }

    private String text(LiveTable.View view) {
        StringBuilder text = new StringBuilder(totals(view)).append("\n\n");
        int longest = 0;
        for (LiveTable.WordCount each : view.top()) {
            longest = Math.max(longest, length(each.word()));
        }
        int room = isInPlace() ? terminal.columns() - 1 : Integer.MAX_VALUE;
        for (LiveTable.WordCount each : view.top()) {
            String line = each.word() + " ".repeat(longest + 1 - length(each.word())) + ": "
                    + String.format(Locale.ROOT, "%5d", each.count());
            text.append(cut(line, room)).append('\n');
        }
        if (view.top().isEmpty()) {
            text.append("no words\n");
        }
        return text.toString();
    }

    private String totals(LiveTable.View view) {
        List<String> parts = new ArrayList<>();
        DriverStatus driver = view.driver();
        if (driver != null) {
            parts.add(Amounts.number(driver.said().documents(), "document"));
        }
        parts.add(Amounts.number(view.tokens(), "word"));
        parts.add(String.format(Locale.ROOT, "%,d distinct", view.words()));
        if (view.brokerAwayMillis() > 0) {
            parts.add("broker away" + age(view.brokerAwayMillis()));
        } else if (driver == null || driver.isSilent()) {
            parts.add("driver silent" + (driver == null ? "" : age(driver.ageMillis())));
        } else {
            Event.ContinuousStatus status = driver.said();
            parts.add(String.format(Locale.ROOT, "%,d changes/s", status.changesPerSecond()));
            if (view.freshnessMillis() >= 0) {
                parts.add("fresh within " + Amounts.elapsed(view.freshnessMillis()));
            }
            if (status.waiting() > 0) {
                parts.add(String.format(Locale.ROOT, "%,d waiting", status.waiting()));
            }
            if (status.unreadable() > 0) {
                parts.add(String.format(Locale.ROOT, "%,d unreadable", status.unreadable()));
            }
        }
        return cut(String.join("  ", parts), isInPlace() ? terminal.columns() - 1 : Integer.MAX_VALUE);
    }

    /** Only where it does not make a new table of each look. */
    private String age(long millis) {
        return isInPlace() ? " for " + Amounts.rough(millis) : "";
    }

    private static String cut(String line, int room) {
        return length(line) <= room ? line : line.substring(0, line.offsetByCodePoints(0, room));
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }
}
