package dev.millrace.driver.collect;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The order of the words of one table: count descending, then the words' bytes ascending.
 *
 * <p>Implementation: entries are sorted by count first, as plain longs. Entries of one count, often half of the table,
 * are then sorted by a quicksort over eight bytes of the word at a time, held beside the entry so that a comparison
 * reads no text. Where that quicksort meets long common beginnings or bad luck, a heap sort by whole words ends it.
 */
final class WordOrder {
    private static final VarHandle BIG_ENDIAN_LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    /** With fewer wanted than one in this many entries, a heap of those wanted is cheaper than a sort of all. */
    private static final int SELECT_BELOW_ONE_IN = 16;

    private static final int SMALL = 12;

    private final ResultTable table;

    WordOrder(ResultTable table) {
        this.table = table;
    }

    /** The first n entries in order; n is at most the table's size. */
    int[] first(int n) {
        if (n < table.size() / SELECT_BELOW_ONE_IN) {
            return select(n);
        }
        int[] all = all();
        return n == all.length ? all : Arrays.copyOf(all, n);
    }

    /** Keeps the n best seen so far in a heap with the worst on top. */
    private int[] select(int n) {
        int[] heap = new int[n];
        if (n == 0) {
            return heap;
        }
        for (int entry = 0; entry < n; entry++) {
            heap[entry] = entry;
        }
        heapify(heap, 0, n);
        for (int entry = n; entry < table.size(); entry++) {
            if (compare(entry, heap[0]) < 0) {
                heap[0] = entry;
                siftDown(heap, 0, 0, n);
            }
        }
        drain(heap, 0, n);
        return heap;
    }

    private int[] all() {
        int size = table.size();
        long[] byCount = new long[size];
        long most = 0;
        for (int entry = 0; entry < size; entry++) {
            byCount[entry] = table.countOf(entry);
            most = Math.max(most, byCount[entry]);
        }
        if (most > Integer.MAX_VALUE) {
            rank(byCount);
            most = size;
        }
        for (int entry = 0; entry < size; entry++) {
            byCount[entry] = (most - byCount[entry]) << 32 | entry;
        }
        Arrays.sort(byCount);
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = (int) byCount[i];
        }
        // The sorted keys are needed no more where a group begins: their array holds the bytes of the words next.
        for (int from = 0; from < size; ) {
            int to = from + 1;
            while (to < size && byCount[to] >>> 32 == byCount[from] >>> 32) {
                to++;
            }
            if (to - from > 1) {
                sortByWord(order, byCount, from, to, 0, 2 * (32 - Integer.numberOfLeadingZeros(to - from)));
            }
            from = to;
        }
        return order;
    }

    /** Puts in place of each count how many distinct smaller ones there are, so that it fits 31 bits. */
    private static void rank(long[] counts) {
        long[] distinct = counts.clone();
        Arrays.sort(distinct);
        int n = 0;
        for (long count : distinct) {
            if (n == 0 || distinct[n - 1] != count) {
                distinct[n++] = count;
            }
        }
        for (int i = 0; i < counts.length; i++) {
            counts[i] = Arrays.binarySearch(distinct, 0, n, counts[i]);
        }
    }

    /**
     * Sorts entries of one count in {@code [from, to)} that agree in their first {@code depth} bytes.
     *
     * @param keys overwritten in {@code [from, to)}
     */
    private void sortByWord(int[] order, long[] keys, int from, int to, int depth, int patience) {
        if (to - from <= SMALL || depth > 64) {
            sortWhole(order, from, to);
            return;
        }
        for (int i = from; i < to; i++) {
            keys[i] = eightBytes(order[i], depth);
        }
        sortByKey(order, keys, from, to, depth, patience);
    }

    /** Quicksort by keys, in signed order as eightBytes made them; the equal ones go on to the next eight bytes. */
    private void sortByKey(int[] order, long[] keys, int from, int to, int depth, int patience) {
        int lo = from;
        int hi = to;
        int left = patience;
        while (hi - lo > 1) {
            if (hi - lo <= SMALL || left-- == 0) {
                sortWhole(order, lo, hi);
                return;
            }
            long pivot = median(keys[lo], keys[(lo + hi) >>> 1], keys[hi - 1]);
            int less = lo;
            int more = hi;
            for (int i = lo; i < more; ) {
                long key = keys[i];
                if (key < pivot) {
                    swap(order, keys, less++, i++);
                } else if (key > pivot) {
                    swap(order, keys, i, --more);
                } else {
                    i++;
                }
            }
            sortByWord(order, keys, less, more, depth + 8, 2 * (32 - Integer.numberOfLeadingZeros(more - less)));
            if (less - lo < hi - more) {
                sortByKey(order, keys, lo, less, depth, left);
                lo = more;
            } else {
                sortByKey(order, keys, more, hi, depth, left);
                hi = less;
            }
        }
    }

    private void sortWhole(int[] order, int from, int to) {
        if (to - from > SMALL) {
            heapify(order, from, to - from);
            drain(order, from, to - from);
            return;
        }
        for (int i = from + 1; i < to; i++) {
            int entry = order[i];
            int at = i;
            while (at > from && compare(entry, order[at - 1]) < 0) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = entry;
        }
    }

    /** Eight bytes of the word, zeros behind its end, as a long whose signed order is that of the bytes. */
    private long eightBytes(int entry, int depth) {
        int length = table.lengthOf(entry) - depth;
        if (length <= 0) {
            return Long.MIN_VALUE;
        }
        long position = table.positionOf(entry);
        byte[] page = table.page(position);
        int at = ResultTable.offset(position) + depth;
        long key;
        if (at + 8 <= page.length) {
            key = (long) BIG_ENDIAN_LONGS.get(page, at);
            if (length < 8) {
                key &= -1L << (64 - 8 * length);
            }
        } else {
            key = 0;
            for (int i = 0; i < Math.min(length, 8); i++) {
                key |= (page[at + i] & 0xffL) << (56 - 8 * i);
            }
        }
        return key ^ Long.MIN_VALUE;
    }

    /** Negative if entry a comes before b. */
    private int compare(int a, int b) {
        int byCount = Long.compare(table.countOf(b), table.countOf(a));
        if (byCount != 0) {
            return byCount;
        }
        long positionA = table.positionOf(a);
        long positionB = table.positionOf(b);
        int atA = ResultTable.offset(positionA);
        int atB = ResultTable.offset(positionB);
        return Arrays.compareUnsigned(
                table.page(positionA),
                atA,
                atA + table.lengthOf(a),
                table.page(positionB),
                atB,
                atB + table.lengthOf(b));
    }

    private void heapify(int[] heap, int base, int n) {
        for (int i = n / 2 - 1; i >= 0; i--) {
            siftDown(heap, base, i, n);
        }
    }

    private void drain(int[] heap, int base, int n) {
        for (int end = n - 1; end > 0; end--) {
            int worst = heap[base];
            heap[base] = heap[base + end];
            heap[base + end] = worst;
            siftDown(heap, base, 0, end);
        }
    }

    private void siftDown(int[] heap, int base, int start, int n) {
        int moving = heap[base + start];
        int at = start;
        for (int child; (child = 2 * at + 1) < n; at = child) {
            if (child + 1 < n && compare(heap[base + child + 1], heap[base + child]) > 0) {
                child++;
            }
            if (compare(heap[base + child], moving) <= 0) {
                break;
            }
            heap[base + at] = heap[base + child];
        }
        heap[base + at] = moving;
    }

    private static long median(long a, long b, long c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    private static void swap(int[] order, long[] keys, int a, int b) {
        int entry = order[a];
        order[a] = order[b];
        order[b] = entry;
        long key = keys[a];
        keys[a] = keys[b];
        keys[b] = key;
    }
}
