package dev.millrace.driver.collect;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A word whose count is not the same in two tables; 0 stands for a word that is not there. */
public record TableDiff(String word, long older, long newer) {
    private static final Comparator<TableDiff> LARGEST_FIRST = Comparator.comparingLong(
                    (TableDiff each) -> -Math.abs(each.difference()))
            .thenComparing(
                    each -> each.word().getBytes(StandardCharsets.UTF_8), (a, b) -> Arrays.compareUnsigned(a, b));

    public long difference() {
        return newer - older;
    }

    /** The largest differences first, then words by code point. */
    public static List<TableDiff> of(Map<String, Long> older, Map<String, Long> newer) {
        List<TableDiff> differences = new ArrayList<>();
        older.forEach((word, count) -> {
            long now = newer.getOrDefault(word, 0L);
            if (now != count) {
                differences.add(new TableDiff(word, count, now));
            }
        });
        newer.forEach((word, count) -> {
            if (!older.containsKey(word)) {
                differences.add(new TableDiff(word, 0, count));
            }
        });
        differences.sort(LARGEST_FIRST);
        return differences;
    }

    /**
     * Reads a table as {@link TableFormat#TSV} writes it.
     *
     * @throws IOException if it cannot be read; with the number of the line where that is no word and count
     */
    public static Map<String, Long> read(Path file) throws IOException {
        Map<String, Long> table = new HashMap<>();
        try (BufferedReader in = Files.newBufferedReader(file)) {
            long number = 1;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                int tab = line.indexOf('\t');
                if (tab < 1 || !line.substring(tab + 1).matches("[0-9]{1,18}")) {
                    throw new IOException("line " + number + " is not a word, a tab and a count");
                }
                if (table.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1))) != null) {
                    throw new IOException("line " + number + " names a word for the second time");
                }
                number++;
            }
        }
        return table;
    }
}
