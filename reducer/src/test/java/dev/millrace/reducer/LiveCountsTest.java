package dev.millrace.reducer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.SmallTables;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LiveCountsTest {
    private final LiveCounts counts = new LiveCounts();
    private final Map<String, Long> expected = new HashMap<>();
    private final Set<String> changed = new HashSet<>();

    private void add(String word, long count) {
        byte[] bytes = word.getBytes(StandardCharsets.US_ASCII);
        long after = counts.add(WordHash.h64(bytes, 0, bytes.length), bytes, 0, bytes.length, count);
        assertThat(after).isEqualTo(expected.merge(word, count, Long::sum));
        changed.add(word);
    }

    private void isAsExpected() {
        long tokens = 0, digest = 0, words = 0;
        for (Map.Entry<String, Long> each : expected.entrySet()) {
            byte[] bytes = each.getKey().getBytes(StandardCharsets.US_ASCII);
            assertThat(counts.get(bytes, 0, bytes.length)).isEqualTo(each.getValue());
            tokens += each.getValue();
            digest += each.getValue() * WordHash.h64(bytes, 0, bytes.length);
            words += each.getValue() == 0 ? 0 : 1;
        }
        assertThat(counts.total()).isEqualTo(new PartitionTotal(tokens, digest));
        assertThat(counts.words()).isEqualTo(words);
        Map<String, Long> told = new HashMap<>();
        counts.forEachChanged((word, from, length, count) -> assertThat(
                        told.put(new String(word, from, length, StandardCharsets.US_ASCII), count))
                .as("told before")
                .isNull());
        assertThat(counts.changedWords()).isEqualTo(changed.size());
        assertThat(counts.changedBytes())
                .isEqualTo(changed.stream().mapToLong(String::length).sum());
        assertThat(told.keySet()).isEqualTo(changed);
        told.forEach((word, count) -> assertThat(count).isEqualTo(expected.get(word)));
    }

    @Test
    void addsAndForgetsAsAMapDoes() {
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 20_000; i++) {
                String word = (random.nextInt(10) == 0 ? "a-word-of-many-letters-" : "w") + random.nextInt(60_000);
                long held = expected.getOrDefault(word, 0L);
                add(word, held > 0 && random.nextBoolean() ? -held : 1 + random.nextInt(3));
            }
            isAsExpected();
            if (round % 3 != 0) { // one that could not be published is published with the next
                counts.settle();
                changed.clear();
                isAsExpected();
            }
        }
    }

    @Test
    void whatIsRestoredHasNotChanged() {
        for (String word : List.of("short", "a-word-of-many-letters")) {
            byte[] bytes = word.getBytes(StandardCharsets.US_ASCII);
            for (long count : new long[] {3, 0, 7}) { // an older count may come before the newest
                counts.restore(bytes, 0, bytes.length, count);
                expected.put(word, count);
                isAsExpected();
            }
        }
    }

    /** Tables chose slots by the bits that chose the table: a look-up went by dozens of others. */
    @Test
    void longWordsAreFoundAtOnceThoughTheirTableWasChosenByTheirHash() {
        List<WordTable> tables = new ArrayList<>();
        LiveCounts many = new LiveCounts(number -> {
            tables.add(WordTable.forShard(number));
            return tables.get(number);
        });
        for (int i = 0; i < 100_000; i++) {
            byte[] word = ("a-word-of-many-letters-" + i).getBytes(StandardCharsets.US_ASCII);
            many.add(WordHash.h64(word, 0, word.length), word, 0, word.length, 1);
        }
        assertThat(tables).hasSize(64).allSatisfy(table -> {
            assertThat(table.size()).isBetween(1_200, 2_000);
            assertThat(SmallTables.meanLongProbes(table)).isLessThan(2);
        });
    }

    @Test
    void wordsThatCameToZeroTakeNoMemory() {
        for (int i = 0; i < 200_000; i++) {
            add("passing" + i, 2);
            add("passing" + i, -2);
            if (i % 1_000 == 0) {
                add("staying" + i, 1);
                counts.settle();
                changed.clear();
            }
        }
        assertThat(counts.words()).isEqualTo(200);
        assertThat(counts.size()).as("words in the tables").isLessThan(64 * 600);
        isAsExpected();
    }
}
