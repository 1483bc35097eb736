package dev.millrace.shuffle;

/**
 * The two hashes of a word. {@code murmur2} places it: it is the hash of Kafka's default partitioner, so that any client
 * that sends a record keyed by the word finds the same partition. {@code h64} audits it: the digest of a partition is
 * the sum of count x h64(word). Both are part of the wire format and never change.
 *
 * <p>{@code h64} reads the word as little-endian longs, the last one filled up with zero bytes, and starts from the
 * length times {@value #LENGTH_FACTOR}. For each long: xor it in, multiply by {@value #LANE_FACTOR}, xor the upper half
 * onto the lower. At the end the 64-bit finalizer of MurmurHash3 (Austin Appleby, public domain).
 */
public final class WordHash {
    private static final int M = 0x5bd1e995;
    private static final int SEED = 0x9747b28c;
    private static final long LENGTH_FACTOR = 0xD6E8FEB86659FD93L;
    private static final long LANE_FACTOR = 0x9E3779B97F4A7C15L;

    private WordHash() {}

    /** The partition of Kafka's default partitioner, among {@code partitions}. */
    public static int partition(byte[] word, int from, int length, int partitions) {
        return (murmur2(word, from, length) & 0x7fffffff) % partitions;
    }

    /** The partition of Kafka's default partitioner, among {@code partitions}. */
    public static int partition(byte[] word, int partitions) {
        return partition(word, 0, word.length, partitions);
    }

    /** What {@code org.apache.kafka.common.utils.Utils.murmur2} gives for these bytes. */
    public static int murmur2(byte[] b, int from, int length) {
        int h = SEED ^ length;
        int i = from;
        for (; i + 4 <= from + length; i += 4) {
            h = mix(h, b[i] & 0xff | (b[i + 1] & 0xff) << 8 | (b[i + 2] & 0xff) << 16 | b[i + 3] << 24);
        }
        if ((length & 3) != 0) {
            for (int shift = 0; i < from + length; shift += 8) {
                h ^= (b[i++] & 0xff) << shift;
            }
            h *= M;
        }
        return end(h);
    }

    /** The same for a word of {@code length} (1 to 16) bytes held as two zero-filled longs. */
    static int murmur2(long head, long tail, int length) {
        int h = SEED ^ length;
        if (length >= 4) {
            h = mix(h, (int) head);
        }
        if (length >= 8) {
            h = mix(h, (int) (head >>> 32));
        }
        if (length >= 12) {
            h = mix(h, (int) tail);
        }
        if (length == 16) {
            h = mix(h, (int) (tail >>> 32));
        } else if ((length & 3) != 0) {
            h = (h ^ (int) ((length < 8 ? head : tail) >>> (length & 4) * 8)) * M;
        }
        return end(h);
    }

    private static int mix(int h, int k) {
        int m = k * M;
        return h * M ^ (m ^ m >>> 24) * M;
    }

    private static int end(int h) {
        int e = (h ^ h >>> 13) * M;
        return e ^ e >>> 15;
    }

    /** The 64-bit hash of the digest. */
    public static long h64(byte[] word, int from, int length) {
        long h = length * LENGTH_FACTOR;
        for (int i = 0; i < length; i += 8) {
            h = lane(h, Lanes.lane(word, from + i, Math.min(8, length - i)));
        }
        return finish(h);
    }

    /** The same for a word of {@code length} (1 to 16) bytes held as two zero-filled longs. */
    static long h64(long head, long tail, int length) {
        long h = lane(length * LENGTH_FACTOR, head);
        return finish(length <= 8 ? h : lane(h, tail));
    }

    private static long lane(long h, long lane) {
        long x = (h ^ lane) * LANE_FACTOR;
        return x ^ x >>> 32;
    }

    private static long finish(long h) {
        long x = (h ^ h >>> 33) * 0xff51afd7ed558ccdL;
        x = (x ^ x >>> 33) * 0xc4ceb9fe1a85ec53L;
        return x ^ x >>> 33;
    }
}
