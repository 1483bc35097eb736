package dev.millrace.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What each code point is to a word, by a Unicode version that is pinned here and not the JVM's. The kind of a letter
 * also says which step leads to its simple lower case.
 */
final class CodePoints {
    static final String UNICODE_VERSION = "16.0";

    /** Neither part of a word nor blank; unassigned code points too. */
    static final int OTHER = 0;
    /** White_Space and U+001C to U+001F. */
    static final int BLANK = 1;
    /** One of the 32 visible ASCII characters that are neither letter nor digit. */
    static final int PUNCTUATION = 2;
    /** General category M. */
    static final int MARK = 3;
    /** General category Nd. */
    static final int DIGIT = 4;
    /** General category L; every kind from here on is a letter, this one its own lower case. */
    static final int LETTER = 5;

    private static final byte[] KINDS = new byte[Character.MAX_CODE_POINT + 1];
    private static final int[] STEPS = new int[256];

    static {
        String resource = "unicode-" + UNICODE_VERSION + ".txt";
        try (InputStream in = CodePoints.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the Unicode table " + resource + " is missing from the class path");
            }
            new Loader(in.readAllBytes()).load();
        } catch (IOException e) {
            throw new UncheckedIOException("reading the Unicode table " + resource, e);
        }
        for (int c = '!'; c <= '~'; c++) {
            if (KINDS[c] == OTHER) {
                KINDS[c] = PUNCTUATION;
            }
        }
    }

    private CodePoints() {}

    static int kind(int codePoint) {
        return KINDS[codePoint] & 0xff;
    }

    static boolean isLetter(int kind) {
        return kind >= LETTER;
    }

    /** Letters, marks and digits. */
    static boolean isWordPart(int kind) {
        return kind >= MARK;
    }

    /** The simple lower case of a code point of this kind. */
    static int toLower(int codePoint, int kind) {
        return codePoint + STEPS[kind];
    }

    /** Reads lines of a section's name and ranges, see UnicodeTableGenerator. Plain loops: it runs at every start. */
    private static final class Loader {
        private final byte[] text;
        private int at;
        private int kinds = LETTER + 1;

        Loader(byte[] text) {
            this.text = text;
        }

        void load() {
            while (at < text.length) {
                int nameFrom = at;
                while (text[at] > ' ') {
                    at++;
                }
                String name = new String(text, nameFrom, at - nameFrom, StandardCharsets.US_ASCII);
                if (name.equals("#")) {
                    while (text[at] != '\n') {
                        at++;
                    }
                }
                while (text[at] != '\n') {
                    at++;
                    range(name);
                }
                at++;
            }
        }

        private void range(String name) {
            int first = hex();
            int last = first;
            int every = 1;
            if (text[at] == '.') {
                at += 2;
                last = hex();
            }
            if (text[at] == '/') {
                at++;
                every = hex();
            }
            switch (name) {
                case "letter" -> Arrays.fill(KINDS, first, last + 1, (byte) LETTER);
                case "mark" -> Arrays.fill(KINDS, first, last + 1, (byte) MARK);
                case "digit" -> Arrays.fill(KINDS, first, last + 1, (byte) DIGIT);
                case "blank" -> Arrays.fill(KINDS, first, last + 1, (byte) BLANK);
                case "lower" -> lower(first, last, every);
                default -> throw new IllegalStateException("unknown section " + name + " in the Unicode table");
            }
        }

        private void lower(int first, int last, int every) {
            int sign = text[at++] == '-' ? -1 : 1;
            int kind = kindOfStep(sign * hex());
            for (int c = first; c <= last; c += every) {
                KINDS[c] = (byte) kind;
            }
        }

        private int kindOfStep(int step) {
            int kind = LETTER + 1;
            while (kind < kinds && STEPS[kind] != step) {
                kind++;
            }
            if (kind == kinds) {
                STEPS[kind] = step;
                kinds++;
            }
            return kind;
        }

        private int hex() {
            int value = 0;
            for (; ; at++) {
                int b = text[at];
                if (b >= '0' && b <= '9') {
                    value = value << 4 | b - '0';
                } else if (b >= 'A' && b <= 'F') {
                    value = value << 4 | b - 'A' + 10;
                } else {
                    return value;
                }
            }
        }
    }
}
