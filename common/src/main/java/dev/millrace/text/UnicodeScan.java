package dev.millrace.text;

import dev.millrace.shuffle.WordTable;

/**
 * The profile {@code unicode}: a run is a maximal sequence of letters, marks and digits, with single apostrophes (' or
 * U+2019) inside, and a word if it has a letter.
 *
 * <p>Implementation: as {@link PymotwScan}, with one mask of the bytes inside runs. Every byte beyond ASCII counts as
 * inside at first; such runs are looked at again code point by code point.
 */
final class UnicodeScan extends RunScan {
    /** ASCII letters have this bit, digits and the apostrophe do not. */
    private static final long LETTER_BITS = 0x40 * EACH;

    /** Not constants to the compiler on purpose, see {@link PymotwScan}. */
    private final long[] swar = {
        0x7f * EACH,
        TOP_BITS,
        TO_LOWER,
        0x1f * EACH,
        0x05 * EACH,
        0x50 * EACH,
        0x46 * EACH,
        '\'' * EACH,
        0x0002040810204081L
    };

    private int open; // start of the run that goes on in the next block, or -1

    UnicodeScan(WordTable words, int maxRunBytes) {
        super(words, maxRunBytes);
    }

    @Override
    void scan(byte[] text, int from, int to) {
        long[] s = swar;
        long low7 = s[0], top = s[1], toLower = s[2], fromA = s[3], pastZ = s[4], from0 = s[5], past9 = s[6];
        long quote = s[7], gather = s[8];
        open = -1;
        long before = 0; // 1 if the byte before the block is part of a word
        for (int p = from; p < to; p += BLOCK) {
            long inside = 0;
            long quotes = 0;
            for (int i = 0; i < BLOCK; i += 8) { // in each byte the top bit answers
                long x = (long) LONG.get(text, p + i);
                long ascii = x & low7;
                long folded = ascii | toLower;
                long part = (folded + fromA & ~(folded + pastZ) | ascii + from0 & ~(ascii + past9) | x) & top;
                quotes |= ~((ascii ^ quote) + low7 | x);
                inside |= (part * gather >>> 56) << i;
            }
            long valid = validBits(p, to);
            inside &= valid;
            if ((quotes & top) != 0) {
                long parts = inside;
                inside |= quotesIn(text, p, to)
                        & (parts << 1 | before)
                        & (parts >>> 1 | (isPart(text, p + BLOCK, to) ? 1L << 63 : 0));
                before = parts >>> 63;
            } else {
                before = inside >>> 63;
            }
            takeRuns(text, p, inside ^ (inside << 1 | (open >= 0 ? 1 : 0)));
        }
        if (open >= 0) { // the text filled its last block
            takeRun(text, open, to);
        }
    }

    private static long quotesIn(byte[] text, int p, int to) {
        long quotes = 0;
        for (int i = 0, n = Math.min(BLOCK, to - p); i < n; i++) {
            quotes |= text[p + i] == '\'' ? 1L << i : 0;
        }
        return quotes;
    }

    private static boolean isPart(byte[] text, int i, int to) {
        return i < to && (text[i] < 0 || CodePoints.isWordPart(CodePoints.kind(text[i])));
    }

    /** The bounds of runs are starts and ends by turns; the first is an end where a run is open. */
    private void takeRuns(byte[] text, int p, long allBounds) {
        long bounds = allBounds;
        int start = open;
        while (bounds != 0) {
            int bit = Long.numberOfTrailingZeros(bounds);
            bounds &= bounds - 1;
            if (start < 0) {
                start = p + bit;
                if (bounds == 0) {
                    break;
                }
                bit = Long.numberOfTrailingZeros(bounds);
                bounds &= bounds - 1;
            }
            takeRun(text, start, p + bit);
            start = -1;
        }
        open = start;
    }

    private void takeRun(byte[] text, int start, int end) {
        int length = end - start;
        long all;
        if (length <= 8) {
            all = bytesOr(text, start, length);
        } else if (length <= 16) {
            all = (long) LONG.get(text, start) | (long) LONG.get(text, end - 8);
        } else if (length <= maxRunBytes) {
            all = (long) LONG.get(text, end - 8);
            for (int i = start; i < end - 8; i += 8) {
                all |= (long) LONG.get(text, i);
            }
        } else {
            takeRunsByCodePoint(text, start, end);
            return;
        }
        if ((all & TOP_BITS) != 0) {
            takeMixed(text, start, end);
        } else if ((all & LETTER_BITS) != 0) {
            takeAscii(text, start, length);
        }
    }

    /** A stretch with bytes beyond ASCII and without an ASCII separator, code point by code point. */
    private void takeMixed(byte[] text, int start, int end) {
        byte[] word = lower;
        int n = 0;
        int wordEnd = 0; // behind the last letter, mark or digit: an apostrophe may follow it
        boolean hasLetter = false;
        for (int i = start; i < end; ) {
            int c = text[i];
            int size = 1;
            if (c < 0) {
                int decoded = Utf8.decode(text, i, end);
                c = decoded & Utf8.CODE_POINT;
                size = decoded >>> Utf8.SIZE_SHIFT;
                if (c == Utf8.INVALID) {
                    invalidSequences++;
                }
            }
            int kind = c == Utf8.INVALID ? CodePoints.BLANK : CodePoints.kind(c);
            if (CodePoints.isWordPart(kind)) {
                hasLetter |= CodePoints.isLetter(kind);
                n = Utf8.encode(CodePoints.toLower(c, kind), word, n);
                wordEnd = n;
            } else if (n > 0 && n == wordEnd && (c == '\'' || c == 0x2019)) {
                n = Utf8.encode(c, word, n);
            } else {
                if (hasLetter) {
                    takeLower(wordEnd);
                }
                n = 0;
                wordEnd = 0;
                hasLetter = false;
            }
            i += size;
        }
        if (hasLetter) {
            takeLower(wordEnd);
        }
    }

    /** The same where the stretch is longer than a word may be: what else ends a word may divide it. */
    private void takeRunsByCodePoint(byte[] text, int start, int end) {
        for (int i = start; i < end; ) {
            if (isApostrophe(text, i, end)) { // no word before it
                i += text[i] == '\'' ? 1 : 3;
                continue;
            }
            int runEnd = runEnd(text, i, end, true);
            if (runEnd - i > maxRunBytes) {
                oversizedRuns++;
            } else if (runEnd > i) {
                takeMixed(text, i, runEnd);
            }
            i = runEnd;
            if (i < end) {
                if (text[i] >= 0) {
                    i++;
                    continue;
                }
                int decoded = Utf8.decode(text, i, end);
                if ((decoded & Utf8.CODE_POINT) == Utf8.INVALID) {
                    invalidSequences++;
                }
                i += decoded >>> Utf8.SIZE_SHIFT;
            }
        }
    }

    @Override
    void passOversized() {
        oversizedRuns++;
    }

    /** Lines mean nothing here; but a byte order mark must not come first. */
    @Override
    String lead(String before, byte[] text, int from, int to) {
        return ",";
    }

    @Override
    boolean ends(int kind) {
        return !CodePoints.isWordPart(kind);
    }

    @Override
    boolean isCutBehindAscii(byte[] text, int i, int from, int to) {
        return text[i] != '\'' && !CodePoints.isWordPart(CodePoints.kind(text[i]));
    }

    @Override
    boolean isApostrophe(byte[] text, int i, int to) {
        return i < to
                && (text[i] == '\''
                        || i + 2 < to
                                && text[i] == (byte) 0xe2
                                && text[i + 1] == (byte) 0x80
                                && text[i + 2] == (byte) 0x99);
    }

    /** An apostrophe ends the run unless a letter, mark or digit follows; {@code from} is taken to lie inside a word. */
    @Override
    int runEnd(byte[] text, int from, int to, boolean complete) {
        int apostrophe = -1; // where the one right before i stands
        for (int i = from; i < to; ) {
            int c = text[i];
            int end = i + 1;
            if (c < 0) {
                int decoded = Utf8.decode(text, i, to);
                c = decoded & Utf8.CODE_POINT;
                end = i + (decoded >>> Utf8.SIZE_SHIFT);
                if (c == Utf8.INVALID && end == to && !complete) {
                    return ~(apostrophe >= 0 ? apostrophe : i);
                }
            }
            if (c != Utf8.INVALID && CodePoints.isWordPart(CodePoints.kind(c))) {
                apostrophe = -1;
            } else if (apostrophe < 0 && (c == '\'' || c == 0x2019)) {
                apostrophe = i;
            } else {
                return apostrophe >= 0 ? apostrophe : i;
            }
            i = end;
        }
        if (complete) {
            return apostrophe >= 0 ? apostrophe : to;
        }
        return ~(apostrophe >= 0 ? apostrophe : to);
    }
}
