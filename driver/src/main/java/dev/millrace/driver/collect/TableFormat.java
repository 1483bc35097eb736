package dev.millrace.driver.collect;

import java.io.IOException;
import java.io.OutputStream;

/**
 * The printed forms of a result, all in UTF-8 with LF.
 *
 * <ul>
 *   <li>{@code table}: a blank line, {@code TOP n WORDS BY FREQUENCY}, a blank line, then one line a word as
 *       {@code '%-*s: %5s' % (longest + 1, word, count)} does it, where longest counts code points. The heading says
 *       what was asked for, also where there are fewer words; where there is none, it is followed by {@code no words}.
 *   <li>{@code tsv}: {@code word<TAB>count}, no heading.
 *   <li>{@code csv}: RFC 4180 with a heading {@code word,count}.
 *   <li>{@code json}: an array of {@code {"word":"the","count":42}}, one a line. An array, not an object with a field a
 *       word, because readers of JSON keep the order of arrays only.
 * </ul>
 */
public enum TableFormat {
    TABLE {
        @Override
        void write(ResultTable counts, int limit, TextOut out) throws IOException {
            int[] longest = {0};
            counts.forEach(
                    limit,
                    (bytes, from, length, count) -> longest[0] = Math.max(longest[0], codePoints(bytes, from, length)));
            out.ascii("\nTOP ").decimal(limit).ascii(" WORDS BY FREQUENCY\n\n");
            if (counts.size() == 0) {
                out.ascii("no words\n");
            }
            counts.forEach(limit, (bytes, from, length, count) -> {
                out.bytes(bytes, from, length).blanks(longest[0] + 1 - codePoints(bytes, from, length));
                out.ascii(": ").blanks(5 - TextOut.digits(count)).decimal(count).ascii("\n");
            });
        }
    },
    TSV {
        @Override
        void write(ResultTable counts, int limit, TextOut out) throws IOException {
            counts.forEach(
                    limit,
                    (bytes, from, length, count) -> out.bytes(bytes, from, length)
                            .ascii("\t")
                            .decimal(count)
                            .ascii("\n"));
        }
    },
    CSV {
        @Override
        void write(ResultTable counts, int limit, TextOut out) throws IOException {
            CsvTable.write(counts, limit, out);
        }
    },
    JSON {
        @Override
        void write(ResultTable counts, int limit, TextOut out) throws IOException {
            JsonTable.write(counts, limit, out);
        }
    };

    /** Words a table shows unless told otherwise. */
    public static final int TABLE_WORDS = 20;

    /**
     * Writes the words in order and flushes.
     *
     * @param top most words to write, or 0 for the format's own number: {@value #TABLE_WORDS} in a table, else all
     */
    public void write(ResultTable counts, int top, OutputStream out) throws IOException {
        int limit = top > 0 ? top : this == TABLE ? TABLE_WORDS : Integer.MAX_VALUE;
        TextOut text = new TextOut(out);
        write(counts, limit, text);
        text.flush();
    }

    abstract void write(ResultTable counts, int limit, TextOut out) throws IOException;

    /** Bytes that begin a code point: all but those that continue one. */
    private static int codePoints(byte[] bytes, int from, int length) {
        int n = 0;
        for (int i = from; i < from + length; i++) {
            n += (bytes[i] & 0xc0) == 0x80 ? 0 : 1;
        }
        return n;
    }
}
