package dev.millrace.shuffle;

import dev.millrace.job.PartitionTotal;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Words and their signed counts: the combiner of a mapper and the accumulator of a reducer. A word is any sequence of
 * bytes without a zero byte. Every sum is exact: an {@link ArithmeticException} tells of one beyond 63 bits, a
 * {@link FullException} of more words than a table can hold; after either the table is of no more use. For one
 * thread.
 *
 * <p>Implementation: open addressing with linear probing. A word of up to 16 bytes is its own key, two zero-filled
 * longs (see {@link Lanes}), so that the usual look-up compares two longs in one cache line and follows no pointer. A
 * slot is four longs: head, tail, count, and 1 where the word is among the changed ones; a slot with head 0 is free.
 * Longer words, about one in a hundred, lie one behind the other in an arena, found by a second table of entry numbers.
 */
public final class WordTable {
    private static final int FIRST_BITS = 14;
    private static final int KEPT_BITS = 16;
    private static final int SMALL_BITS = 9;
    private static final int SPARSE_BITS = 18;
    private static final int NO_SHARD = -1;
    private static final int MAX_BITS = 28;
    private static final int SLOT = 4;
    private static final int FIRST_CHANGES = 1 << 4;
    private static final int FIRST_LONG_WORDS = 1 << 8;
    private static final int FIRST_ARENA_BYTES = 1 << 13;
    private static final int KEPT_LONG_WORDS = 1 << 13;
    private static final int KEPT_ARENA_BYTES = 1 << 18;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final int firstBits;
    private final int keptBits;
    private final int mostBits;
    /** Of a shard its number among 64; else {@link #NO_SHARD}. */
    private final int shard;

    private long[] slots;
    /** The used slots in the order they came, of a table that is emptied often: so what that costs goes by its words. */
    private int @Nullable [] order;
    /** Slots, and of longer words the complements of entry numbers, each once. */
    private int[] changed = {};

    private int changes;
    private final BitSet longChanged = new BitSet();

    private int shift;
    private int used;
    private int growAt;

    private int[] longSlots = new int[2 * FIRST_LONG_WORDS]; // number of the entry plus 1, or 0 for a free slot
    private int[] ends = new int[FIRST_LONG_WORDS]; // where the word of an entry ends in the arena; it starts where
    private int[] hashes = new int[FIRST_LONG_WORDS]; // the one before ends
    private long[] longCounts = new long[FIRST_LONG_WORDS];
    private byte[] arena = new byte[FIRST_ARENA_BYTES];
    private int longWords;

    /** There are more words than a table can hold: some hundred million, or 2 GiB of those longer than 16 bytes. */
    public static final class FullException extends RuntimeException {
        private static final long serialVersionUID = 1;

        FullException(String message) {
            super(message);
        }
    }

    public WordTable() {
        this(FIRST_BITS);
    }

    WordTable(int bits) {
        this(bits, MAX_BITS);
    }

    /** One that holds fewer words than memory is there for, for tests of what then happens. */
    WordTable(int bits, int mostBits) {
        this(bits, Math.max(bits, KEPT_BITS), mostBits, NO_SHARD);
    }

    private WordTable(int bits, int kept, int mostBits, int shard) {
        firstBits = bits;
        keptBits = kept;
        this.mostBits = mostBits;
        this.shard = shard;
        slots = new long[SLOT << bits];
        resized(bits);
    }

    /** A table that is quick to read and to clear: for many texts of a few hundred words, one after another. */
    public static WordTable forSmallTexts() {
        return ordered(SMALL_BITS + 2);
    }

    /** The same for what is mostly a few words and at times many: it keeps more of the memory that it had grown to. */
    public static WordTable forChanges() {
        return ordered(KEPT_BITS);
    }

    /**
     * One of 64 that together are a large table, so that it grows step by step: with as many words in each, they grow at
     * different times.
     *
     * @param number from 0
     */
    public static WordTable forShard(int number) {
        return new WordTable(SMALL_BITS, SMALL_BITS, MAX_BITS, number);
    }

    private static WordTable ordered(int kept) {
        WordTable table = new WordTable(SMALL_BITS, kept, MAX_BITS, NO_SHARD);
        table.order = new int[table.growAt + 1];
        return table;
    }

    private void resized(int bits) {
        shift = 64 - bits;
        if (shard >= 0) {
            growAt = 128 + shard << bits - 8; // from half to three quarters
        } else {
            growAt = bits < SPARSE_BITS ? 1 << bits - 1 : 3 << bits - 2; // large tables trade probes for memory
        }
        if (order != null) {
            order = new int[growAt + 1];
        }
    }

    /** How many slots have to be looked at to see all used ones. */
    private int places() {
        return order == null ? slots.length >> 2 : used;
    }

    /** The slot to look at there; it may be free. */
    private int place(int n) {
        return order == null ? n << 2 : order[n];
    }

    /** Words held, those with count 0 included. */
    public int size() {
        return used + longWords;
    }

    /** Bytes that the table holds for itself, words included. */
    public long memoryBytes() {
        int places = order == null ? 0 : order.length;
        return 8L * slots.length
                + 4L * (places + changed.length)
                + 16L * ends.length
                + 4L * longSlots.length
                + arena.length;
    }

    /** Slots looked at to find an inline word, on average; for tests of the hash. */
    double meanProbes() {
        long probes = 0;
        for (int i = 0; i < slots.length; i += SLOT) {
            if (slots[i] != 0) {
                probes += 1 + ((i - slot(slots[i], slots[i + 1]) & slots.length - 1) >> 2);
            }
        }
        return used == 0 ? 0 : (double) probes / used;
    }

    /** The same for a word of more than 16 bytes. */
    double meanLongProbes() {
        long probes = 0;
        int mask = longSlots.length - 1;
        for (int i = 0; i <= mask; i++) {
            if (longSlots[i] != 0) {
                probes += 1 + (i - hashes[longSlots[i] - 1] & mask);
            }
        }
        return longWords == 0 ? 0 : (double) probes / longWords;
    }

    /** Forgets all words. A table that had grown large gives its memory back. */
    public void clear() {
        forgetChanges();
        if (64 - shift > keptBits) {
            slots = new long[SLOT << firstBits];
            resized(firstBits);
        } else if (order == null) {
            Arrays.fill(slots, 0);
        } else {
            for (int n = 0; n < used; n++) {
                slots[order[n]] = 0;
            }
        }
        if (ends.length > KEPT_LONG_WORDS) {
            ends = new int[FIRST_LONG_WORDS];
            hashes = new int[FIRST_LONG_WORDS];
            longCounts = new long[FIRST_LONG_WORDS];
            longSlots = new int[2 * FIRST_LONG_WORDS];
        } else if (longWords > 0) {
            Arrays.fill(longSlots, 0);
        }
        if (arena.length > KEPT_ARENA_BYTES) {
            arena = new byte[FIRST_ARENA_BYTES];
        }
        used = 0;
        longWords = 0;
    }

    /**
     * Counts a word of up to 16 bytes once.
     *
     * @param head its first eight bytes, little-endian, filled up with zero bytes; not 0
     * @param tail its other bytes, or 0
     */
    public void add(long head, long tail) {
        long[] s = slots;
        int i = slot(head, tail);
        if (s[i] == head && s[i + 1] == tail) {
            s[i + 2] = sum(s[i + 2], 1);
        } else {
            addProbing(head, tail, 1);
        }
    }

    /**
     * Adds to the count of a word.
     *
     * @return the count then
     * @throws IllegalArgumentException if the word is empty or holds a zero byte
     * @throws ArithmeticException if the count exceeds 63 bits
     * @throws FullException if the word is one too many
     */
    public long add(byte[] word, int from, int length, long count) {
        requireWord(word, from, length);
        if (length > Lanes.INLINE_BYTES) {
            return addLong(word, from, length, count);
        }
        return addProbing(Lanes.lane(word, from, length), tail(word, from, length), count);
    }

    /** As {@link #add(byte[], int, int, long)}; the word is among the changed ones then. */
    public long change(byte[] word, int from, int length, long count) {
        requireWord(word, from, length);
        if (length > Lanes.INLINE_BYTES) {
            int e = longEntry(word, from, length);
            if (!longChanged.get(e)) {
                longChanged.set(e);
                changed(~e);
            }
            longCounts[e] = sum(longCounts[e], count);
            return longCounts[e];
        }
        int i = claim(Lanes.lane(word, from, length), tail(word, from, length));
        if (slots[i + 3] == 0) {
            slots[i + 3] = 1;
            changed(i);
        }
        slots[i + 2] = sum(slots[i + 2], count);
        return slots[i + 2];
    }

    /** Whether it can be counted: it is not empty and holds no zero byte. */
    public static boolean isWord(byte[] word, int from, int length) {
        return length > 0 && !Lanes.hasZero(word, from, length);
    }

    private static void requireWord(byte[] word, int from, int length) {
        if (!isWord(word, from, length)) {
            throw new IllegalArgumentException("a word is not empty and holds no zero byte");
        }
    }

    private static long tail(byte[] word, int from, int length) {
        return length > 8 ? Lanes.lane(word, from + 8, length - 8) : 0;
    }

    private void changed(int where) {
        if (changes == changed.length) {
            changed = Arrays.copyOf(changed, Math.max(FIRST_CHANGES, 2 * changes));
        }
        changed[changes++] = where;
    }

    /** Words that {@link #change} was called with since the last {@link #forgetChanges()}. */
    public int changes() {
        return changes;
    }

    /** Gives those words and their counts, in no order that means anything. */
    public void forEachChanged(PairSink sink) {
        byte[] word = new byte[Lanes.INLINE_BYTES];
        for (int n = 0; n < changes; n++) {
            int i = changed[n];
            if (i < 0) {
                longPair(~i, sink);
            } else {
                inlinePair(i, word, sink);
            }
        }
    }

    /** No word counts as changed any more. */
    public void forgetChanges() {
        for (int n = 0; n < changes; n++) {
            if (changed[n] >= 0) {
                slots[changed[n] + 3] = 0;
            }
        }
        longChanged.clear();
        changes = 0;
    }

    /** The count of a word, 0 if it is not held. */
    public long get(byte[] word, int from, int length) {
        if (length > Lanes.INLINE_BYTES) {
            int e = longSlots[longSlot(word, from, length, longHash(word, from, length))] - 1;
            return e < 0 ? 0 : longCounts[e];
        }
        if (length <= 0 || Lanes.hasZero(word, from, length)) {
            return 0;
        }
        return get(Lanes.lane(word, from, length), tail(word, from, length));
    }

    long get(long head, long tail) {
        int i = find(head, tail);
        return slots[i] == 0 ? 0 : slots[i + 2];
    }

    /** Gives every word, in no order that means anything, those with count 0 included. */
    public void forEach(PairSink sink) {
        byte[] word = new byte[Lanes.INLINE_BYTES];
        for (int n = 0, places = places(); n < places; n++) {
            int i = place(n);
            if (slots[i] != 0) {
                inlinePair(i, word, sink);
            }
        }
        for (int e = 0; e < longWords; e++) {
            longPair(e, sink);
        }
    }

    private void inlinePair(int i, byte[] word, PairSink sink) {
        Lanes.LONG.set(word, 0, slots[i]);
        Lanes.LONG.set(word, 8, slots[i + 1]);
        sink.pair(word, 0, Lanes.length(slots[i], slots[i + 1]), slots[i + 2]);
    }

    private void longPair(int e, PairSink sink) {
        sink.pair(arena, start(e), ends[e] - start(e), longCounts[e]);
    }

    /**
     * Tokens and digest of all words.
     *
     * @throws ArithmeticException if the tokens exceed 63 bits
     */
    public PartitionTotal total() {
        long tokens = 0;
        long digest = 0;
        for (int n = 0, places = places(); n < places; n++) {
            int i = place(n);
            if (slots[i] != 0) {
                tokens = sum(tokens, slots[i + 2]);
                int length = Lanes.length(slots[i], slots[i + 1]);
                digest += slots[i + 2] * WordHash.h64(slots[i], slots[i + 1], length);
            }
        }
        for (int e = 0; e < longWords; e++) {
            tokens = sum(tokens, longCounts[e]);
            digest += longCounts[e] * WordHash.h64(arena, start(e), ends[e] - start(e));
        }
        return new PartitionTotal(tokens, digest);
    }

    /** Puts every word with a count, but for the dropped ones, into the block of its partition. */
    void putInto(PairBlocks out, StopWords dropped) {
        for (int n = 0, places = places(); n < places; n++) {
            int i = place(n);
            if (slots[i] != 0 && slots[i + 2] != 0 && !dropped.contains(slots[i], slots[i + 1])) {
                out.put(slots[i], slots[i + 1], slots[i + 2]);
            }
        }
        for (int e = 0; e < longWords; e++) {
            int length = ends[e] - start(e);
            if (longCounts[e] != 0 && !dropped.contains(arena, start(e), length)) {
                out.put(arena, start(e), length, longCounts[e]);
            }
        }
    }

    /**
     * Adds the counts of another table, but for the dropped words.
     *
     * @throws ArithmeticException if a count exceeds 63 bits
     */
    public void addAll(WordTable other, StopWords dropped) {
        long[] from = other.slots;
        for (int n = 0, places = other.places(); n < places; n++) {
            int i = other.place(n);
            if (from[i] != 0 && !dropped.contains(from[i], from[i + 1])) {
                addProbing(from[i], from[i + 1], from[i + 2]);
            }
        }
        for (int e = 0; e < other.longWords; e++) {
            int start = other.start(e), length = other.ends[e] - start;
            if (!dropped.contains(other.arena, start, length)) {
                addLong(other.arena, start, length, other.longCounts[e]);
            }
        }
    }

    private int slot(long head, long tail) {
        return (int) ((head ^ Long.rotateLeft(tail, 29)) * MIX >>> shift) << 2;
    }

    long addProbing(long head, long tail, long count) {
        int i = claim(head, tail);
        slots[i + 2] = sum(slots[i + 2], count);
        return slots[i + 2];
    }

    /** The slot of a word, which is new, with count 0, where it was not held. */
    private int claim(long head, long tail) {
        int i = find(head, tail);
        if (slots[i] == 0) {
            slots[i] = head;
            slots[i + 1] = tail;
            slots[i + 2] = 0;
            if (order != null) {
                order[used] = i;
            }
            if (++used > growAt) {
                grow();
                return find(head, tail);
            }
        }
        return i;
    }

    /** The slot of a word, or the free one where it belongs. */
    private int find(long head, long tail) {
        long[] s = slots;
        int i = slot(head, tail);
        for (int mask = s.length - 1; s[i] != 0 && (s[i] != head || s[i + 1] != tail); i = i + SLOT & mask) {}
        return i;
    }

    private void grow() {
        int bits = 64 - shift + 1;
        if (bits > mostBits) {
            throw new FullException("more than " + (used - 1) + " different words in one table");
        }
        long[] old = slots;
        slots = new long[SLOT << bits];
        resized(bits);
        used = 0;
        for (int from = 0; from < old.length; from += SLOT) {
            if (old[from] != 0) {
                int to = claim(old[from], old[from + 1]);
                slots[to + 2] = old[from + 2];
                slots[to + 3] = old[from + 3];
            }
        }
        for (int n = 0; n < changes; n++) {
            if (changed[n] >= 0) {
                changed[n] = find(old[changed[n]], old[changed[n] + 1]);
            }
        }
    }

    /** Adds to the count of a word of more than 16 bytes. */
    private long addLong(byte[] word, int from, int length, long count) {
        int e = longEntry(word, from, length);
        longCounts[e] = sum(longCounts[e], count);
        return longCounts[e];
    }

    /** The entry of such a word, which is new, with count 0, where it was not held. */
    private int longEntry(byte[] word, int from, int length) {
        int hash = longHash(word, from, length);
        int i = longSlot(word, from, length, hash);
        int known = longSlots[i] - 1;
        if (known >= 0) {
            return known;
        }
        if (longWords == ends.length) {
            growLong();
            i = longSlot(word, from, length, hash);
        }
        int e = longWords;
        int start = start(e);
        if (length > arena.length - start) {
            arena = Arrays.copyOf(arena, largerArena(start, length));
        }
        System.arraycopy(word, from, arena, start, length);
        ends[e] = start + length;
        hashes[e] = hash;
        longCounts[e] = 0;
        longSlots[i] = e + 1;
        longWords++;
        return e;
    }

    private int largerArena(int start, int length) {
        long needed = (long) start + length;
        if (needed > Integer.MAX_VALUE - 8) {
            throw new FullException("more than 2 GiB of words longer than 16 bytes in one table");
        }
        return (int) Math.max(needed, Math.min(arena.length * 2L, Integer.MAX_VALUE - 8));
    }

    /** The slot of the word, or the free one where it belongs. */
    private int longSlot(byte[] word, int from, int length, int hash) {
        int mask = longSlots.length - 1;
        int i = hash & mask;
        for (int e; (e = longSlots[i] - 1) >= 0; i = i + 1 & mask) {
            if (hashes[e] == hash && Arrays.equals(arena, start(e), ends[e], word, from, from + length)) {
                break;
            }
        }
        return i;
    }

    private static int longHash(byte[] word, int from, int length) {
        return (int) WordHash.h64(word, from, length);
    }

    private int start(int entry) {
        return entry == 0 ? 0 : ends[entry - 1];
    }

    private void growLong() {
        int n = Math.multiplyExact(ends.length, 2);
        ends = Arrays.copyOf(ends, n);
        hashes = Arrays.copyOf(hashes, n);
        longCounts = Arrays.copyOf(longCounts, n);
        longSlots = new int[Math.multiplyExact(n, 2)];
        int mask = longSlots.length - 1;
        for (int e = 0; e < longWords; e++) {
            int i = hashes[e] & mask;
            while (longSlots[i] != 0) {
                i = i + 1 & mask;
            }
            longSlots[i] = e + 1;
        }
    }

    private static long sum(long count, long more) {
        long sum = count + more;
        if (((count ^ sum) & (more ^ sum)) < 0) {
            throw new ArithmeticException("count overflow: " + count + " + " + more + " exceeds 63 bits");
        }
        return sum;
    }
}
