package dev.millrace.shuffle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.PartitionTotal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WordTableTest {
    /** Bytes as Latin-1 text, so that any word can be a key of a map. */
    private static Map<String, Long> map(WordTable table) {
        Map<String, Long> map = new HashMap<>();
        table.forEach((word, from, length, count) -> assertThat(
                        map.put(new String(word, from, length, StandardCharsets.ISO_8859_1), count))
                .isNull());
        return map;
    }

    private static void add(WordTable table, String word, long count) {
        byte[] bytes = (">" + word + "<").getBytes(StandardCharsets.ISO_8859_1);
        table.add(bytes, 1, bytes.length - 2, count);
    }

    private static long get(WordTable table, String word) {
        byte[] bytes = (word + "?").getBytes(StandardCharsets.ISO_8859_1);
        return table.get(bytes, 0, bytes.length - 1);
    }

    private static String randomWord(Random random, int alphabet) {
        char[] word = new char[1 + (int) Math.abs(random.nextGaussian() * 7)];
        for (int i = 0; i < word.length; i++) {
            word[i] = (char) (1 + random.nextInt(alphabet));
        }
        return new String(word);
    }

    @Test
    void aWordTooManyIsTold() {
        WordTable table = new WordTable(2, 3);
        for (String word : List.of("a", "b", "c", "d", "d")) {
            add(table, word, 1);
        }
        assertThatThrownBy(() -> add(table, "e", 1))
                .isInstanceOf(WordTable.FullException.class)
                .hasMessageContaining("different words in one table");
    }

    @Test
    void countsLikeAMap() {
        Random random = new Random(1);
        WordTable table = new WordTable(2);
        for (int round = 0; round < 4; round++) {
            Map<String, Long> want = new HashMap<>();
            for (int i = 0; i < 100_000; i++) {
                String word = randomWord(random, round == 0 ? 2 : 255);
                long count = random.nextInt(9) - 4L;
                add(table, word, count);
                want.merge(word, count, Long::sum);
            }
            assertThat(table.size()).isEqualTo(want.size());
            assertThat(map(table)).isEqualTo(want);
            want.forEach((word, count) -> assertThat(get(table, word)).isEqualTo(count));
            assertThat(get(table, "no such word, and a long one")).isZero();
            assertThat(get(table, "no such word")).isZero();
            assertThat(get(table, "")).isZero();
            table.clear();
            assertThat(table.size()).isZero();
            assertThat(map(table)).isEmpty();
            assertThat(table.total()).isEqualTo(PartitionTotal.ZERO);
        }
    }

    @Test
    void aWordAddedAsTwoLongsIsTheWordOfItsBytes() {
        WordTable table = new WordTable();
        table.add(0x656874L, 0);
        table.add(0x656874L, 0);
        table.add(0x6867666564636261L, 0x69L);
        add(table, "the", 3);
        assertThat(map(table)).isEqualTo(Map.of("the", 5L, "abcdefghi", 1L));
    }

    @Test
    void totalsDoNotDependOnOrderAndAddUp() {
        Random random = new Random(2);
        List<String> words = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            words.add(randomWord(random, 200));
        }
        WordTable one = new WordTable();
        words.forEach(word -> add(one, word, word.length()));
        Collections.shuffle(words, random);
        WordTable other = new WordTable(2);
        WordTable first = new WordTable();
        WordTable second = new WordTable();
        words.forEach(word -> add(other, word, word.length()));
        words.forEach(word -> add(random.nextBoolean() ? first : second, word, word.length()));
        assertThat(other.total()).isEqualTo(one.total());
        assertThat(first.total().plus(second.total())).isEqualTo(one.total());
        words.forEach(word -> add(one, word, -word.length()));
        assertThat(one.total()).isEqualTo(PartitionTotal.ZERO);
        assertThat(one.size()).isEqualTo(other.size());
    }

    @Test
    void aTableAddedToAnotherIsAddedWordByWordButForTheStopWords() {
        Random random = new Random(3);
        WordTable sum = new WordTable(2);
        Map<String, Long> want = new HashMap<>();
        for (int text = 0; text < 50; text++) {
            WordTable words = WordTable.forSmallTexts();
            add(words, "the", 7);
            add(words, "an-even-longer-stop-word", 7);
            for (int i = 0; i < 1_000; i++) {
                String word = randomWord(random, 9);
                add(words, word, i % 3 - 1L);
                want.merge(word, i % 3 - 1L, Long::sum);
            }
            sum.addAll(words, StopWords.of(List.of("the", "an-even-longer-stop-word")));
        }
        assertThat(map(sum)).isEqualTo(want);
    }

    /** Of one size after another, some larger than what the table keeps, as a mapper uses it for all documents. */
    @Test
    void aTableThatIsEmptiedOftenKeepsNothingOfTheTextBefore() {
        keepsNothing(WordTable.forSmallTexts(), 9_000, 600);
        keepsNothing(WordTable.forChanges(), 90_000, 150);
    }

    private static void keepsNothing(WordTable words, int most, int texts) {
        Random random = new Random(4);
        for (int text = 0; text < texts; text++) {
            WordTable same = new WordTable(2);
            Map<String, Long> want = new HashMap<>();
            for (int i = random.nextInt(random.nextInt(20) == 0 ? most : 300); i >= 0; i--) {
                String word = randomWord(random, 1 + random.nextInt(30));
                add(words, word, i % 3 - 1L);
                add(same, word, i % 3 - 1L);
                want.merge(word, i % 3 - 1L, Long::sum);
            }
            assertThat(map(words)).isEqualTo(want);
            assertThat(words.total()).isEqualTo(same.total());
            words.clear();
            assertThat(words.size()).isZero();
            assertThat(map(words)).isEmpty();
            want.keySet().forEach(word -> assertThat(get(words, word)).isZero());
        }
    }

    @Test
    void aSumBeyond63BitsIsAnError() {
        for (String word : List.of("short", "exactly16letters", "a word of more than sixteen bytes")) {
            WordTable table = new WordTable();
            add(table, word, Long.MAX_VALUE);
            assertThatThrownBy(() -> add(table, word, 1))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining("exceeds 63 bits");
            assertThat(get(table, word)).isEqualTo(Long.MAX_VALUE);
            add(table, word, Long.MIN_VALUE);
            assertThat(get(table, word)).isEqualTo(-1);
            add(table, word, -Long.MAX_VALUE);
            assertThatThrownBy(() -> add(table, word, -1)).isInstanceOf(ArithmeticException.class);
        }
        WordTable counted = new WordTable();
        add(counted, "a", Long.MAX_VALUE);
        assertThatThrownBy(() -> counted.add('a', 0)).isInstanceOf(ArithmeticException.class);
        add(counted, "b", 1);
        assertThatThrownBy(counted::total).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void refusesWhatIsNoWord() {
        WordTable table = new WordTable();
        for (String word : List.of("", "\0", "ab\0", "\0ab", "12345678\0", "1234567\00012345678901234567890")) {
            assertThatThrownBy(() -> add(table, word, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThat(get(table, word)).isZero();
        }
        assertThat(table.size()).isZero();
    }

    @Test
    void givesTheMemoryOfAHugeTaskBack() {
        WordTable table = new WordTable();
        for (int i = 0; i < 600_000; i++) {
            add(table, "word" + i, 1);
            if (i % 4 == 0) {
                add(table, "a word of more than sixteen bytes " + i, 1);
            }
        }
        assertThat(table.size()).isEqualTo(750_000);
        assertThat(table.memoryBytes()).isBetween(20L << 20, 90L << 20);
        table.clear();
        assertThat(table.memoryBytes()).isLessThan(4 << 20);
        add(table, "x", 1);
        add(table, "a word of more than sixteen bytes", 1);
        assertThat(map(table)).isEqualTo(Map.of("x", 1L, "a word of more than sixteen bytes", 1L));
    }

    @Test
    void regularWordsDoNotCrowd() {
        for (String form : List.of("word%d", "%d", "%08d", "x%dyz", "%d_long_tail", "prefix_long_%d", "%1$dz%1$d")) {
            WordTable table = new WordTable();
            for (int i = 0; i < 100_000; i++) {
                add(table, String.format(form, i), 1);
            }
            assertThat(table.meanProbes()).as(form).isLessThan(2.5);
        }
    }

    @Test
    void stopWordsAreWholeWords() {
        StopWords stop = StopWords.of(List.of("the", "\u00e9", "incomprehensibilities"));
        for (String word : List.of("the", "\u00e9", "incomprehensibilities")) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            assertThat(stop.contains(bytes, 0, bytes.length)).isTrue();
            assertThat(stop.contains(bytes, 0, bytes.length - 1)).isFalse();
            assertThat(StopWords.NONE.contains(bytes, 0, bytes.length)).isFalse();
        }
        assertThat(stop.size()).isEqualTo(3);
    }
}
