package dev.millrace.reducer;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.PairSink;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Counts of words that come and go without end. They lie in many tables, by the hash that the digest takes as well, so that
 * what a step of growth costs, or of forgetting words, is the sixty-fourth part of what it would be with one: as documents
 * must not wait for it.
 */
final class LiveCounts {
    private static final int SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS;
    /** Below this, words that have come to zero are not worth a new table. */
    private static final int FEW_WORDS = 1 << 9;

    private final WordTable[] shards = new WordTable[SHARDS];
    /** Words with a count other than zero, by shard. */
    private final int[] held = new int[SHARDS];

    private long words;
    private int changed;
    private long changedBytes;

    LiveCounts() {
        this(WordTable::forShard);
    }

    LiveCounts(IntFunction<WordTable> tables) {
        Arrays.setAll(shards, tables);
    }

    /**
     * Adds to the count of a word, which is among the changed ones then.
     *
     * @param hash the word's {@link WordHash#h64}
     * @return the count then
     * @throws IllegalArgumentException if the word is empty or holds a zero byte
     * @throws ArithmeticException if the count exceeds 63 bits
     * @throws WordTable.FullException if the word is one too many
     */
    long add(long hash, byte[] word, int from, int length, long count) {
        int shard = shard(hash);
        WordTable table = shards[shard];
        int changes = table.changes();
        long after = table.change(word, from, length, count);
        if (table.changes() > changes) {
            changed++;
            changedBytes += length;
        }
        hold(shard, (after == 0 ? 0 : 1) - (after == count ? 0 : 1));
        return after;
    }

    /**
     * Sets the count of a word, which nobody has changed.
     *
     * @throws ArithmeticException if it is so far from the one before that the difference exceeds 63 bits
     * @throws WordTable.FullException if the word is one too many
     */
    void restore(byte[] word, int from, int length, long count) {
        int shard = shard(WordHash.h64(word, from, length));
        long before = shards[shard].get(word, from, length);
        shards[shard].add(word, from, length, Math.subtractExact(count, before));
        hold(shard, (count == 0 ? 0 : 1) - (before == 0 ? 0 : 1));
    }

    private void hold(int shard, int more) {
        held[shard] += more;
        words += more;
    }

    /** The count of a word, 0 if it is not held. */
    long get(byte[] word, int from, int length) {
        return shards[shard(WordHash.h64(word, from, length))].get(word, from, length);
    }

    /** Words with a count other than zero. */
    long words() {
        return words;
    }

    /**
     * Tokens and digest of all words.
     *
     * @throws ArithmeticException if the tokens exceed 63 bits
     */
    PartitionTotal total() {
        PartitionTotal total = PartitionTotal.ZERO;
        for (WordTable shard : shards) {
            total = total.plus(shard.total());
        }
        return total;
    }

    /** Words that were added to since the last {@link #settle()}. */
    int changedWords() {
        return changed;
    }

    /** Bytes of those words. */
    long changedBytes() {
        return changedBytes;
    }

    /** Gives those words and their counts, in no order that means anything. */
    void forEachChanged(PairSink sink) {
        for (WordTable shard : shards) {
            shard.forEachChanged(sink);
        }
    }

    /** No word counts as changed any more; those that have come to zero are forgotten, where they are the most of a table. */
    void settle() {
        for (WordTable shard : shards) {
            shard.forgetChanges();
        }
        changed = 0;
        changedBytes = 0;
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

    /** By the highest bits: by the lowest a table finds its long words, and all of a shard would have the same. */
    private static int shard(long hash) {
        return (int) (hash >>> Long.SIZE - SHARD_BITS);
    }
}
