package dev.millrace.text;

import dev.millrace.job.TextHash;
import dev.millrace.shuffle.WordTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts documents into parts whose words add up to those of the whole, always at the same places: what is appended changes
 * the last part only. For one thread.
 *
 * <p>A part ends behind a line end, or, where a line is very long, between two words. Then the next part is read with a
 * <em>lead</em> before it, which stands in for the beginning of that line: without a word of its own, it makes the profile
 * read the rest as it would have. Of a run that is too long to be a word a part holds no more than shows that it is.
 */
public final class TextParts {
    /** Where the part of a text may end: in so many usual parts behind its beginning, wherever that is in a line. */
    private static final int MOST_PARTS = 6;
    /** More than is needed to know that a run is too long, a sequence of UTF-8 that is cut off included. */
    private static final int RUN_MARGIN = 64;

    private static final int MARK_BYTES = 3;

    private final RunScan scan;
    private final int partBytes;
    private final int maxRunBytes;
    private final int mostBytes;
    private final MessageDigest sha = sha();

    /** @param partBytes a part is cut behind the first line end from here on; the same for all versions of a document */
    public TextParts(TextProfile profile, int partBytes) {
        this(profile, partBytes, ChunkTally.MAX_RUN_BYTES);
    }

    TextParts(TextProfile profile, int partBytes, int maxRunBytes) {
        this.scan = profile.newScan(new WordTable(), maxRunBytes);
        this.partBytes = partBytes;
        this.maxRunBytes = maxRunBytes;
        this.mostBytes = Math.max(MOST_PARTS * partBytes, maxRunBytes + 2 * RUN_MARGIN);
    }

    /**
     * The stretch {@code [from, to)} of a text, to be read behind its lead.
     *
     * @param lead ASCII, at most two bytes; empty where the part begins with a line
     * @param hash of lead and stretch: the first 16 bytes of SHA-256
     */
    public record Part(int from, int to, String lead, TextHash hash) {
        /** With the lead. */
        public int bytes() {
            return lead.length() + to - from;
        }

        /**
         * Writes {@link #bytes()} bytes.
         *
         * @param text what was cut
         * @return where they end
         */
        public int copyTo(byte[] out, int at, byte[] text) {
            byte[] before = lead.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(before, 0, out, at, before.length);
            System.arraycopy(text, from, out, at + before.length, to - from);
            return at + bytes();
        }
    }

    public List<Part> of(byte[] text) {
        List<Part> parts = new ArrayList<>();
        int first = isMark(text, 0) ? MARK_BYTES : 0;
        String lead = "";
        for (int from = 0; from < text.length; ) {
            int lineEnd = lineEnd(text, from);
            if (lineEnd >= 0) {
                parts.add(part(text, from, lineEnd, lead));
                from = lineEnd;
                lead = "";
                continue;
            }
            int cut = scan.lastCut(text, from, from + mostBytes);
            int to = cut > from ? cut : insideRun(text, from + maxRunBytes + RUN_MARGIN);
            parts.add(part(text, from, to, lead));
            lead = scan.lead(lead, text, Math.max(first, from), to);
            from = cut > from ? cut : scan.runEnd(text, to, text.length, true);
        }
        return parts;
    }

    /** The first line end that a part from here on may end behind, or the end of the text; -1 if there is none so soon. */
    private int lineEnd(byte[] text, int from) {
        int most = Math.min(text.length, from + mostBytes);
        for (int i = from + partBytes; i < most; i++) {
            if (text[i - 1] == '\n' && !isMark(text, i)) {
                return i;
            }
        }
        return most == text.length ? most : -1;
    }

    /** A byte order mark: dropped at the beginning of a text, and a character elsewhere. */
    private static boolean isMark(byte[] text, int at) {
        return at + MARK_BYTES <= text.length
                && text[at] == (byte) 0xEF
                && text[at + 1] == (byte) 0xBB
                && text[at + 2] == (byte) 0xBF;
    }

    private static int insideRun(byte[] text, int at) {
        int i = at;
        while (Utf8.isContinuation(text[i])) {
            i--;
        }
        return i;
    }

    private Part part(byte[] text, int from, int to, String lead) {
        sha.update(lead.getBytes(StandardCharsets.US_ASCII));
        sha.update(text, from, to - from);
        ByteBuffer digest = ByteBuffer.wrap(sha.digest());
        return new Part(from, to, lead, new TextHash(digest.getLong(), digest.getLong()));
    }

    private static MessageDigest sha() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
