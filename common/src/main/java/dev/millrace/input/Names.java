package dev.millrace.input;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * File names in two safe forms: percent-encoded, in which any byte of a name survives a trip through JSON and Kafka, and
 * printable, in which no name can move the cursor, forge a line of a log or turn the text around it.
 *
 * <p>A name on Linux is bytes. {@link Path} keeps them, {@link Path#toString()} does not, so that everything here goes
 * by {@link Path#toUri()}, which does.
 */
public final class Names {
    private static final Path FILE_SYSTEM_ROOT = Path.of("/");
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private Names() {}

    /**
     * A text from outside as it may be shown on a terminal or in a log: control characters, line and paragraph
     * separators, invisible and direction-changing characters, lone surrogates and the backslash itself come out as
     * {@code \n}, {@code \x1b}, {@code \u202e} or {@code \\}. All else stays as it is.
     */
    public static String printable(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        appendPrintable(text, out);
        return out.toString();
    }

    /** As {@link #printable(String)}; bytes of the name that are not UTF-8 come out as {@code \xNN}. */
    public static String printable(Path path) {
        if (path.toString().indexOf('\uFFFD') < 0 && !hasUnmappable(path)) {
            return printable(path.toString());
        }
        String shown = printableEncoded(encode(path));
        return path.isAbsolute() ? "/" + shown : shown;
    }

    /** A percent-encoded path as {@link #printable(Path)} shows it; one that is not well-formed is shown as it is. */
    public static String printableEncoded(String encoded) {
        byte[] bytes;
        try {
            bytes = decode(encoded);
        } catch (IllegalArgumentException notEncoded) {
            return printable(encoded);
        }
        StringBuilder out = new StringBuilder(bytes.length + 8);
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer chars = CharBuffer.allocate(bytes.length + 1);
        while (true) {
            CoderResult result = utf8.decode(in, chars, true);
            appendPrintable(chars.flip().toString(), out);
            chars.clear();
            if (!result.isError()) {
                return out.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                appendHexByte(in.get(), out);
            }
            utf8.reset();
        }
    }

    /**
     * The names of a path, percent-encoded and joined by {@code /}, without a leading or trailing one. Everything but
     * the characters a URI path may hold is encoded, byte by byte.
     */
    public static String encode(Path path) {
        StringBuilder out = new StringBuilder();
        for (Path name : path) {
            if (out.length() > 0) {
                out.append('/');
            }
            out.append(encodeName(name));
        }
        return out.toString();
    }

    private static String encodeName(Path name) {
        String text = name.toString();
        if (isPlain(text)) {
            return text;
        }
        String raw = FILE_SYSTEM_ROOT.resolve(name).toUri().getRawPath();
        // toUri() appends a slash where a folder of that name happens to be in the root of the file system.
        return raw.endsWith("/") ? raw.substring(1, raw.length() - 1) : raw.substring(1);
    }

    /** Whether the JDK would encode the name to itself. */
    private static boolean isPlain(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean plain = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '.'
                    || c == '-'
                    || c == '_';
            if (!plain) {
                return false;
            }
        }
        return true;
    }

    /** The bytes of an encoded path. */
    static byte[] decode(String encoded) {
        byte[] out = new byte[encoded.length()];
        int length = 0;
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            if (c >= 0x80) {
                throw new IllegalArgumentException("not percent-encoded");
            }
            if (c != '%') {
                out[length++] = (byte) c;
                continue;
            }
            if (i + 2 >= encoded.length()) {
                throw new IllegalArgumentException("cut off inside a percent code");
            }
            out[length++] = (byte) (hexDigit(encoded.charAt(i + 1)) << 4 | hexDigit(encoded.charAt(i + 2)));
            i += 2;
        }
        return Arrays.copyOf(out, length);
    }

    private static int hexDigit(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
            return c - 'a' + 10;
        }
        if (c >= 'A' && c <= 'F') {
            return c - 'A' + 10;
        }
        throw new IllegalArgumentException("not a percent code");
    }

    /** Where the locale of the JVM is not UTF-8, a byte it cannot map shows as a question mark. */
    private static boolean hasUnmappable(Path path) {
        return path.toString().indexOf('?') >= 0;
    }

    private static void appendPrintable(String text, StringBuilder out) {
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7F) {
                        appendHexByte((byte) c, out);
                    } else if (isHidden(c)) {
                        out.append(String.format(Locale.ROOT, "\\u%04x", c));
                    } else {
                        out.appendCodePoint(c);
                    }
                }
            }
        }
    }

    private static boolean isHidden(int c) {
        if (c < 0x80) {
            return false;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            default -> false;
        };
    }

    private static void appendHexByte(byte b, StringBuilder out) {
        out.append("\\x").append(HEX[(b >> 4) & 15]).append(HEX[b & 15]);
    }
}
