package dev.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class CodePointsTest {
    /** SHA-256 over class and lower case of every code point, computed from the tables of JDK 25 by themselves. */
    private static final String UNICODE_16 = "11298f2190ff231b534eaca06a6c00c15f8a95ee94d66ef0d49e6214325600c0";

    private static char group(int c) {
        return switch (CodePoints.kind(c)) {
            case CodePoints.OTHER, CodePoints.PUNCTUATION -> '-';
            case CodePoints.BLANK -> 'B';
            case CodePoints.MARK -> 'M';
            case CodePoints.DIGIT -> 'D';
            default -> 'L';
        };
    }

    @Test
    void theTableIsThatOfUnicode16OnEveryJvm() throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            int lower = CodePoints.toLower(c, CodePoints.kind(c));
            digest.update(
                    ByteBuffer.allocate(5).put((byte) group(c)).putInt(lower).array());
        }
        assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(UNICODE_16);
    }

    @Test
    void theTableIsWhatTheGeneratorWrites() throws IOException {
        int jdk = Runtime.version().feature();
        boolean sameUnicode = jdk == 24 || jdk == 25;
        if (!sameUnicode) {
            System.out.println("CodePointsTest: JDK " + jdk + " has another Unicode version than "
                    + CodePoints.UNICODE_VERSION + ": the generator is not compared, the committed hash is");
        }
        assumeTrue(sameUnicode, "the JDK has another Unicode version");
        try (InputStream in = CodePoints.class.getResourceAsStream("unicode-16.0.txt")) {
            assertThat(new UnicodeTableGenerator().table(CodePoints.UNICODE_VERSION))
                    .isEqualTo(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        }
    }

    @Test
    void thePunctuationIsThatOfAscii() {
        StringBuilder marks = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (CodePoints.kind(c) == CodePoints.PUNCTUATION) {
                marks.appendCodePoint(c);
            }
        }
        assertThat(marks).hasToString("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
    }

    @Test
    void theLowerCaseOfALetterIsALetterAndGrowsByAtMostHalf() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            int kind = CodePoints.kind(c);
            int lower = CodePoints.toLower(c, kind);
            assertThat(CodePoints.isLetter(CodePoints.kind(lower))).isEqualTo(CodePoints.isLetter(kind));
            byte[] room = new byte[4];
            assertThat(2 * Utf8.encode(lower, room, 0)).isLessThanOrEqualTo(3 * Utf8.encode(c, room, 0));
        }
    }
}
