package dev.millrace.driver.continuous;

import dev.millrace.shuffle.WordTable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The counts of words as they were read last. One thread. */
final class LatestCounts {
    /** Fewer words that came to zero are not worth a copy of the others. */
    private static final int FEW_WORDS = 10_000;

    private WordTable counts = new WordTable();
    private long words, tokens;

    /** Returns whether that is another count than before. */
    boolean set(byte[] word, long count) {
        long before = counts.get(word, 0, word.length);
        counts.add(word, 0, word.length, count - before);
        words += (count == 0 ? 0 : 1) - (before == 0 ? 0 : 1);
        tokens += count - before;
        if (counts.size() > 2 * words + FEW_WORDS) {
            forgetZeros();
        }
        return count != before;
    }

    private void forgetZeros() {
        WordTable kept = new WordTable();
        counts.forEach((word, from, length, count) -> {
            if (count != 0) {
                kept.add(word, from, length, count);
            }
        });
        counts = kept;
    }

    /** Distinct words, those that came to zero left out. */
    long words() {
        return words;
    }

    /** Sum of all counts. */
    long tokens() {
        return tokens;
    }

    /** Words held, those that came to zero and are not forgotten yet included. */
    int held() {
        return counts.size();
    }

    private record Ranked(byte[] word, long count) {
        /** The worst first. */
        static final Comparator<Ranked> WORST_FIRST =
                Comparator.comparingLong(Ranked::count).thenComparing((a, b) -> Arrays.compareUnsigned(b.word, a.word));
    }

    /**
     * The most frequent words, in the order of all tables.
     *
     * @param most of them; any number
     */
    List<LiveTable.WordCount> top(int most) {
        PriorityQueue<Ranked> best = new PriorityQueue<>(Ranked.WORST_FIRST);
        if (most > 0) {
            counts.forEach((word, from, length, count) -> {
                Ranked worst = best.size() < most ? null : best.peek();
                if (count != 0 && (worst == null || count >= worst.count)) {
                    best.add(new Ranked(Arrays.copyOfRange(word, from, from + length), count));
                    if (worst != null) {
                        best.remove();
                    }
                }
            });
        }
        LiveTable.WordCount[] ordered = new LiveTable.WordCount[best.size()];
        for (int i = ordered.length - 1; i >= 0; i--) {
            Ranked each = best.remove();
            ordered[i] = new LiveTable.WordCount(new String(each.word, StandardCharsets.UTF_8), each.count);
        }
        return Arrays.asList(ordered);
    }
}
