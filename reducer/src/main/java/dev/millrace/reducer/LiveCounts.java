package dev.millrace.reducer;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;

/**
 * Counts of words that come and go without end. They lie in many tables, by the hash that the digest takes as well, so that
 * what a step of growth costs, or of forgetting words, is the sixty-fourth part of what it would be with one: as documents
 * must not wait for it.
 */
final class LiveCounts {
    private static final int SHARDS = 64;
    /** Below this, words that have come to zero are not worth a new table. */
    private static final int FEW_WORDS = 1 << 9;

    private final WordTable[] shards = new WordTable[SHARDS];
    /** Words with a count other than zero, by shard. */
    private final int[] held = new int[SHARDS];

    private long words;

    LiveCounts() {
        for (int i = 0; i < SHARDS; i++) {
            shards[i] = WordTable.forShard(i);
        }
    }

    /**
     * Adds to the count of a word.
     *
     * @param hash the word's {@link WordHash#h64}
     * @return the count then
     * @throws IllegalArgumentException if the word is empty or holds a zero byte
     * @throws ArithmeticException if the count exceeds 63 bits
     */
    long add(long hash, byte[] word, int from, int length, long count) {
        int shard = shard(hash);
        long after = shards[shard].add(word, from, length, count);
        int came = (after == 0 ? 0 : 1) - (after == count ? 0 : 1);
        held[shard] += came;
        words += came;
        return after;
    }

    /** The count of a word, 0 if it is not held. */
    long get(byte[] word, int from, int length) {
        return shards[shard(WordHash.h64(word, from, length))].get(word, from, length);
    }

    /** Words with a count other than zero. */
    long words() {
        return words;
    }

    /** Tokens and digest of all words. */
    PartitionTotal total() {
        PartitionTotal total = PartitionTotal.ZERO;
        for (WordTable shard : shards) {
            total = total.plus(shard.total());
        }
        return total;
    }

    /** Forgets words that have come to zero, where they are the most of a table. */
    void forgetZeros() {
        for (int i = 0; i < SHARDS; i++) {
            WordTable full = shards[i];
            if (full.size() > FEW_WORDS && full.size() > 2 * held[i]) {
                WordTable rest = WordTable.forShard(i);
                full.forEach((word, from, length, count) -> {
                    if (count != 0) {
                        rest.add(word, from, length, count);
                    }
                });
                shards[i] = rest;
            }
        }
    }

    /** Those with count 0 included, which take memory too. */
    int size() {
        int size = 0;
        for (WordTable shard : shards) {
            size += shard.size();
        }
        return size;
    }

    private static int shard(long hash) {
        return (int) hash & SHARDS - 1;
    }
}
