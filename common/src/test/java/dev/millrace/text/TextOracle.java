package dev.millrace.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rules of both profiles written down once more, as plainly as can be, for whole texts in memory. Shares no code with
 * the product: the JDK's decoder, its character tables, strings. So texts must keep to characters that every JDK knows.
 */
record TextOracle(Map<String, Long> words, long invalidSequences, long oversizedWords) {
    private static final int INVALID = -1;
    private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /** A code point, or INVALID, and how many bytes of the text it took. */
    private record Sign(int codePoint, int bytes) {
        boolean isBlank() {
            return codePoint == INVALID
                    || codePoint >= 0x1c && codePoint <= 0x1f
                    || codePoint >= 9 && codePoint <= 13
                    || codePoint == 0x85
                    || Character.isSpaceChar(codePoint);
        }

        boolean isPunctuation() {
            return codePoint != INVALID && PUNCTUATION.indexOf(codePoint) >= 0;
        }

        boolean isLetter() {
            return codePoint != INVALID && Character.isLetter(codePoint);
        }

        boolean isWordPart() {
            return isLetter() || codePoint != INVALID && (isMark() || Character.isDigit(codePoint));
        }

        private boolean isMark() {
            int type = Character.getType(codePoint);
            return type == Character.NON_SPACING_MARK
                    || type == Character.ENCLOSING_MARK
                    || type == Character.COMBINING_SPACING_MARK;
        }

        boolean isApostrophe() {
            return codePoint == '\'' || codePoint == 0x2019;
        }
    }

    static TextOracle count(TextProfile profile, byte[] text, int maxRunBytes) {
        List<Sign> signs = decode(text);
        long invalid = signs.stream().filter(s -> s.codePoint == INVALID).count();
        if (!signs.isEmpty() && signs.get(0).codePoint == 0xfeff) {
            signs = signs.subList(1, signs.size());
        }
        List<List<Sign>> runs = new ArrayList<>();
        for (List<Sign> line : lines(signs)) {
            runs.addAll(profile == TextProfile.PYMOTW ? pymotwRuns(line) : unicodeRuns(line));
        }
        Map<String, Long> words = new HashMap<>();
        long oversized = 0;
        for (List<Sign> run : runs) {
            if (run.stream().mapToInt(Sign::bytes).sum() > maxRunBytes) {
                oversized++;
            } else if (profile == TextProfile.PYMOTW
                    ? run.stream().allMatch(Sign::isLetter)
                    : run.stream().anyMatch(Sign::isLetter)) {
                StringBuilder word = new StringBuilder();
                run.forEach(s -> word.appendCodePoint(Character.toLowerCase(s.codePoint)));
                words.merge(word.toString(), 1L, Long::sum);
            }
        }
        return new TextOracle(words, invalid, oversized);
    }

    /** Table 3-7 of the Unicode standard: for each row the first and last value of each byte. */
    private static final int[][] WELL_FORMED = {
        {0x00, 0x7f},
        {0xc2, 0xdf, 0x80, 0xbf},
        {0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
        {0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
        {0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
        {0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
        {0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
        {0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
        {0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf}
    };

    /** Definition D93b: a maximal subpart is the longest beginning of a well-formed sequence, or else one byte. */
    private static List<Sign> decode(byte[] text) {
        List<Sign> signs = new ArrayList<>();
        for (int i = 0; i < text.length; ) {
            int longest = 0;
            boolean whole = false;
            for (int[] row : WELL_FORMED) {
                int fits = 0;
                while (2 * fits < row.length
                        && i + fits < text.length
                        && (text[i + fits] & 0xff) >= row[2 * fits]
                        && (text[i + fits] & 0xff) <= row[2 * fits + 1]) {
                    fits++;
                }
                if (fits > longest) {
                    longest = fits;
                    whole = 2 * fits == row.length;
                }
            }
            int bytes = Math.max(1, longest);
            int codePoint = whole ? new String(text, i, bytes, StandardCharsets.UTF_8).codePointAt(0) : INVALID;
            signs.add(new Sign(codePoint, bytes));
            i += bytes;
        }
        return signs;
    }

    private static List<List<Sign>> lines(List<Sign> signs) {
        return split(signs, s -> s.codePoint == '\n');
    }

    private static List<List<Sign>> split(List<Sign> signs, java.util.function.Predicate<Sign> at) {
        List<List<Sign>> parts = new ArrayList<>();
        List<Sign> part = new ArrayList<>();
        for (Sign sign : signs) {
            if (at.test(sign)) {
                parts.add(part);
                part = new ArrayList<>();
            } else {
                part.add(sign);
            }
        }
        parts.add(part);
        return parts;
    }

    private static List<List<Sign>> pymotwRuns(List<Sign> line) {
        List<Sign> stripped = line.stream().dropWhile(Sign::isBlank).toList();
        if (stripped.size() > 1 && stripped.get(0).codePoint == '.' && stripped.get(1).codePoint == '.') {
            return List.of();
        }
        return split(line, s -> s.isBlank() || s.isPunctuation()).stream()
                .filter(run -> !run.isEmpty())
                .toList();
    }

    private static List<List<Sign>> unicodeRuns(List<Sign> line) {
        List<List<Sign>> runs = new ArrayList<>();
        for (int i = 0; i < line.size(); i++) {
            int end = i;
            while (end < line.size()
                    && (line.get(end).isWordPart()
                            || end > i
                                    && line.get(end).isApostrophe()
                                    && end + 1 < line.size()
                                    && line.get(end + 1).isWordPart())) {
                end++;
            }
            if (end > i) {
                runs.add(line.subList(i, end));
                i = end - 1;
            }
        }
        return runs;
    }
}
