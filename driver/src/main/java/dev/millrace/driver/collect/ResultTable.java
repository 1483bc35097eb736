package dev.millrace.driver.collect;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.WordHash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * All counts of a finished job: a map from words to counts that adds up their total and hands them out in order, count
 * descending, then word by its UTF-8 bytes (which is by code point). One thread.
 *
 * <p>Implementation: words lie one behind the other in pages of bytes, each behind its length, and no word crosses a
 * page. Positions, counts and hashes lie in pages too, so that growing copies only the slots of the hash table. A word
 * takes 20 bytes, 6 to 13 of slots, and its own bytes with 1 to 3 of length.
 */
public final class ResultTable {
    private static final int TEXT_PAGE_BYTES = 1 << 20;
    /** A position is the page's number above this many bits, and the offset in the page below. */
    private static final int OFFSET_BITS = 31;

    private static final long OFFSET_MASK = (1L << OFFSET_BITS) - 1;
    private static final int ENTRY_PAGE_BITS = 14;
    private static final int ENTRY_PAGE = 1 << ENTRY_PAGE_BITS;
    private static final int ENTRY_MASK = ENTRY_PAGE - 1;
    private static final int MAX_SLOTS = 1 << 30;

    private final WordDigest digest;
    private byte[][] text = new byte[4][];
    private int textPages;
    private int pageUsed;
    private long[][] positions = new long[4][];
    private long[][] counts = new long[4][];
    private int[][] hashes = new int[4][];
    private int size;
    /** Entry number + 1, or 0 for a free slot. */
    private int[] slots = new int[1 << 10];

    private long tokens;
    private long digestSum;

    /** An empty table, whose totals compare with those of the shuffle. */
    public ResultTable() {
        this(WordHash::h64);
    }

    /** @param digest hashes words, for {@link #total()} */
    ResultTable(WordDigest digest) {
        this.digest = digest;
    }

    /**
     * Adds one word. A word that is there already with the same count is left alone, as result topics may hold a count
     * twice.
     *
     * @param word holds the word's UTF-8 bytes in {@code [from, from + length)}; copied
     * @param count at least 1
     * @throws IllegalStateException if the word is there with another count
     * @throws ArithmeticException if the sum of all counts exceeds 63 bits
     */
    public void add(byte[] word, int from, int length, long count) {
        if (count < 1) {
            throw new IllegalArgumentException("a count of " + count);
        }
        long h64 = digest.h64(word, from, length);
        int hash = spread(h64);
        int slot = slotOf(word, from, length, hash);
        if (slots[slot] != 0) {
            long known = countOf(slots[slot] - 1);
            if (known != count) {
                String shown = new String(word, from, length, StandardCharsets.UTF_8);
                throw new IllegalStateException("two counts of one word, '" + shown + "': " + known + " and " + count);
            }
            return;
        }
        tokens = Math.addExact(tokens, count);
        digestSum += count * h64;
        slots[slot] = append(word, from, length, count, hash) + 1;
        if (size > slots.length / 4 * 3) {
            grow();
        }
    }

    /** Distinct words. */
    public int size() {
        return size;
    }

    /** The word's count, 0 for a word that is not there. */
    public long count(byte[] word) {
        int entry = slots[slotOf(word, 0, word.length, spread(digest.h64(word, 0, word.length)))] - 1;
        return entry < 0 ? 0 : countOf(entry);
    }

    /** Tokens and digest of all words. */
    public PartitionTotal total() {
        return new PartitionTotal(tokens, digestSum);
    }

    /**
     * Hands out the first words in order.
     *
     * @param limit most words to hand out; far fewer than there are cost no full sort
     */
    public void forEach(int limit, WordSink sink) throws IOException {
        if (limit < 0) {
            throw new IllegalArgumentException("the first " + limit + " words");
        }
        for (int entry : new WordOrder(this).first(Math.min(limit, size))) {
            long position = positionOf(entry);
            sink.accept(page(position), offset(position), lengthOf(entry), countOf(entry));
        }
    }

    /** Hands out all words in order. */
    public void forEach(WordSink sink) throws IOException {
        forEach(Integer.MAX_VALUE, sink);
    }

    // Entries, as WordOrder sees them: numbered from 0 in the order they were added.

    long countOf(int entry) {
        return counts[entry >>> ENTRY_PAGE_BITS][entry & ENTRY_MASK];
    }

    /** Where the word's bytes begin. */
    long positionOf(int entry) {
        long stored = positions[entry >>> ENTRY_PAGE_BITS][entry & ENTRY_MASK];
        byte[] page = page(stored);
        int at = offset(stored);
        while (page[at++] < 0) {
            stored++;
        }
        return stored + 1;
    }

    int lengthOf(int entry) {
        long stored = positions[entry >>> ENTRY_PAGE_BITS][entry & ENTRY_MASK];
        byte[] page = page(stored);
        int at = offset(stored);
        int length = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = page[at++];
            length |= (b & 0x7f) << shift;
            if (b >= 0) {
                return length;
            }
        }
    }

    byte[] page(long position) {
        return text[(int) (position >>> OFFSET_BITS)];
    }

    static int offset(long position) {
        return (int) (position & OFFSET_MASK);
    }

    private static int spread(long h64) {
        return (int) ((h64 * 0x9E3779B97F4A7C15L) >>> 32);
    }

    /** The slot that holds the word, or the free one where it belongs. */
    private int slotOf(byte[] word, int from, int length, int hash) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0) {
            int entry = slots[slot] - 1;
            if (hashes[entry >>> ENTRY_PAGE_BITS][entry & ENTRY_MASK] == hash
                    && lengthOf(entry) == length
                    && hasBytes(entry, word, from, length)) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private boolean hasBytes(int entry, byte[] word, int from, int length) {
        long position = positionOf(entry);
        int at = offset(position);
        return Arrays.equals(page(position), at, at + length, word, from, from + length);
    }

    private int append(byte[] word, int from, int length, long count, int hash) {
        if (size == Integer.MAX_VALUE - 8) {
            throw new IllegalStateException("more than " + size + " distinct words");
        }
        int page = size >>> ENTRY_PAGE_BITS;
        int at = size & ENTRY_MASK;
        if (at == 0) {
            addEntryPage(page);
        }
        positions[page][at] = store(word, from, length);
        counts[page][at] = count;
        hashes[page][at] = hash;
        return size++;
    }

    private void addEntryPage(int page) {
        if (page == positions.length) {
            positions = Arrays.copyOf(positions, page * 2);
            counts = Arrays.copyOf(counts, page * 2);
            hashes = Arrays.copyOf(hashes, page * 2);
        }
        positions[page] = new long[ENTRY_PAGE];
        counts[page] = new long[ENTRY_PAGE];
        hashes[page] = new int[ENTRY_PAGE];
    }

    /** Copies the word behind its length and returns where the length begins. */
    private long store(byte[] word, int from, int length) {
        int needed = Math.addExact(length, 5);
        if (textPages == 0 || text[textPages - 1].length - pageUsed < needed) {
            if (textPages == text.length) {
                text = Arrays.copyOf(text, textPages * 2);
            }
            text[textPages++] = new byte[Math.max(TEXT_PAGE_BYTES, needed)];
            pageUsed = 0;
        }
        byte[] page = text[textPages - 1];
        final long position = (long) (textPages - 1) << OFFSET_BITS | pageUsed;
        int rest = length;
        while (rest > 0x7f) {
            page[pageUsed++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        page[pageUsed++] = (byte) rest;
        System.arraycopy(word, from, page, pageUsed, length);
        pageUsed += length;
        return position;
    }

    private void grow() {
        if (slots.length == MAX_SLOTS) {
            throw new IllegalStateException("more than " + size + " distinct words");
        }
        int mask = slots.length * 2 - 1;
        slots = new int[mask + 1];
        for (int entry = 0; entry < size; entry++) {
            int slot = hashes[entry >>> ENTRY_PAGE_BITS][entry & ENTRY_MASK] & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = entry + 1;
        }
    }
}
