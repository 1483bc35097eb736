package dev.millrace.driver.continuous;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Cuts a document into parts behind line ends, always at the same places: what is appended changes the last part only. No
 * part but the first begins with a byte order mark, which at the start of a text would be dropped.
 */
final class TextParts {
    /** A part is cut behind the first line end from here on, where the job does not say otherwise. */
    static final int PART_BYTES = 128 << 10;
    /** A part with a line that makes it longer than so many usual ones fits into no task. */
    private static final int MOST_PARTS = 6;

    private TextParts() {}

    /** A stretch of the text, {@code [from, to)}. */
    record Part(int from, int to, String hash) {
        int bytes() {
            return to - from;
        }
    }

    /**
     * @param partBytes a part is cut behind the first line end from here on; the same for all versions of a document
     * @throws LineTooLongException if a line is longer than a part may be
     */
    static List<Part> of(byte[] text, int partBytes) {
        List<Part> parts = new ArrayList<>();
        for (int from = 0; from < text.length; ) {
            int to = end(text, from, partBytes);
            if (to - from > MOST_PARTS * partBytes) {
                throw new LineTooLongException(partBytes);
            }
            parts.add(new Part(from, to, hash(text, from, to)));
            from = to;
        }
        return parts;
    }

    /** A document that no part can hold. */
    static final class LineTooLongException extends RuntimeException {
        private static final long serialVersionUID = 1;

        LineTooLongException(int partBytes) {
            super("it has a line longer than " + ((MOST_PARTS - 1) * partBytes >> 10) + " KiB");
        }
    }

    private static int end(byte[] text, int from, int partBytes) {
        for (int i = from + partBytes; i < text.length; i++) {
            if (text[i - 1] == '\n' && !isMark(text, i)) {
                return i;
            }
        }
        return text.length;
    }

    private static boolean isMark(byte[] text, int at) {
        return at + 3 <= text.length
                && text[at] == (byte) 0xEF
                && text[at + 1] == (byte) 0xBB
                && text[at + 2] == (byte) 0xBF;
    }

    /** The first 16 bytes of SHA-256, in hexadecimal. */
    private static String hash(byte[] text, int from, int to) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(ByteBuffer.wrap(text, from, to - from));
            return HexFormat.of().formatHex(sha.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
