package dev.millrace.driver.cli;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Makes text safe to show: names of files and messages about them may hold anything. */
final class Visible {
    private Visible() {}

    /** Control, formatting, private and unpaired code points become escapes, as in {@code \n} and {@code \}{@code u001b}. */
    static String text(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(shown, c));
        return shown.toString();
    }

    /** Shows a path that is percent-encoded as in a URI; bytes that are not UTF-8 become {@code \xff}. */
    static String path(String encoded) {
        ByteBuffer bytes = ByteBuffer.wrap(decoded(encoded));
        CharsetDecoder utf8 = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        StringBuilder shown = new StringBuilder();
        CharBuffer chars = CharBuffer.allocate(bytes.remaining() + 1);
        while (true) {
            CoderResult result = utf8.decode(bytes, chars, true);
            shown.append(text(chars.flip().toString()));
            chars.clear();
            if (!result.isError()) {
                return shown.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                shown.append("\\x").append(hex(bytes.get() & 0xff, 2));
            }
            utf8.reset();
        }
    }

    private static byte[] decoded(String encoded) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(encoded.length());
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            int high = c == '%' && i + 2 < encoded.length() ? Character.digit(encoded.charAt(i + 1), 16) : -1;
            int low = high >= 0 ? Character.digit(encoded.charAt(i + 2), 16) : -1;
            if (low >= 0) {
                bytes.write(high << 4 | low);
                i += 2;
            } else {
                bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
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
