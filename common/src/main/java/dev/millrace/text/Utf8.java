package dev.millrace.text;

/** Strict UTF-8, one code point at a time (Unicode standard, table 3-7). */
final class Utf8 {
    static final int SIZE_SHIFT = 21;
    static final int CODE_POINT = (1 << SIZE_SHIFT) - 1;
    static final int INVALID = CODE_POINT;

    private Utf8() {}

    /**
     * The code point at b[i], which is not ASCII, in the lower {@link #SIZE_SHIFT} bits and its bytes above them; or
     * {@link #INVALID} and the bytes of the maximal subpart, which is what the standard recommends to take as one error.
     * Nothing at or behind {@code end} is looked at: what it cuts off is invalid.
     */
    static int decode(byte[] b, int i, int end) {
        int b0 = b[i] & 0xff;
        int b1 = i + 1 < end ? b[i + 1] & 0xff : 0;
        if (b0 < 0xe0) {
            return b0 >= 0xc2 && b1 >> 6 == 2
                    ? 2 << SIZE_SHIFT | (b0 & 0x1f) << 6 | b1 & 0x3f
                    : 1 << SIZE_SHIFT | INVALID;
        }
        int lowest = b0 == 0xe0 ? 0xa0 : b0 == 0xf0 ? 0x90 : 0x80;
        int highest = b0 == 0xed ? 0x9f : b0 == 0xf4 ? 0x8f : 0xbf;
        if (b0 > 0xf4 || b1 < lowest || b1 > highest) {
            return 1 << SIZE_SHIFT | INVALID;
        }
        int b2 = i + 2 < end ? b[i + 2] & 0xff : 0;
        if (b2 >> 6 != 2) {
            return 2 << SIZE_SHIFT | INVALID;
        }
        if (b0 < 0xf0) {
            return 3 << SIZE_SHIFT | (b0 & 0x0f) << 12 | (b1 & 0x3f) << 6 | b2 & 0x3f;
        }
        int b3 = i + 3 < end ? b[i + 3] & 0xff : 0;
        return b3 >> 6 != 2
                ? 3 << SIZE_SHIFT | INVALID
                : 4 << SIZE_SHIFT | (b0 & 7) << 18 | (b1 & 0x3f) << 12 | (b2 & 0x3f) << 6 | b3 & 0x3f;
    }

    static boolean isContinuation(byte b) {
        return (b & 0xc0) == 0x80;
    }

    /** Writes a code point and returns where the next one goes. */
    static int encode(int c, byte[] out, int from) {
        int at = from;
        if (c < 0x80) {
            out[at++] = (byte) c;
            return at;
        }
        if (c < 0x800) {
            out[at++] = (byte) (c >> 6 | 0xc0);
        } else {
            if (c < 0x10000) {
                out[at++] = (byte) (c >> 12 | 0xe0);
            } else {
                out[at++] = (byte) (c >> 18 | 0xf0);
                out[at++] = (byte) (c >> 12 & 0x3f | 0x80);
            }
            out[at++] = (byte) (c >> 6 & 0x3f | 0x80);
        }
        out[at++] = (byte) (c & 0x3f | 0x80);
        return at;
    }
}
