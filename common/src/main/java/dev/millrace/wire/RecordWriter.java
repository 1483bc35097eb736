package dev.millrace.wire;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** The bytes of one record as they grow; big-endian. What {@link RecordReader} reads. */
final class RecordWriter {
    private static final HexFormat HEX = HexFormat.of();

    private ByteBuffer out;

    /** @param size that the record is likely to come to */
    RecordWriter(byte format, int size) {
        out = ByteBuffer.allocate(Math.max(16, size)).put(format);
    }

    RecordWriter putInt(int value) {
        room(Integer.BYTES).putInt(value);
        return this;
    }

    RecordWriter putLong(long value) {
        room(Long.BYTES).putLong(value);
        return this;
    }

    /** Length in bytes (4), the text in UTF-8. */
    RecordWriter putText(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        room(Integer.BYTES + bytes.length).putInt(bytes.length).put(bytes);
        return this;
    }

    /**
     * Length in bytes (1), the bytes.
     *
     * @param hash hexadecimal digits
     * @throws IllegalArgumentException if it is of anything else, or longer than 255 bytes
     */
    RecordWriter putHash(String hash) {
        byte[] bytes = HEX.parseHex(hash);
        if (bytes.length > 255) {
            throw new IllegalArgumentException("a hash of " + hash.length() + " digits");
        }
        room(1 + bytes.length).put((byte) bytes.length).put(bytes);
        return this;
    }

    /** Partition (4), offset (8), task (8), change (4). */
    RecordWriter putBlock(BlockPosition block) {
        return putInt(block.partition())
                .putLong(block.offset())
                .putLong(block.task())
                .putInt(block.change());
    }

    /** Tokens (8), digest (8). */
    RecordWriter putTotal(PartitionTotal total) {
        return putLong(total.tokens()).putLong(total.digest());
    }

    /** Bytes of text (8), invalid sequences (8), oversized words (8). */
    RecordWriter putStats(TextStats stats) {
        return putLong(stats.textBytes()).putLong(stats.invalidSequences()).putLong(stats.oversizedWords());
    }

    byte[] toBytes() {
        return out.position() == out.capacity() ? out.array() : Arrays.copyOf(out.array(), out.position());
    }

    private ByteBuffer room(int bytes) {
        if (out.remaining() < bytes) {
            ByteBuffer longer =
                    ByteBuffer.allocate(Math.max(out.position() + bytes, Math.multiplyExact(out.capacity(), 2)));
            out = longer.put(out.flip());
        }
        return out;
    }
}
