package dev.millrace.shuffle;

import dev.millrace.job.PartitionTotal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The pairs of a task, grouped by partition and cut into blocks. A block is a sequence of pairs, each: length of the
 * word in bytes as a varint, the word, its count as a zigzag varint (little-endian groups of seven bits, in the fewest
 * bytes). All words of a block belong to one partition, by {@link WordHash#partition}. A pair with count 0 is not
 * written. For one thread.
 */
public final class PairBlocks {
    /** A block is never larger, in bytes. */
    public static final int MAX_BLOCK_BYTES = 512 << 10;

    private static final int MAX_VARINT_BYTES = 10;
    private static final int FIRST_BLOCK_BYTES = 1 << 10;
    private static final int KEPT_BLOCK_BYTES = 32 << 10;
    /** A short word is written as two whole longs, of which the bytes behind the word are overwritten. */
    private static final int SLACK = 2 * Long.BYTES;

    private final Lane[] lanes;
    private long pairs;

    /** What goes to one partition: the block being written and those that are full. */
    private static final class Lane {
        private final List<ByteBuffer> full = new ArrayList<>();
        private byte[] bytes = new byte[FIRST_BLOCK_BYTES];
        private int size;
        private long tokens;
        private long digest;

        /** Makes room for a pair of at most {@code needed} bytes. */
        void ensure(int needed) {
            if (size + needed > MAX_BLOCK_BYTES) {
                if (needed > MAX_BLOCK_BYTES) {
                    throw new IllegalArgumentException("a pair of up to " + needed + " bytes fits no block");
                }
                full.add(ByteBuffer.wrap(bytes, 0, size).slice());
                bytes = new byte[FIRST_BLOCK_BYTES];
                size = 0;
            }
            if (size + needed + SLACK > bytes.length) {
                int larger = Math.min(bytes.length * 2, MAX_BLOCK_BYTES + SLACK);
                bytes = Arrays.copyOf(bytes, Math.max(larger, size + needed + SLACK));
            }
        }

        void count(long count, long hash) {
            tokens = Math.addExact(tokens, count);
            digest += count * hash;
        }

        void clear() {
            full.clear();
            if (bytes.length > KEPT_BLOCK_BYTES) {
                bytes = new byte[FIRST_BLOCK_BYTES];
            }
            size = 0;
            tokens = 0;
            digest = 0;
        }
    }

    public PairBlocks(int partitions) {
        lanes = new Lane[partitions];
        for (int p = 0; p < partitions; p++) {
            lanes[p] = new Lane();
        }
    }

    public int partitions() {
        return lanes.length;
    }

    /**
     * Adds every pair of the table but those of dropped words and those with count 0.
     *
     * @throws ArithmeticException if the tokens of a partition exceed 63 bits
     */
    public void addAll(WordTable table, StopWords dropped) {
        table.putInto(this, dropped);
    }

    /** Adds one pair; a word that is added twice is written twice. */
    public void add(byte[] word, int from, int length, long count) {
        if (length <= 0 || Lanes.hasZero(word, from, length)) {
            throw new IllegalArgumentException("a word is not empty and holds no zero byte");
        }
        if (count != 0) {
            put(word, from, length, count);
        }
    }

    /** Pairs written since the last {@link #clear()}. */
    public long pairs() {
        return pairs;
    }

    /** Tokens and digest of what was written to a partition. */
    public PartitionTotal total(int partition) {
        return new PartitionTotal(lanes[partition].tokens, lanes[partition].digest);
    }

    /**
     * The blocks of a partition, none of them empty: read-only views that are valid until the next
     * {@code add}, {@code addAll} or {@code clear}.
     */
    public List<ByteBuffer> blocks(int partition) {
        Lane lane = lanes[partition];
        List<ByteBuffer> blocks = new ArrayList<>(lane.full.size() + 1);
        for (ByteBuffer block : lane.full) {
            blocks.add(block.duplicate());
        }
        if (lane.size > 0) {
            blocks.add(ByteBuffer.wrap(lane.bytes, 0, lane.size).slice());
        }
        return blocks;
    }

    /** Bytes of all blocks. */
    public long bytes() {
        long sum = 0;
        for (Lane lane : lanes) {
            sum += lane.size;
            for (ByteBuffer block : lane.full) {
                sum += block.remaining();
            }
        }
        return sum;
    }

    /** Forgets all pairs, and gives the memory of large blocks back. */
    public void clear() {
        for (Lane lane : lanes) {
            lane.clear();
        }
        pairs = 0;
    }

    /** A word of up to 16 bytes as two longs. */
    void put(long head, long tail, long count) {
        int n = Lanes.length(head, tail);
        Lane lane = lanes[lanes.length == 1 ? 0 : (WordHash.murmur2(head, tail, n) & 0x7fffffff) % lanes.length];
        lane.ensure(1 + n + MAX_VARINT_BYTES);
        byte[] out = lane.bytes;
        int at = lane.size;
        out[at] = (byte) n;
        Lanes.LONG.set(out, at + 1, head);
        Lanes.LONG.set(out, at + 9, tail);
        lane.size = putVarint(out, at + 1 + n, zigzag(count));
        lane.count(count, WordHash.h64(head, tail, n));
        pairs++;
    }

    void put(byte[] word, int from, int n, long count) {
        Lane lane = lanes[WordHash.partition(word, from, n, lanes.length)];
        lane.ensure(n + 2 * MAX_VARINT_BYTES);
        int at = putVarint(lane.bytes, lane.size, n);
        System.arraycopy(word, from, lane.bytes, at, n);
        lane.size = putVarint(lane.bytes, at + n, zigzag(count));
        lane.count(count, WordHash.h64(word, from, n));
        pairs++;
    }

    private static long zigzag(long v) {
        return v << 1 ^ v >> 63;
    }

    private static int putVarint(byte[] out, int from, long value) {
        int at = from;
        long v = value;
        for (; (v & ~0x7fL) != 0; v >>>= 7) {
            out[at++] = (byte) (v | 0x80);
        }
        out[at++] = (byte) v;
        return at;
    }

    /**
     * Gives the pairs of a block.
     *
     * @throws IllegalArgumentException if the bytes are not a sequence of whole pairs as {@link PairBlocks} writes them:
     *     cut off, a varint longer than it need be or beyond 64 bits, an empty word, or a zero byte in a word. The sink
     *     has then seen the pairs before the fault
     */
    public static void forEach(byte[] block, int from, int to, PairSink sink) {
        PairReader pairs = new PairReader(block, from, to);
        while (pairs.next()) {
            sink.pair(block, pairs.wordFrom(), pairs.wordLength(), pairs.count());
        }
    }

    /**
     * Adds the pairs of a block to a table, all of them or, if the block is malformed, none.
     *
     * @throws IllegalArgumentException as {@link #forEach} does
     * @throws ArithmeticException if a count exceeds 63 bits; then part of the block has been added
     * @throws WordTable.FullException if the table cannot hold its words; then part of the block has been added
     */
    public static void addTo(WordTable table, byte[] block, int from, int to) {
        PairReader check = new PairReader(block, from, to);
        boolean more = check.next();
        while (more) {
            more = check.next();
        }
        PairReader pairs = new PairReader(block, from, to);
        while (pairs.next()) {
            table.add(block, pairs.wordFrom(), pairs.wordLength(), pairs.count());
        }
    }
}
