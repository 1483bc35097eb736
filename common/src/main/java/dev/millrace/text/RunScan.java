package dev.millrace.text;

import dev.millrace.shuffle.WordTable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Counts the words of stretches of text by the rules of one profile, and finds the places where text may be cut into
 * stretches. A <em>run</em> is what could be one word: the longest stretch without anything that ends a word.
 *
 * <p>A <em>cut</em> is a place between two bytes where the text behind it can be read without knowing the text before
 * it, but for what {@link #begin} starts and each {@link #scan} hands on to the next: no run, no UTF-8 sequence and no
 * invalid one crosses it. For one thread.
 */
abstract sealed class RunScan permits PymotwScan, UnicodeScan {
    /** Bytes of the array that must be there behind the text; what they hold does not matter. */
    static final int SLACK = 96;

    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final int BLOCK = 64;
    static final long EACH = 0x0101010101010101L;
    static final long TOP_BITS = EACH << 7;
    static final long TO_LOWER = 0x20 * EACH;

    /** By length of a word: which bytes of its first and its second long belong to it. */
    private static final long[] HEAD = new long[17];

    private static final long[] TAIL = new long[17];

    static {
        for (int n = 1; n <= 16; n++) {
            HEAD[n] = -1L >>> 64 - 8 * Math.min(n, 8);
            TAIL[n] = n <= 8 ? 0 : -1L >>> 128 - 8 * n;
        }
    }

    final WordTable words;
    final int maxRunBytes;
    /** Lower-cased bytes of the word at hand; lower case may be longer: U+023A has 2 bytes, U+2C65 has 3. */
    final byte[] lower;

    long invalidSequences;
    long oversizedRuns;

    RunScan(WordTable words, int maxRunBytes) {
        this.words = words;
        this.maxRunBytes = maxRunBytes;
        lower = new byte[Math.max(2 * BLOCK, maxRunBytes / 2 * 3 + 16)];
    }

    /** Begins at the start of a line, with nothing counted. */
    void begin() {
        invalidSequences = 0;
        oversizedRuns = 0;
    }

    /** Adds the words of text[from, to), which begins and ends at a cut, to the table. */
    abstract void scan(byte[] text, int from, int to);

    /** Takes note of a run that is too long and will not be scanned. */
    abstract void passOversized();

    /**
     * What may stand before the text behind {@code to}, which is amid a line, so that it is read as it would be behind
     * text[from, to): no word, and no part of one.
     *
     * @param before the same for {@code from}; empty where a line begins there
     */
    abstract String lead(String before, byte[] text, int from, int to);

    /** Whether a code point of this kind, not ASCII, ends a word. */
    abstract boolean ends(int kind);

    /** Whether text[i], which is ASCII, ends a word and the place behind it is a cut. */
    abstract boolean isCutBehindAscii(byte[] text, int i, int from, int to);

    /** Whether the apostrophe at text[i] ends a word where another apostrophe follows it. */
    abstract boolean isApostrophe(byte[] text, int i, int to);

    /** Where the run that text[from] lies in ends; {@code to} if it goes on till there, or ~i if text[i] cannot tell. */
    abstract int runEnd(byte[] text, int from, int to, boolean complete);

    /**
     * The last cut in (from, to], where more text follows behind {@code to}; or {@code from}, itself a cut, if all text
     * behind it is one run (or a few bytes that cannot be judged yet). Looks at the text backwards, usually at a few
     * bytes only: each ASCII byte and each first byte of a sequence can be judged without what stands before it.
     */
    final int lastCut(byte[] text, int from, int to) {
        int continuations = 0;
        for (int i = to - 1; i >= from; i--) {
            byte b = text[i];
            if (Utf8.isContinuation(b)) {
                if (++continuations == 4) {
                    return i + 4; // no sequence has more than three of them: the last one is invalid by itself
                }
                continue;
            }
            int decoded = b >= 0 ? 1 << Utf8.SIZE_SHIFT | b : Utf8.decode(text, i, to);
            int c = decoded & Utf8.CODE_POINT;
            int end = i + (decoded >>> Utf8.SIZE_SHIFT);
            int stray = i + 1 + continuations - end;
            continuations = 0;
            if (stray > 0) {
                return end + stray; // each invalid by itself
            }
            if (b >= 0) {
                if (isCutBehindAscii(text, i, from, to)) {
                    return end;
                }
            } else if (c == Utf8.INVALID) {
                if (end < to) {
                    return end;
                }
                continue;
            } else if (ends(CodePoints.kind(c)) && !isApostrophe(text, i, to)) {
                return end;
            }
            if (isApostrophe(text, i, to) && isApostrophe(text, end, to)) {
                return end; // neither of two stands inside a word
            }
        }
        return from + continuations; // what a cut ends before begins no sequence: these are invalid, each by itself
    }

    /**
     * Counts a word of ASCII. Case is folded by setting a bit that only upper-case letters lack. Both longs are always
     * read: whether a word has more than eight letters is hard to predict, and a wrong guess costs more.
     */
    final void takeAscii(byte[] text, int start, int length) {
        if (length <= 16) {
            words.add(
                    ((long) LONG.get(text, start) | TO_LOWER) & HEAD[length],
                    ((long) LONG.get(text, start + 8) | TO_LOWER) & TAIL[length]);
        } else {
            byte[] word = lower;
            for (int i = 0; i < length; i++) {
                word[i] = (byte) (text[start + i] | 0x20);
            }
            words.add(word, 0, length, 1);
        }
    }

    /** Counts the first n bytes of {@link #lower} as a word. */
    final void takeLower(int n) {
        byte[] word = lower;
        if (n <= 16) {
            words.add((long) LONG.get(word, 0) & HEAD[n], (long) LONG.get(word, 8) & TAIL[n]);
        } else {
            words.add(word, 0, n, 1);
        }
    }

    /** Whether text[start, start + length), at most 16 bytes, is ASCII. */
    static boolean isShortAscii(byte[] text, int start, int length) {
        return (bytesOr(text, start, length) & TOP_BITS) == 0;
    }

    /** The bytes of text[start, start + length), at most 16, or-ed into eight. */
    static long bytesOr(byte[] text, int start, int length) {
        return (long) LONG.get(text, start) & HEAD[length] | (long) LONG.get(text, start + 8) & TAIL[length];
    }

    /** The mask of the bytes of a 64-byte block at p that lie before {@code to}. */
    static long validBits(int p, int to) {
        return to - p >= BLOCK ? -1L : (1L << to - p) - 1;
    }
}
