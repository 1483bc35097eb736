package dev.millrace.driver.cli;

/**
 * Makes a whole message safe to show. Unlike {@link dev.millrace.input.Names#printable(String)}, which is for names, it
 * leaves a backslash alone: names inside the message have been made printable before.
 */
final class Visible {
    private Visible() {}

    /** Control, formatting, private and unpaired code points become escapes, as in {@code \n} and {@code \}{@code u001b}. */
    static String text(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(shown, c));
        return shown.toString();
    }

    private static void append(StringBuilder shown, int c) {
        switch (c) {
            case '\n' -> shown.append("\\n");
            case '\r' -> shown.append("\\r");
            case '\t' -> shown.append("\\t");
            default -> {
                if (isPlain(c)) {
                    shown.appendCodePoint(c);
                } else {
                    shown.append(c > 0xffff ? "\\U" : "\\u").append(hex(c, c > 0xffff ? 8 : 4));
                }
            }
        }
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    private static String hex(int value, int digits) {
        String hex = Integer.toHexString(value);
        return "0".repeat(digits - hex.length()) + hex;
    }
}
