package dev.millrace.job;

import java.util.HexFormat;

/**
 * Tells texts apart: equal texts, equal hashes, and of different ones nobody finds two that are equal.
 *
 * @param high the first eight bytes, big-endian
 * @param low the other eight
 */
public record TextHash(long high, long low) {
    /** Of no text. */
    public static final TextHash NONE = new TextHash(0, 0);

    public static final int BYTES = 2 * Long.BYTES;

    public boolean isNone() {
        return high == 0 && low == 0;
    }

    /** In hexadecimal, 32 digits. */
    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(high) + hex.toHexDigits(low);
    }
}
