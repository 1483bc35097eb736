package dev.millrace.wire;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextStats;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes of one record as they grow; big-endian. What {@link RecordReader} reads. */
final class RecordWriter {
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

    /** Length in bytes (1), which is 0 where there is none, the bytes. */
    RecordWriter putHash(TextHash hash) {
        if (hash.isNone()) {
            room(1).put((byte) 0);
        } else {
            room(1 + TextHash.BYTES)
                    .put((byte) TextHash.BYTES)
                    .putLong(hash.high())
                    .putLong(hash.low());
        }
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
