package dev.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.TextHash;
import dev.millrace.job.TextStats;
import dev.millrace.shuffle.WordTable;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class TextPartsTest {
    private final TextParts cutter = new TextParts(TextProfile.UNICODE, 16);

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
            List<TextParts.Part> parts = cutter.of(text);
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
            List<TextParts.Part> before = cutter.of(utf8(text));
            List<TextParts.Part> after = cutter.of(utf8(text + text(random, random.nextInt(60))));
            assertThat(after.subList(0, before.size() - 1)).isEqualTo(before.subList(0, before.size() - 1));
        }
    }

    @Test
    void noPartButTheFirstBeginsWithAByteOrderMark() {
        for (int seed = 0; seed < 300; seed++) {
            byte[] text = utf8(text(new Random(seed), 80));
            for (TextParts.Part part : cutter.of(text)) {
                if (part.from() > 0 && part.bytes() >= 3) {
                    assertThat(new String(text, part.from(), 3, StandardCharsets.UTF_8))
                            .isNotEqualTo("\uFEFF");
                }
            }
        }
    }

    @Test
    void anEmptyTextHasNoPart() {
        assertThat(cutter.of(new byte[0])).isEmpty();
    }

    /** Long lines and long runs, cut anywhere: read one by one, the parts come to what the plain rules say of the whole. */
    @ParameterizedTest
    @EnumSource
    void whateverTheLinesPartsAddUpToTheWhole(TextProfile profile) {
        int maxRun = 16;
        WordTable words = new WordTable();
        ChunkTally tally = new ChunkTally(profile, words, () -> {}, 64, maxRun);
        AtomicInteger inLines = new AtomicInteger();
        AtomicInteger shortened = new AtomicInteger();
        Seeds.forEach(5_000_000, 6_000, (seed, random) -> {
            byte[] text = longLines(random);
            TextParts parts = new TextParts(profile, 4 + random.nextInt(40), maxRun);
            words.clear();
            TextStats stats = TextStats.NONE;
            int at = 0;
            for (TextParts.Part part : parts.of(text)) {
                inLines.addAndGet(part.lead().isEmpty() ? 0 : 1);
                shortened.addAndGet(part.from() > at ? 1 : 0);
                at = part.to();
                byte[] sent = new byte[1 + part.bytes()];
                assertThat(part.copyTo(sent, 1, text)).isEqualTo(sent.length);
                stats = stats.plus(Texts.tally(tally, Arrays.copyOfRange(sent, 1, sent.length), 0, Long.MAX_VALUE));
            }
            TextOracle want = TextOracle.count(profile, text, maxRun);
            assertThat(Texts.map(words)).isEqualTo(want.words());
            assertThat(stats.oversizedWords()).isEqualTo(want.oversizedWords());
            assertThat(stats.invalidSequences()).isEqualTo(want.invalidSequences());
        });
        if (Long.getLong("millrace.seed") == null) {
            assertThat(inLines.get()).isGreaterThan(1_000);
            assertThat(shortened.get()).isGreaterThan(100);
        }
    }

    private static byte[] longLines(Random random) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = random.nextInt(6); i >= 0; i--) {
            String begin = List.of("", "..", " \t", "\u2003..", ".", "\uFEFF").get(random.nextInt(6));
            text.writeBytes(utf8(begin));
            for (byte b : Texts.random(random, 150)) {
                text.write(b == '\n' && random.nextInt(8) != 0 ? ' ' : b);
            }
            if (random.nextInt(3) == 0) {
                text.writeBytes(utf8(List.of("ab", "\u0416", "\u4e2d'x", "7")
                        .get(random.nextInt(4))
                        .repeat(random.nextInt(400))));
            }
        }
        return text.toByteArray();
    }

    @ParameterizedTest
    @EnumSource
    void whateverTheLinesAppendedTextChangesTheLastPartOnly(TextProfile profile) {
        Seeds.forEach(6_000_000, 1_000, (seed, random) -> {
            byte[] text = longLines(random);
            TextParts parts = new TextParts(profile, 4 + random.nextInt(40), 16);
            byte[] longer = Arrays.copyOf(text, text.length + random.nextInt(300));
            Arrays.fill(longer, text.length, longer.length, (byte) "a \n".charAt(random.nextInt(3)));
            List<TextHash> before =
                    parts.of(text).stream().map(TextParts.Part::hash).toList();
            List<TextHash> after =
                    parts.of(longer).stream().map(TextParts.Part::hash).toList();
            int same = Math.max(0, before.size() - 1);
            assertThat(after.subList(0, same)).isEqualTo(before.subList(0, same));
        });
    }
}
