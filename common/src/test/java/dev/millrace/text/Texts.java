package dev.millrace.text;

import dev.millrace.job.TextStats;
import dev.millrace.shuffle.WordTable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Made-up texts, and what the product counts in them. */
final class Texts {
    private static final String[] PARTS = {
        " ",
        " ",
        "\n",
        "\n..",
        "..",
        ".",
        "-",
        "\t",
        "\r\n",
        "\u001c",
        "\u001f",
        "\0",
        "7",
        "42",
        "the",
        "a",
        "Word",
        "x",
        "extraordinarily",
        "abcdefgh",
        "ABCDEFGHIJKLMNOP",
        "incomprehensibilities",
        "_",
        "'",
        "'",
        "don't",
        "''",
        "\u2019",
        "don\u2019t",
        "'\u2019",
        ",",
        "@",
        "[",
        "`",
        "{",
        "\u007f",
        "\u00a0",
        "\u3000",
        "\u2028",
        "\u0085",
        "\u00c9t\u00e9",
        "\u0416\u0443\u043a",
        "\u4e2d\u6587",
        "\u3002",
        "\u0130",
        "\u023a",
        "\u212a",
        "\ud801\udc00",
        "\ud83d\ude00",
        "e\u0301",
        "\ufeff",
        "\u1e9e",
        "\u01c5",
        "\u0660",
        "\u2167",
        "\u24b6",
        "\u00b2",
        "\u0903"
    };
    private static final int ASCII_PARTS = 27;
    private static final byte[][] BROKEN = {
        {(byte) 0xff},
        {(byte) 0xe2, (byte) 0x82},
        {(byte) 0xc3},
        {(byte) 0xf0, (byte) 0x9f, (byte) 0x98},
        {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
        {(byte) 0x80},
        {(byte) 0xc0, (byte) 0xaf},
        {(byte) 0xe0, (byte) 0x80},
        {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
        {(byte) 0x80, (byte) 0xbf, (byte) 0x80, (byte) 0xbf, (byte) 0x80}
    };

    /** What a tally came to, in the shape of the oracle's answer. */
    record Tallied(Map<String, Long> words, TextStats stats) {}

    private Texts() {}

    /** Up to so many parts: one text in three of ASCII only, one in three without invalid bytes. */
    static byte[] random(Random random, int maxParts) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int kind = random.nextInt(3);
        for (int i = random.nextInt(maxParts + 1); i > 0; i--) {
            if (kind == 2 && random.nextInt(8) == 0) {
                text.writeBytes(BROKEN[random.nextInt(BROKEN.length)]);
            } else {
                String part = PARTS[random.nextInt(kind == 0 ? ASCII_PARTS : PARTS.length)];
                text.writeBytes(part.getBytes(StandardCharsets.UTF_8));
            }
        }
        return text.toByteArray();
    }

    /** Counts the ranges between the cuts, which ascend from 0 to a place at or behind the end of the text. */
    static Tallied tally(TextProfile profile, byte[] text, int blockBytes, int maxRunBytes, long... cuts) {
        WordTable table = new WordTable();
        ChunkTally tally = new ChunkTally(profile, table, () -> {}, blockBytes, maxRunBytes);
        TextStats stats = tally(tally, text, cuts);
        return new Tallied(map(table), stats);
    }

    static TextStats tally(ChunkTally tally, byte[] text, long... cuts) {
        TextStats stats = TextStats.NONE;
        for (int i = 1; i < cuts.length; i++) {
            int from = (int) Math.min(text.length, Math.max(0, cuts[i - 1] - 1));
            try {
                stats = stats.plus(
                        tally.tally(new ByteArrayInputStream(text, from, text.length - from), cuts[i - 1], cuts[i]));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return stats;
    }

    static Map<String, Long> map(WordTable table) {
        Map<String, Long> map = new HashMap<>();
        table.forEach((word, from, length, count) -> {
            String key = new String(word, from, length, StandardCharsets.UTF_8);
            if (map.put(key, count) != null) {
                throw new AssertionError("twice in the table: " + key);
            }
        });
        return map;
    }
}
