package dev.millrace.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Writes the pinned Unicode table from the tables of the JDK it runs on:
 *
 * <pre>java -cp target/test-classes dev.millrace.text.UnicodeTableGenerator 16.0 unicode-16.0.txt</pre>
 *
 * JDK 24 and 25 have Unicode 16.0. Another table is another version of both text profiles.
 */
final class UnicodeTableGenerator {
    private static final int COLUMNS = 118;

    private final StringBuilder out = new StringBuilder();

    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[1]), new UnicodeTableGenerator().table(args[0]));
    }

    String table(String version) {
        out.append("# Unicode ").append(version).append(": what the text profiles know of a code point.\n");
        out.append("# Written by UnicodeTableGenerator. FIRST..LAST in hexadecimal; lower: FIRST..LAST/EVERY+STEP.\n");
        section("letter", ranges(Character::isLetter));
        section("mark", ranges(UnicodeTableGenerator::isMark));
        section("digit", ranges(c -> Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER));
        section("blank", ranges(UnicodeTableGenerator::isBlank));
        section("lower", lowerCase());
        return out.toString();
    }

    static boolean isMark(int c) {
        int type = Character.getType(c);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /** White_Space, and the four separators of information. */
    static boolean isBlank(int c) {
        return Character.isSpaceChar(c) || c >= 0x09 && c <= 0x0d || c >= 0x1c && c <= 0x1f || c == 0x85;
    }

    private void section(String name, List<String> entries) {
        int column = COLUMNS;
        for (String entry : entries) {
            if (column + 1 + entry.length() > COLUMNS) {
                out.append(out.charAt(out.length() - 1) == '\n' ? "" : "\n").append(name);
                column = name.length();
            }
            out.append(' ').append(entry);
            column += 1 + entry.length();
        }
        out.append('\n');
    }

    private static List<String> ranges(IntPredicate member) {
        List<String> ranges = new ArrayList<>();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (member.test(c)) {
                int first = c;
                while (c < Character.MAX_CODE_POINT && member.test(c + 1)) {
                    c++;
                }
                ranges.add(range(first, c));
            }
        }
        return ranges;
    }

    private static String range(int first, int last) {
        return hex(first) + (first == last ? "" : ".." + hex(last));
    }

    private static String hex(int c) {
        return Integer.toHexString(c).toUpperCase(java.util.Locale.ROOT);
    }

    private static List<String> lowerCase() {
        List<String> entries = new ArrayList<>();
        boolean[] done = new boolean[Character.MAX_CODE_POINT + 3];
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            int step = step(c);
            if (step == 0 || done[c]) {
                continue;
            }
            int every = step(c + 1) == step ? 1 : 2;
            int last = c;
            while (last + every <= Character.MAX_CODE_POINT && step(last + every) == step) {
                last += every;
            }
            for (int i = c; i <= last; i += every) {
                done[i] = true;
            }
            entries.add(range(c, last)
                    + (last > c && every > 1 ? "/2" : "")
                    + (step > 0 ? "+" : "-")
                    + hex(Math.abs(step)));
        }
        return entries;
    }

    private static int step(int c) {
        return c <= Character.MAX_CODE_POINT && Character.isLetter(c) ? Character.toLowerCase(c) - c : 0;
    }
}
