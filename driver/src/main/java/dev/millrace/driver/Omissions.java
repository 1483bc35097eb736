package dev.millrace.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a batch job leaves out and its receipt names: the detail of a job record that is sealed, ended or done, so that a
 * driver that takes over knows of it. A line for each: of a task that was skipped its number, a tab and why.
 *
 * @param skipped tasks by number
 * @param notices on inputs that were passed over
 */
record Omissions(SortedMap<Integer, String> skipped, List<String> notices) {
    /** So many tell why, the others their number: where all mappers lack a folder, all would not fit into a record. */
    private static final int MOST_REASONS = 1_000;

    String text() {
        List<String> lines = new ArrayList<>();
        notices.forEach(notice -> lines.add(line(notice)));
        int reasons = 0;
        for (var each : skipped.entrySet()) {
            boolean isTold = ++reasons <= MOST_REASONS;
            lines.add(each.getKey() + "\t" + (isTold ? line(each.getValue()) : "task " + each.getKey()));
        }
        return String.join("\n", lines);
    }

    private static String line(String text) {
        return text.replaceAll("[\\t\\r\\n]+", " ");
    }

    /** @throws NumberFormatException if no {@link #text} is like this */
    static Omissions of(String detail) {
        SortedMap<Integer, String> skipped = new TreeMap<>();
        List<String> notices = new ArrayList<>();
        for (String line : detail.isEmpty() ? new String[0] : detail.split("\n")) {
            int tab = line.indexOf('\t');
            if (tab < 0) {
                notices.add(line);
            } else {
                skipped.put(Integer.valueOf(line.substring(0, tab)), line.substring(tab + 1));
            }
        }
        return new Omissions(skipped, notices);
    }
}
