package dev.millrace.shuffle;

import java.util.Objects;

/** Walks the pairs of a block, strictly. */
final class PairReader {
    private final byte[] block;
    private final int to;
    private int at;
    private int wordFrom;
    private int wordLength;
    private long count;

    PairReader(byte[] block, int from, int to) {
        Objects.checkFromToIndex(from, to, block.length);
        this.block = block;
        this.at = from;
        this.to = to;
    }

    int wordFrom() {
        return wordFrom;
    }

    int wordLength() {
        return wordLength;
    }

    long count() {
        return count;
    }

    /**
     * Steps to the next pair, or returns false behind the last one.
     *
     * @throws IllegalArgumentException if no whole, well-formed pair follows
     */
    boolean next() {
        if (at == to) {
            return false;
        }
        long length = varint();
        if (length <= 0 || length > to - at) {
            throw malformed("a word of " + Long.toUnsignedString(length) + " bytes");
        }
        wordFrom = at;
        wordLength = (int) length;
        if (Lanes.hasZero(block, at, wordLength)) {
            throw malformed("a zero byte in a word");
        }
        at += wordLength;
        long zigzag = varint();
        count = zigzag >>> 1 ^ -(zigzag & 1);
        return true;
    }

    private long varint() {
        if (at < to && block[at] >= 0) {
            return block[at++];
        }
        long v = 0;
        for (int shift = 0; at < to; shift += 7) {
            byte b = block[at++];
            v |= (b & 0x7fL) << shift;
            if (shift == 63 && b != 1) {
                throw malformed("a number beyond 64 bits");
            }
            if (b >= 0) {
                if (b == 0) {
                    throw malformed("a number in more bytes than it needs");
                }
                return v;
            }
        }
        throw malformed("cut off in a number");
    }

    private IllegalArgumentException malformed(String what) {
        return new IllegalArgumentException("malformed block of pairs: " + what + " before byte " + at + " of " + to);
    }
}
