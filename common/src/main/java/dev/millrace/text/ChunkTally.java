package dev.millrace.text;

import dev.millrace.job.TextStats;
import dev.millrace.shuffle.WordTable;
import java.io.IOException;
import java.io.InputStream;

/**
 * Counts the words of ranges of documents into a table. A range owns the lines whose first byte lies in it, so that the
 * ranges of any division of a document count each line once. A line ends at LF.
 *
 * <p>Memory is bounded by about 1.3 MiB beside the table, whatever the text. A run of text that could be one word but is
 * longer than {@value #MAX_RUN_BYTES} bytes is left out and counted as oversized. Invalid UTF-8 is counted wherever it
 * stands, comments of {@code pymotw} included. For one thread, over any number of ranges and tables.
 */
public final class ChunkTally {
    /** Longest run of text, in bytes of the text, that is taken as a word. */
    public static final int MAX_RUN_BYTES = 65_536;

    /** Words in the table above which the relief is called. */
    public static final int RELIEF_WORDS = 1 << 20;

    private static final int BLOCK_BYTES = 1 << 20;
    /** Read at once behind the end of a range, to find the end of its last line. */
    private static final int OVERRUN_BYTES = 16 << 10;
    /** More than is needed to know that a run without a cut is longer than a word may be. */
    private static final int CUT_MARGIN = 32;

    private final RunScan scan;
    private final WordTable table;
    private final Relief relief;
    private final int blockBytes;
    private final int maxRunBytes;
    private final byte[] text;

    // The text at hand is text[from, to), and text[0] is the byte at offset base of the document.
    private long base;
    private int from;
    private int to;
    private boolean documentEnded;

    /** Makes room in the table. */
    public interface Relief {
        /** @throws IOException if that cannot be done for the text at hand, which is then not read to its end */
        void relieve() throws IOException;
    }

    /** @param table what is counted is added to; may be emptied between ranges */
    public ChunkTally(TextProfile profile, WordTable table) {
        this(profile, table, () -> {});
    }

    /**
     * @param relief is called, on the calling thread and amid a range, when the table holds more than
     *     {@value #RELIEF_WORDS} words; it may move them elsewhere and clear the table, which keeps it small on text that
     *     hardly repeats a word
     */
    public ChunkTally(TextProfile profile, WordTable table, Relief relief) {
        this(profile, table, relief, BLOCK_BYTES, MAX_RUN_BYTES);
    }

    /** @param maxRunBytes at least 16: the scan does not ask of words that short */
    ChunkTally(TextProfile profile, WordTable table, Relief relief, int blockBytes, int maxRunBytes) {
        this.table = table;
        this.relief = relief;
        this.blockBytes = blockBytes;
        this.maxRunBytes = maxRunBytes;
        scan = profile.newScan(table, maxRunBytes);
        text = new byte[maxRunBytes + CUT_MARGIN + blockBytes + RunScan.SLACK];
    }

    /**
     * Adds the words of the lines that {@code [start, end)} owns to the table. Reads {@code in} from the range's start to
     * the end of its last line (and up to 1 MiB more, in whole reads), and does not close it.
     *
     * @param in the document from offset {@code max(0, start - 1)} on, to its very end
     * @param start offset of the range in bytes of the document
     * @param end behind the range; may lie behind the end of the document, {@link Long#MAX_VALUE} for all of it
     * @return the bytes of the document that lie in the range, and the faults of the lines it owns
     * @throws IOException if {@code in} or the relief does; the table then holds a part of the range
     */
    public TextStats tally(InputStream in, long start, long end) throws IOException {
        if (start < 0 || start > end) {
            throw new IllegalArgumentException("range [" + start + ", " + end + ")");
        }
        scan.begin();
        base = Math.max(0, start - 1);
        from = 0;
        to = 0;
        documentEnded = false;
        if (start < end && findFirstLine(in, start, end)) {
            countLines(in, end);
        }
        long textBytes = Math.max(0, Math.min(end, base + to) - start);
        return new TextStats(textBytes, scan.invalidSequences, scan.oversizedRuns);
    }

    /** Steps to the first line that begins in the range; false if none does. */
    private boolean findFirstLine(InputStream in, long start, long end) throws IOException {
        if (start == 0) {
            while (to < 3 && !documentEnded) {
                read(in, end);
            }
            if (to >= 3 && text[0] == (byte) 0xef && text[1] == (byte) 0xbb && text[2] == (byte) 0xbf) {
                from = 3; // byte order mark
            }
            return true;
        }
        while (!documentEnded && base + to < end) {
            from = to;
            read(in, end);
            int lineEnd = indexOfLineEnd(from);
            if (lineEnd >= 0) {
                from = lineEnd + 1;
                return base + from < end;
            }
        }
        return false;
    }

    private void countLines(InputStream in, long end) throws IOException {
        boolean inOversized = false;
        while (true) {
            int stop = to;
            boolean last = false;
            if (base + to >= end) {
                int lineEnd = indexOfLineEnd((int) Math.max(from, end - 1 - base));
                if (lineEnd >= 0) {
                    stop = lineEnd + 1;
                    last = true;
                }
            }
            if (documentEnded && !last) {
                text[to] = '\n'; // in the slack: so a cut is at the end, and what was cut off there shows as invalid
                stop = to + 1;
                last = true;
            }
            if (inOversized) {
                int runEnd = scan.runEnd(text, from, stop, last);
                inOversized = runEnd < 0;
                from = inOversized ? ~runEnd : runEnd;
            }
            if (!inOversized) {
                int cut = last ? stop : scan.lastCut(text, from, stop);
                scan.scan(text, from, cut);
                from = cut;
                if (table.size() > RELIEF_WORDS) {
                    relief.relieve();
                }
                if (last) {
                    return;
                }
                if (to - from > maxRunBytes + CUT_MARGIN) {
                    scan.passOversized();
                    inOversized = true;
                    continue;
                }
            }
            read(in, end);
        }
    }

    /** Moves the text at hand to the front and reads a block behind it; less only at the end of the document. */
    private void read(InputStream in, long end) throws IOException {
        System.arraycopy(text, from, text, 0, to - from);
        base += from;
        to -= from;
        from = 0;
        long inRange = Math.max(0, Math.min(end - (base + to), blockBytes));
        int wanted = (int) Math.min(inRange + OVERRUN_BYTES, blockBytes);
        int got = in.readNBytes(text, to, wanted);
        to += got;
        documentEnded = got < wanted;
    }

    private int indexOfLineEnd(int start) {
        for (int i = start; i < to; i++) {
            if (text[i] == '\n') {
                return i;
            }
        }
        return -1;
    }
}
