package dev.millrace.driver.collect;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Tables made of strings. */
public final class Words {
    /** FNV-1a: any hash will do where only a table's own consistency is tested. */
    static final WordDigest DIGEST = (word, from, length) -> {
        long hash = 0xcbf29ce484222325L;
        for (int i = from; i < from + length; i++) {
            hash = (hash ^ (word[i] & 0xff)) * 0x100000001b3L;
        }
        return hash;
    };

    private Words() {}

    public static ResultTable table(Map<String, Long> counts) {
        ResultTable table = new ResultTable(DIGEST);
        counts.forEach((word, count) -> add(table, word, count));
        return table;
    }

    static void add(ResultTable table, String word, long count) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        table.add(bytes, 0, bytes.length, count);
    }

    static String print(TableFormat format, ResultTable table, int top) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        format.write(table, top, out);
        return out.toString(StandardCharsets.UTF_8);
    }
}
