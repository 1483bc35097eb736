package dev.millrace.driver.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.PartitionTotal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResultTableTest {
    private static final long SEED = Long.getLong("millrace.seed", System.nanoTime());

    @Test
    void ordersByCodePointAndNotByUtf16() throws IOException {
        String supplementary = new String(Character.toChars(0x10400));
        String privateUse = "\uff5a";
        ResultTable table = Words.table(Map.of(supplementary, 1L, privateUse, 1L, "z", 1L, "é", 1L, "a", 2L));
        assertThat(supplementary).as("UTF-16 has it the other way round").isLessThan(privateUse);
        assertThat(ordered(table, Integer.MAX_VALUE)).containsExactly("a", "z", "é", privateUse, supplementary);
    }

    @Test
    void aPrefixComesFirstAlsoWhereZerosFollow() throws IOException {
        ResultTable table = new ResultTable(Words.DIGEST);
        List<String> words = new ArrayList<>();
        for (int zeros = 0; zeros < 40; zeros++) {
            words.add("a" + "\0".repeat(zeros));
            words.add("a" + "\0".repeat(zeros) + "b");
        }
        words.forEach(word -> Words.add(table, word, 7));
        Collections.sort(words);
        assertThat(ordered(table, Integer.MAX_VALUE)).isEqualTo(words);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 100, 5_000, 60_000})
    void agreesWithATreeMap(int size) throws IOException {
        Random random = new Random(SEED + size);
        Map<String, Long> oracle = new HashMap<>();
        while (oracle.size() < size) {
            oracle.put(word(random), count(random));
        }
        ResultTable table = Words.table(oracle);
        List<String> expected = oracle.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Long> e) -> -e.getValue())
                        .thenComparing(Map.Entry::getKey, ResultTableTest::byCodePoint))
                .map(Map.Entry::getKey)
                .toList();
        assertThat(table.size()).as("seed %d", SEED).isEqualTo(size);
        for (int limit : new int[] {0, 1, 3, size / 20, size / 2, size, Integer.MAX_VALUE}) {
            assertThat(ordered(table, limit))
                    .as("seed %d, the first %d", SEED, limit)
                    .isEqualTo(expected.subList(0, Math.min(limit, size)));
        }
        oracle.forEach((word, count) ->
                assertThat(table.count(word.getBytes(StandardCharsets.UTF_8))).isEqualTo(count));
        assertThat(table.count("not there".getBytes(StandardCharsets.UTF_8))).isZero();
    }

    @Test
    void manyWordsWithOneLongBeginning() throws IOException {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            words.add("x".repeat(300) + (100_000 + i));
        }
        List<String> shuffled = new ArrayList<>(words);
        Collections.shuffle(shuffled, new Random(SEED));
        ResultTable table = new ResultTable(Words.DIGEST);
        shuffled.forEach(word -> Words.add(table, word, 1));
        assertThat(ordered(table, Integer.MAX_VALUE)).isEqualTo(words);
    }

    @Test
    void holdsAWordLongerThanAPage() throws IOException {
        String huge = "é".repeat(1 << 20);
        ResultTable table = Words.table(Map.of("a", 1L, huge, 2L, "b", 3L));
        assertThat(ordered(table, 3)).containsExactly("b", huge, "a");
        assertThat(table.count(huge.getBytes(StandardCharsets.UTF_8))).isEqualTo(2);
    }

    @Test
    void theSameCountTwiceIsOneAndADifferentOneFails() {
        ResultTable table = Words.table(Map.of("mill", 3L));
        Words.add(table, "mill", 3);
        assertThat(table.size()).isOne();
        assertThat(table.total().tokens()).isEqualTo(3);
        assertThatThrownBy(() -> Words.add(table, "mill", 4))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("two counts of one word, 'mill': 3 and 4");
    }

    @Test
    void totalsAddUpOverTablesAndWrapNowhere() {
        ResultTable all = Words.table(Map.of("a", 5L, "b", 1L, "c", Long.MAX_VALUE - 6));
        PartitionTotal parts = Words.table(Map.of("c", Long.MAX_VALUE - 6))
                .total()
                .plus(Words.table(Map.of("b", 1L, "a", 5L)).total());
        assertThat(all.total()).isEqualTo(parts);
        byte[] a = {'a'};
        assertThat(Words.table(Map.of("a", 5L)).total().digest()).isEqualTo(5 * Words.DIGEST.h64(a, 0, 1));
        assertThatThrownBy(() -> Words.add(all, "d", 2)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> Words.add(all, "d", 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void survivesADigestThatTellsNothingApart() throws IOException {
        ResultTable table = new ResultTable((word, from, length) -> 1);
        List<String> words = new ArrayList<>();
        for (int i = 1_000; i < 3_000; i++) {
            words.add("w" + i);
            Words.add(table, "w" + i, 1);
        }
        assertThat(ordered(table, Integer.MAX_VALUE)).isEqualTo(words);
    }

    static List<String> ordered(ResultTable table, int limit) throws IOException {
        List<String> words = new ArrayList<>();
        table.forEach(
                limit,
                (bytes, from, length, count) -> words.add(new String(bytes, from, length, StandardCharsets.UTF_8)));
        return words;
    }

    private static int byCodePoint(String a, String b) {
        int[] left = a.codePoints().toArray();
        int[] right = b.codePoints().toArray();
        for (int i = 0; i < Math.min(left.length, right.length); i++) {
            if (left[i] != right[i]) {
                return Integer.compare(left[i], right[i]);
            }
        }
        return Integer.compare(left.length, right.length);
    }

    private static String word(Random random) {
        int[] alphabet = {'a', 'b', 'c', 'é', 'ß', 'я', '語', 0xff5a, 0x10400, 0x1d400};
        int length = random.nextInt(10) == 0 ? random.nextInt(200) : 1 + random.nextInt(9);
        StringBuilder word = new StringBuilder(random.nextInt(3) == 0 ? "commonbeginning" : "");
        for (int i = 0; i < length; i++) {
            word.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return word.toString();
    }

    /** Mostly small ones, so that many words share a count, and now and then one beyond 32 bits. */
    private static long count(Random random) {
        return switch (random.nextInt(20)) {
            case 0 -> 1 + (random.nextLong() >>> 24);
            case 1 -> 1 + random.nextInt(1_000_000);
            default -> 1 + random.nextInt(3);
        };
    }
}
