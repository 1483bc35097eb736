package dev.millrace.text;

import dev.millrace.shuffle.WordTable;

/**
 * The profile {@code pymotw}: a run is what stands between blanks and ASCII punctuation, and a word if it has letters
 * only; lines whose first visible text is {@code ..} are skipped.
 *
 * <p>Implementation: 64 bytes at a time. Arithmetic on eight bytes at once turns a block into two 64-bit masks, one bit
 * a byte: the separators and the ASCII letters. From them come the bounds of every run and the runs that hold something
 * else than ASCII letters; only these are looked at byte by byte. Adding the odd bytes to the mask of all bytes inside
 * runs lets a carry run from an odd byte to the end of its run.
 */
final class PymotwScan extends RunScan {
    /** Bytes that are searched for comments before they are scanned: they stay in the first-level cache. */
    private static final int PIECE = 64 * BLOCK;

    /** What is known of the line at hand. */
    private enum Line {
        BLANK_SO_FAR(" "),
        COMMENT(".."),
        TEXT(",");

        /** What makes a line so, and has no word. */
        final String lead;

        Line(String lead) {
            this.lead = lead;
        }
    }

    /**
     * Not constants to the compiler on purpose: kept in registers or on the stack they cost less than as 64-bit
     * immediates of ten bytes each (about 5 %).
     */
    private final long[] swar = {
        0x01 * EACH,
        0x7f * EACH,
        TOP_BITS,
        TO_LOWER,
        0x1f * EACH,
        0x05 * EACH,
        0x50 * EACH,
        0x46 * EACH,
        0x64 * EACH,
        0x77 * EACH,
        0x72 * EACH,
        0x0002040810204081L,
        '.' * EACH
    };

    private Line line = Line.BLANK_SO_FAR;
    private int open; // start of the run that goes on in the next block, or -1
    private boolean openMixed; // whether it holds something else than ASCII letters

    PymotwScan(WordTable words, int maxRunBytes) {
        super(words, maxRunBytes);
    }

    @Override
    void begin() {
        super.begin();
        line = Line.BLANK_SO_FAR;
    }

    @Override
    void scan(byte[] text, int from, int to) {
        int p = line == Line.COMMENT ? skipComment(text, from, to) : from;
        int first = p;
        open = -1;
        openMixed = false;
        while (p < to) {
            int end = Math.min(to - p, PIECE) + p;
            int comment = commentIn(text, p, end, first, to);
            end = comment >= 0 ? comment : end;
            blocks(text, p, end);
            if (open >= 0 && (end == to || end == comment)) { // the text filled its last block
                takeRun(text, open, end, openMixed);
                open = -1;
                openMixed = false;
            }
            p = comment >= 0 ? skipComment(text, comment, to) : end;
        }
        line = lineAt(text, from, to);
    }

    /** Takes the runs of text[from, to); one that reaches {@code to} stays open if it fills the last block. */
    private void blocks(byte[] text, int from, int to) {
        long[] s = swar;
        long one = s[0],
                low7 = s[1],
                top = s[2],
                toLower = s[3],
                fromA = s[4],
                pastZ = s[5],
                from0 = s[6],
                past9 = s[7];
        long from28 = s[8], from9 = s[9], from14 = s[10], gather = s[11];
        for (int p = from; p < to; p += BLOCK) {
            long separators = ~validBits(p, to);
            long letters = 0;
            for (int i = 0; i < BLOCK; i += 8) { // in each byte the top bit answers
                long x = (long) LONG.get(text, p + i);
                long ascii = x & low7;
                long folded = ascii | toLower;
                long letter = folded + fromA & ~(folded + pastZ) & ~x & top;
                long digit = ascii + from0 & ~(ascii + past9);
                long separatorOrWord = (ascii + from28 | ascii + from9 & ~(ascii + from14)) & ~(ascii + one);
                long separator = separatorOrWord & ~digit & ~letter & ~x & top;
                separators |= (separator * gather >>> 56) << i;
                letters |= (letter * gather >>> 56) << i;
            }
            long inside = ~separators;
            long other = inside & ~letters;
            long bounds = inside ^ (inside << 1 | (open >= 0 ? 1 : 0));
            long carried = inside + other; // a carry runs from an odd byte to the end of its run
            long mixed = carried & separators;
            boolean overflow = Long.compareUnsigned(carried, inside) < 0;
            if (openMixed) {
                mixed |= inside + 1 & ~inside; // the end of the run that came open from the block before
                overflow |= inside == -1;
            }
            takeRuns(text, p, bounds, mixed);
            openMixed = overflow;
        }
    }

    /** The bounds of runs are starts and ends by turns; the first is an end where a run is open. */
    private void takeRuns(byte[] text, int p, long allBounds, long mixed) {
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
            takeRun(text, start, p + bit, (mixed >>> bit & 1) != 0);
            start = -1;
        }
        open = start;
    }

    private void takeRun(byte[] text, int start, int end, boolean mixed) {
        int length = end - start;
        if (mixed) {
            takeMixedRun(text, start, end);
        } else if (length <= maxRunBytes) {
            takeAscii(text, start, length);
        } else {
            oversizedRuns++;
        }
    }

    private void takeMixedRun(byte[] text, int start, int end) {
        int length = end - start;
        if (length <= 16 && isShortAscii(text, start, length)) {
            return; // not all letters: no word
        }
        if (length > maxRunBytes) {
            takeRunsByCodePoint(text, start, end);
        } else {
            takeMixed(text, start, end);
        }
    }

    /** Runs with digits, control characters or bytes beyond ASCII: code point by code point. At most maxRunBytes. */
    private void takeMixed(byte[] text, int start, int end) {
        byte[] word = lower;
        int n = 0;
        boolean allLetters = true;
        for (int i = start; i < end; ) {
            int b = text[i];
            if (b >= 0) {
                int c = b | 0x20;
                allLetters &= c >= 'a' & c <= 'z';
                word[n++] = (byte) c;
                i++;
                continue;
            }
            int decoded = Utf8.decode(text, i, end);
            int c = decoded & Utf8.CODE_POINT;
            i += decoded >>> Utf8.SIZE_SHIFT;
            if (c == Utf8.INVALID) {
                invalidSequences++;
            }
            int kind = c == Utf8.INVALID ? CodePoints.BLANK : CodePoints.kind(c);
            if (kind >= CodePoints.LETTER) {
                n = Utf8.encode(CodePoints.toLower(c, kind), word, n);
            } else if (kind == CodePoints.BLANK) {
                if (n > 0 && allLetters) {
                    takeLower(n);
                }
                n = 0;
                allLetters = true;
            } else {
                allLetters = false;
            }
        }
        if (n > 0 && allLetters) {
            takeLower(n);
        }
    }

    /** The same for a long stretch without an ASCII separator: other blanks and invalid sequences may divide it. */
    private void takeRunsByCodePoint(byte[] text, int start, int end) {
        for (int i = start; i < end; ) {
            int runEnd = runEnd(text, i, end, true);
            if (runEnd - i > maxRunBytes) {
                oversizedRuns++;
            } else if (runEnd > i) {
                takeMixed(text, i, runEnd);
            }
            i = runEnd;
            if (i < end) {
                int decoded = Utf8.decode(text, i, end);
                if ((decoded & Utf8.CODE_POINT) == Utf8.INVALID) {
                    invalidSequences++;
                }
                i += decoded >>> Utf8.SIZE_SHIFT;
            }
        }
    }

    /** Where in text[from, end) a comment begins: the first {@code ..} that only blanks precede in its line; or -1. */
    private int commentIn(byte[] text, int from, int end, int first, int to) {
        long[] s = swar;
        long one = s[0];
        long dot = s[12];
        for (int p = from; p < end; p += BLOCK) {
            long dots = 0;
            for (int i = 0; i < BLOCK; i += 8) {
                long pair = (long) LONG.get(text, p + i) ^ dot | (long) LONG.get(text, p + i + 1) ^ dot;
                dots |= pair - one & ~pair; // a zero byte: two dots in a row
            }
            if ((dots & TOP_BITS) != 0) {
                for (int i = p, last = Math.min(Math.min(p + BLOCK, end), to - 1); i < last; i++) {
                    if (text[i] == '.' && text[i + 1] == '.' && onlyBlanksBefore(text, i, first)) {
                        return i;
                    }
                }
            }
        }
        return -1;
    }

    private boolean onlyBlanksBefore(byte[] text, int end, int from) {
        int i = end;
        while (i > from && text[i - 1] != '\n' && (text[i - 1] < 0 || isAsciiBlank(text[i - 1]))) {
            i--;
        }
        if (i > from ? text[i - 1] != '\n' : line == Line.TEXT) {
            return false;
        }
        return skipBlanks(text, i, end) == end;
    }

    private static boolean isAsciiBlank(byte b) {
        return CodePoints.kind(b) == CodePoints.BLANK;
    }

    /** The first place from i on that is neither blank nor invalid. */
    private static int skipBlanks(byte[] text, int from, int to) {
        int i = from;
        while (i < to) {
            if (text[i] >= 0) {
                if (!isAsciiBlank(text[i])) {
                    return i;
                }
                i++;
            } else {
                int decoded = Utf8.decode(text, i, to);
                int c = decoded & Utf8.CODE_POINT;
                if (c != Utf8.INVALID && CodePoints.kind(c) != CodePoints.BLANK) {
                    return i;
                }
                i += decoded >>> Utf8.SIZE_SHIFT;
            }
        }
        return i;
    }

    /** Passes over a comment, counts what is invalid in it, and returns the place of its line end, or {@code to}. */
    private int skipComment(byte[] text, int from, int to) {
        int i = from;
        while (i < to && text[i] != '\n') {
            if (text[i] >= 0) {
                i++;
            } else {
                int decoded = Utf8.decode(text, i, to);
                if ((decoded & Utf8.CODE_POINT) == Utf8.INVALID) {
                    invalidSequences++;
                }
                i += decoded >>> Utf8.SIZE_SHIFT;
            }
        }
        return i;
    }

    private Line lineAt(byte[] text, int from, int to) {
        int start = to;
        while (start > from && text[start - 1] != '\n') {
            start--;
        }
        if (start == from && line != Line.BLANK_SO_FAR) {
            return line;
        }
        int visible = skipBlanks(text, start, to);
        if (visible == to) {
            return Line.BLANK_SO_FAR;
        }
        return text[visible] == '.' && visible + 1 < to && text[visible + 1] == '.' ? Line.COMMENT : Line.TEXT;
    }

    @Override
    String lead(String before, byte[] text, int from, int to) {
        line = Line.BLANK_SO_FAR;
        for (Line each : Line.values()) {
            if (each.lead.equals(before)) {
                line = each;
            }
        }
        return lineAt(text, from, to).lead;
    }

    @Override
    void passOversized() {
        if (line != Line.COMMENT) {
            oversizedRuns++;
            line = Line.TEXT;
        }
    }

    @Override
    boolean ends(int kind) {
        return kind == CodePoints.BLANK;
    }

    /** A dot is the end of a word too, but the place between the two dots that may begin a comment is no cut. */
    @Override
    boolean isCutBehindAscii(byte[] text, int i, int from, int to) {
        if (text[i] == '.') {
            return i + 1 < to && text[i + 1] != '.' || i > from && text[i - 1] == '.';
        }
        int kind = CodePoints.kind(text[i]);
        return kind == CodePoints.BLANK || kind == CodePoints.PUNCTUATION;
    }

    @Override
    boolean isApostrophe(byte[] text, int i, int to) {
        return false;
    }

    @Override
    int runEnd(byte[] text, int from, int to, boolean complete) {
        for (int i = from; i < to; ) {
            if (text[i] >= 0) {
                int kind = CodePoints.kind(text[i]);
                if (kind == CodePoints.BLANK || kind == CodePoints.PUNCTUATION) {
                    return i;
                }
                i++;
                continue;
            }
            int decoded = Utf8.decode(text, i, to);
            int c = decoded & Utf8.CODE_POINT;
            int end = i + (decoded >>> Utf8.SIZE_SHIFT);
            if (c == Utf8.INVALID) {
                return end == to && !complete ? ~i : i;
            }
            if (ends(CodePoints.kind(c))) {
                return i;
            }
            i = end;
        }
        return complete ? to : ~to;
    }
}
