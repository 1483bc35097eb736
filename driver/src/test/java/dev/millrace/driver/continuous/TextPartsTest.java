package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TextPartsTest {
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(Random random, int lines) {
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < lines; line++) {
            text.append(random.nextInt(9) == 0 ? "\uFEFF" : "")
                    .append("x".repeat(random.nextInt(12)))
                    .append('\n');
        }
        return text.toString();
    }

    @Test
    void everyCutLiesBehindALineEndAndNothingIsLeftOut() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            byte[] text = utf8(text(random, random.nextInt(60)) + "end".repeat(random.nextInt(2)));
            int at = 0;
            List<TextParts.Part> parts = TextParts.of(text, 16);
            for (TextParts.Part part : parts) {
                assertThat(part.from()).isEqualTo(at);
                assertThat(at == 0 || text[at - 1] == '\n').isTrue();
                assertThat(part.bytes() >= 16 || part.to() == text.length).isTrue();
                at = part.to();
            }
            assertThat(at).isEqualTo(text.length);
        }
    }

    @Test
    void appendedTextChangesTheLastPartOnly() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            String text = text(random, 1 + random.nextInt(60));
            List<TextParts.Part> before = TextParts.of(utf8(text), 16);
            List<TextParts.Part> after = TextParts.of(utf8(text + text(random, random.nextInt(60))), 16);
            assertThat(after.subList(0, before.size() - 1)).isEqualTo(before.subList(0, before.size() - 1));
        }
    }

    @Test
    void noPartButTheFirstBeginsWithAByteOrderMark() {
        for (int seed = 0; seed < 300; seed++) {
            byte[] text = utf8(text(new Random(seed), 80));
            for (TextParts.Part part : TextParts.of(text, 16)) {
                if (part.from() > 0 && part.bytes() >= 3) {
                    assertThat(new String(text, part.from(), 3, StandardCharsets.UTF_8))
                            .isNotEqualTo("\uFEFF");
                }
            }
        }
    }

    @Test
    void anEmptyTextHasNoPartAndALineTooLongIsRefused() {
        assertThat(TextParts.of(new byte[0], 16)).isEmpty();
        assertThat(TextParts.of(utf8("x".repeat(96)), 16)).hasSize(1);
        assertThatThrownBy(() -> TextParts.of(utf8("x".repeat(97)), 16))
                .isInstanceOf(TextParts.LineTooLongException.class);
    }
}
