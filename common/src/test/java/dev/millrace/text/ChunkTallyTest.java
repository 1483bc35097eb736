package dev.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.millrace.job.TextStats;
import dev.millrace.shuffle.WordTable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChunkTallyTest {
    private static final int MAX_RUN = ChunkTally.MAX_RUN_BYTES;

    private static Map<String, Long> words(TextProfile profile, String text) {
        return Texts.tally(profile, text.getBytes(StandardCharsets.UTF_8), 1 << 12, MAX_RUN, 0, Long.MAX_VALUE)
                .words();
    }

    private static void assertLikeOracle(TextProfile profile, byte[] text, int maxRun, Texts.Tallied got) {
        TextOracle want = TextOracle.count(profile, text, maxRun);
        assertThat(got.words()).isEqualTo(want.words());
        assertThat(got.stats()).isEqualTo(new TextStats(text.length, want.invalidSequences(), want.oversizedWords()));
    }

    @ParameterizedTest
    @EnumSource
    void countsRandomTextsLikeThePlainRules(TextProfile profile) {
        Seeds.forEach(1, 20_000, (seed, random) -> {
            byte[] text = Texts.random(random, 80);
            Texts.Tallied got = Texts.tally(profile, text, 1 << 12, MAX_RUN, 0, Long.MAX_VALUE);
            assertLikeOracle(profile, text, MAX_RUN, got);
        });
    }

    @ParameterizedTest
    @EnumSource
    void countsTheSameWhereverBlocksEndAndHoweverLongAWordMayBe(TextProfile profile) {
        Seeds.forEach(1_000_000, 12_000, (seed, random) -> {
            byte[] text = Texts.random(random, 60);
            int maxRun = 16 + random.nextInt(40);
            int block = 1 + random.nextInt(random.nextBoolean() ? 8 : 200);
            assertLikeOracle(profile, text, maxRun, Texts.tally(profile, text, block, maxRun, 0, text.length));
        });
    }

    @ParameterizedTest
    @EnumSource
    void everyTwoCutsOfATextAddUpToTheWhole(TextProfile profile) {
        Seeds.forEach(2_000_000, 150, (seed, random) -> {
            byte[] text = Texts.random(random, 20);
            int block = 1 + random.nextInt(30);
            int maxRun = random.nextBoolean() ? MAX_RUN : 16;
            WordTable table = new WordTable();
            ChunkTally tally = new ChunkTally(profile, table, () -> {}, block, maxRun);
            for (int a = 0; a <= text.length; a++) {
                for (int b = a; b <= text.length; b += 1 + random.nextInt(4)) {
                    table.clear();
                    TextStats stats = Texts.tally(tally, text, 0, a, b, text.length);
                    assertLikeOracle(profile, text, maxRun, new Texts.Tallied(Texts.map(table), stats));
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void chunksOfEverySizeAddUpToTheWhole(TextProfile profile) {
        Seeds.forEach(3_000_000, 150, (seed, random) -> {
            byte[] text = Texts.random(random, 60);
            for (int size = 1; size <= text.length; size++) {
                int chunk = size;
                long[] cuts = LongStream.rangeClosed(0, text.length / chunk + 1)
                        .map(i -> i * chunk)
                        .toArray();
                assertLikeOracle(profile, text, MAX_RUN, Texts.tally(profile, text, 1 + size % 70, MAX_RUN, cuts));
            }
        });
    }

    /** Such a text kept a mapper busy for ever: the run seemed to begin at bytes that belong to no run. */
    @ParameterizedTest
    @EnumSource
    void strayBytesBeforeARunThatIsTooLongAreNoPartOfIt(TextProfile profile) {
        for (int stray = 1; stray <= 5; stray++) {
            byte[] text = ("a " + "\0".repeat(stray) + "b".repeat(2_000_000) + " c").getBytes(StandardCharsets.UTF_8);
            Arrays.fill(text, 2, 2 + stray, (byte) 0x80);
            Texts.Tallied got = assertTimeoutPreemptively(
                    Duration.ofMinutes(1), () -> Texts.tally(profile, text, 1 << 20, MAX_RUN, 0, Long.MAX_VALUE));
            assertThat(got)
                    .isEqualTo(new Texts.Tallied(Map.of("a", 1L, "c", 1L), new TextStats(text.length, stray, 1)));
        }
    }

    @Test
    void aRangeOwnsTheLinesThatBeginInIt() {
        byte[] text = "one\ntwo\n\nthree".getBytes(StandardCharsets.UTF_8);
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 0, 1).words())
                .isEqualTo(Map.of("one", 1L));
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 1, 4).words())
                .isEmpty();
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 4, 5).words())
                .isEqualTo(Map.of("two", 1L));
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 5, 9).words())
                .isEmpty();
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 9, 99))
                .isEqualTo(new Texts.Tallied(Map.of("three", 1L), new TextStats(5, 0, 0)));
        assertThat(Texts.tally(TextProfile.UNICODE, text, 8, MAX_RUN, 20, 99))
                .isEqualTo(new Texts.Tallied(Map.of(), TextStats.NONE));
    }

    @Test
    void pymotwKeepsWhatIsMadeOfLetters() {
        String text = "don't multi_word x1 2nd ab\0cd e\u0301 \u00c9t\u00e9 (stop)";
        assertThat(words(TextProfile.PYMOTW, text))
                .isEqualTo(Map.of("don", 1L, "t", 1L, "multi", 1L, "word", 1L, "\u00e9t\u00e9", 1L, "stop", 1L));
    }

    @Test
    void unicodeKeepsMarksDigitsAndInnerApostrophes() {
        String text =
                "don't don\u2019t 'tis dogs' a''b rock'\u2019n multi_word x1 2nd 42 4'2 4'x ab\0cd e\u0301 1\u0301";
        assertThat(words(TextProfile.UNICODE, text))
                .isEqualTo(Map.ofEntries(
                        Map.entry("don't", 1L),
                        Map.entry("don\u2019t", 1L),
                        Map.entry("tis", 1L),
                        Map.entry("dogs", 1L),
                        Map.entry("a", 1L),
                        Map.entry("b", 1L),
                        Map.entry("rock", 1L),
                        Map.entry("n", 1L),
                        Map.entry("multi", 1L),
                        Map.entry("word", 1L),
                        Map.entry("x1", 1L),
                        Map.entry("2nd", 1L),
                        Map.entry("4'x", 1L),
                        Map.entry("ab", 1L),
                        Map.entry("cd", 1L),
                        Map.entry("e\u0301", 1L)));
    }

    @ParameterizedTest
    @EnumSource
    void lowerCasesCodePointByCodePoint(TextProfile profile) {
        assertThat(words(profile, "\u0130 \u1e9e \u03a3\u03a3 \u01c5 \u023a \u212a I \ud801\udc00"))
                .isEqualTo(Map.of(
                        "i",
                        2L,
                        "\u00df",
                        1L,
                        "\u03c3\u03c3",
                        1L,
                        "\u01c6",
                        1L,
                        "\u2c65",
                        1L,
                        "k",
                        1L,
                        "\ud801\udc28",
                        1L));
    }

    @ParameterizedTest
    @EnumSource
    void dropsAByteOrderMarkAtTheStartOnly(TextProfile profile) {
        String mark = "\ufeff";
        assertThat(words(profile, mark + "one\n" + "two")).isEqualTo(Map.of("one", 1L, "two", 1L));
        Map<String, Long> inside = profile == TextProfile.PYMOTW ? Map.of() : Map.of("one", 1L, "two", 1L);
        assertThat(words(profile, " \n" + mark + "one\n" + mark + "two")).isEqualTo(inside);
        assertThat(words(profile, mark)).isEmpty();
        assertThat(words(profile, mark + mark + "x")).hasSize(profile == TextProfile.PYMOTW ? 0 : 1);
    }

    @Test
    void pymotwSkipsComments() {
        String text = "..a\n .. b\n\u00a0\u2028..c\n. .d\n...e\n\ufeff..f\n\r\n\u0085..g\nh ..i\n..";
        assertThat(words(TextProfile.PYMOTW, text)).isEqualTo(Map.of("d", 1L, "f", 1L, "h", 1L, "i", 1L));
        assertThat(words(TextProfile.PYMOTW, "\ufeff..a\nb")).isEqualTo(Map.of("b", 1L));
        assertThat(words(TextProfile.UNICODE, "..a\n")).isEqualTo(Map.of("a", 1L));
    }

    @ParameterizedTest
    @EnumSource
    void onlyLineFeedEndsALine(TextProfile profile) {
        byte[] text = "a\rb\r\nc\u0085d\u2028e\u000bf\n".getBytes(StandardCharsets.UTF_8);
        Map<String, Long> first = Map.of("a", 1L, "b", 1L);
        Map<String, Long> second = Map.of("c", 1L, "d", 1L, "e", 1L, "f", 1L);
        assertThat(Texts.tally(profile, text, 5, MAX_RUN, 0, 4).words()).isEqualTo(first);
        assertThat(Texts.tally(profile, text, 5, MAX_RUN, 4, 6).words()).isEqualTo(second);
        assertThat(Texts.tally(profile, text, 5, MAX_RUN, 6, 99).words()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void countsEachMaximalInvalidSequenceOnceAndTakesItAsABlank(TextProfile profile) {
        // Table 3-8 of the Unicode standard: C0 AF E0 80 BF F0 81 82 41 are eight faults and an A, and so on.
        assertInvalid(profile, 8, "C0 AF E0 80 BF F0 81 82 41");
        assertInvalid(profile, 8, "ED A0 80 ED BF BF ED AF 41");
        assertInvalid(profile, 4 + 1, "F4 91 92 93 FF 41");
        assertInvalid(profile, 4, "E1 80 E2 F0 91 92 F1 BF 41");
        assertInvalid(profile, 1, "41 F0 9F 98");
        assertInvalid(profile, 1, "41 E2 82");
        assertInvalid(profile, 1, "41 C3");
    }

    private static void assertInvalid(TextProfile profile, long faults, String hex) {
        byte[] bytes = new byte[hex.length() / 3 + 1];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex, 3 * i, 3 * i + 2, 16);
        }
        for (int block = 1; block < 12; block++) {
            assertThat(Texts.tally(profile, bytes, block, MAX_RUN, 0, bytes.length))
                    .isEqualTo(new Texts.Tallied(Map.of("a", 1L), new TextStats(bytes.length, faults, 0)));
        }
    }

    @Test
    void invalidSequencesInCommentsCountToo() {
        byte[] text = "..\u00ff\u00fe\nx".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Texts.tally(TextProfile.PYMOTW, text, 100, MAX_RUN, 0, 9))
                .isEqualTo(new Texts.Tallied(Map.of("x", 1L), new TextStats(6, 2, 0)));
    }

    @ParameterizedTest
    @EnumSource
    void takesWordsUpToTheLimitAndCountsLongerRuns(TextProfile profile) {
        for (String sign : new String[] {"a", "\u00e9", "\u4e2d", "\ud801\udc00"}) {
            int size = sign.getBytes(StandardCharsets.UTF_8).length;
            String longest = sign.repeat(MAX_RUN / size);
            String text = longest + " " + longest + sign + ",x " + longest;
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            for (int block : new int[] {1 << 20, 100_003, 4096}) {
                Texts.Tallied got = Texts.tally(profile, bytes, block, MAX_RUN, 0, Long.MAX_VALUE);
                assertThat(got.stats().oversizedWords()).isEqualTo(1);
                assertThat(got.words().values()).containsExactlyInAnyOrder(2L, 1L);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsAWordOf64MegabytesInBoundedMemory(TextProfile profile) throws IOException {
        for (String sign : new String[] {"x", "\u4e2d"}) {
            byte[] period = sign.getBytes(StandardCharsets.UTF_8);
            long size = (64L << 20) / period.length * period.length;
            WordTable table = new WordTable();
            ChunkTally tally = new ChunkTally(profile, table);
            InputStream in = new ChainedEnds("..\nfirst ", new Periodic(period, size), " last");
            assertThat(tally.tally(in, 0, Long.MAX_VALUE)).isEqualTo(new TextStats(9 + size + 5, 0, 1));
            assertThat(Texts.map(table)).isEqualTo(Map.of("first", 1L, "last", 1L));
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsAHugeLineInBoundedMemory(TextProfile profile) throws IOException {
        String period = "\u4e2d\u6587\u3002 word's ";
        byte[] bytes = period.getBytes(StandardCharsets.UTF_8);
        long times = (48L << 20) / bytes.length;
        WordTable table = new WordTable();
        new ChunkTally(profile, table).tally(new Periodic(bytes, times * bytes.length), 0, Long.MAX_VALUE);
        assertThat(Texts.map(table))
                .isEqualTo(
                        profile == TextProfile.PYMOTW
                                ? Map.of("word", times, "s", times)
                                : Map.of("word's", times, "\u4e2d\u6587", times));
    }

    @ParameterizedTest
    @EnumSource
    void readsDotsApostrophesAndInvalidBytesWithoutEnd(TextProfile profile) throws IOException {
        for (int b : new int[] {'.', '\'', 0x80, 0xff, 0xc3, ' ', 0}) {
            long size = 3 << 20;
            WordTable table = new WordTable();
            TextStats stats =
                    new ChunkTally(profile, table).tally(new Periodic(new byte[] {(byte) b}, size), 0, Long.MAX_VALUE);
            boolean oneRun = profile == TextProfile.PYMOTW && b == 0;
            assertThat(stats).as("byte %x", b).isEqualTo(new TextStats(size, b >= 0x80 ? size : 0, oneRun ? 1 : 0));
            assertThat(table.size()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void callsForReliefWhenTheTableGrowsLarge(TextProfile profile) throws IOException {
        StringBuilder text = new StringBuilder();
        int words = 2 * ChunkTally.RELIEF_WORDS;
        for (int i = 0; i < words; i++) {
            for (int v = i; v > 0; v /= 26) {
                text.append((char) ('a' + v % 26));
            }
            text.append(i % 10 == 0 ? '\n' : ' ');
        }
        WordTable table = new WordTable();
        long[] moved = {0, 0};
        ChunkTally.Relief relief = () -> {
            moved[0]++;
            moved[1] += table.total().tokens();
            table.clear();
        };
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        new ChunkTally(profile, table, relief).tally(new ByteArrayInputStream(bytes), 0, bytes.length);
        assertThat(moved[0]).isEqualTo(1);
        assertThat(moved[1] + table.total().tokens()).isEqualTo(words - 1);
    }

    @ParameterizedTest
    @EnumSource
    void doesNotDependOnTheLocale(TextProfile profile) {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(new Locale("tr", "TR"));
            assertThat(words(profile, "TITLE I \u0130")).isEqualTo(Map.of("title", 1L, "i", 2L));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void goesOnAfterAFailedRead() throws IOException {
        WordTable table = new WordTable();
        ChunkTally tally = new ChunkTally(TextProfile.PYMOTW, table, () -> {}, 16, MAX_RUN);
        InputStream broken = new ChainedEnds(
                ".. comment \u00e9 without end ",
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("disk gone");
                    }

                    @Override
                    public int read(byte[] bytes, int from, int length) throws IOException {
                        return read();
                    }
                },
                "");
        assertThatThrownBy(() -> tally.tally(broken, 0, 1000)).hasMessage("disk gone");
        assertThat(Texts.tally(tally, "x".getBytes(StandardCharsets.UTF_8), 0, 1))
                .isEqualTo(new TextStats(1, 0, 0));
        assertThat(Texts.map(table)).isEqualTo(Map.of("x", 1L));
    }

    @Test
    void refusesARangeThatIsNone() {
        ChunkTally tally = new ChunkTally(TextProfile.UNICODE, new WordTable());
        assertThatThrownBy(() -> tally.tally(InputStream.nullInputStream(), 2, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @EnumSource
    void countsALargeTextLikeThePlainRules(TextProfile profile) {
        Random random = new Random(11);
        byte[] text = new byte[0];
        while (text.length < 300_000) {
            byte[] more = Texts.random(random, 2_000);
            int size = text.length;
            text = Arrays.copyOf(text, size + more.length);
            System.arraycopy(more, 0, text, size, more.length);
        }
        assertLikeOracle(profile, text, MAX_RUN, Texts.tally(profile, text, 1 << 16, MAX_RUN, 0, text.length));
        assertLikeOracle(profile, text, 100, Texts.tally(profile, text, 1 << 10, 100, 0, 1, 100_000, text.length));
    }

    /** A byte sequence over and over. */
    private static final class Periodic extends InputStream {
        private final byte[] period;
        private final long size;
        private long at;

        Periodic(byte[] period, long size) {
            this.period = period;
            this.size = size;
        }

        @Override
        public int read() {
            return at == size ? -1 : period[(int) (at++ % period.length)] & 0xff;
        }

        @Override
        public int read(byte[] b, int off, int len) {
            if (at == size) {
                return -1;
            }
            int n = (int) Math.min(len, size - at);
            int phase = (int) (at % period.length);
            for (int i = 0; i < n; i++) {
                b[off + i] = period[phase];
                phase = phase + 1 == period.length ? 0 : phase + 1;
            }
            at += n;
            return n;
        }
    }

    /** A stream between two short texts. */
    private static final class ChainedEnds extends java.io.SequenceInputStream {
        ChainedEnds(String first, InputStream middle, String last) {
            super(java.util.Collections.enumeration(java.util.List.of(
                    new ByteArrayInputStream(first.getBytes(StandardCharsets.UTF_8)),
                    middle,
                    new ByteArrayInputStream(last.getBytes(StandardCharsets.UTF_8)))));
        }
    }
}
