package dev.millrace.shuffle;

import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Records of the pairs topic as bytes, big-endian: version (1 byte), kind (1 byte), job (8 bytes), and then
 *
 * <pre>
 *   OPEN    nothing
 *   PAIRS   task (4), execution (8), part (4), parts (4), block of pairs (the rest)
 *   END     tasks (4), tokens (8), digest (8)
 *   CANCEL  nothing
 * </pre>
 */
public final class LaneCodec {
    private static final byte VERSION = 1;
    private static final byte OPEN = 1, PAIRS = 2, END = 3, CANCEL = 4;
    private static final int HEADER_BYTES = 10, PAIRS_HEADER_BYTES = HEADER_BYTES + 20;

    private LaneCodec() {}

    public static byte[] encode(LaneRecord record) {
        if (record instanceof LaneRecord.Pairs pairs) {
            return begin(PAIRS_HEADER_BYTES + pairs.to() - pairs.from(), PAIRS, pairs.job())
                    .putInt(pairs.task())
                    .putLong(pairs.execution())
                    .putInt(pairs.part())
                    .putInt(pairs.parts())
                    .put(pairs.bytes(), pairs.from(), pairs.to() - pairs.from())
                    .array();
        } else if (record instanceof LaneRecord.End end) {
            return begin(HEADER_BYTES + 20, END, end.job())
                    .putInt(end.tasks())
                    .putLong(end.total().tokens())
                    .putLong(end.total().digest())
                    .array();
        }
        return begin(HEADER_BYTES, record instanceof LaneRecord.Open ? OPEN : CANCEL, record.job())
                .array();
    }

    private static ByteBuffer begin(int size, byte kind, JobId job) {
        return ByteBuffer.allocate(size).put(VERSION).put(kind).putLong(job.value());
    }

    /**
     * The record's Kafka key: the first word of its block, so that a batch lies where its words would lie alone.
     *
     * @throws IllegalArgumentException if the block does not begin with a whole pair
     */
    public static byte[] keyOf(LaneRecord.Pairs pairs) {
        PairReader first = new PairReader(pairs.bytes(), pairs.from(), pairs.to());
        first.next(); // a block is never empty
        return Arrays.copyOfRange(pairs.bytes(), first.wordFrom(), first.wordFrom() + first.wordLength());
    }

    /**
     * Reads one record; a {@link LaneRecord.Pairs} shares the array. The pairs in its block are not looked at yet.
     *
     * @throws IllegalArgumentException if the bytes are none
     */
    public static LaneRecord decode(byte[] value) {
        if (value.length < HEADER_BYTES || value[0] != VERSION) {
            throw new IllegalArgumentException("not a lane record of version " + VERSION + ": " + value.length
                    + " bytes" + (value.length == 0 ? "" : ", version " + value[0]));
        }
        ByteBuffer in = ByteBuffer.wrap(value);
        byte kind = in.get(1);
        JobId job = new JobId(in.getLong(2));
        in.position(HEADER_BYTES);
        return switch (kind) {
            case OPEN -> exact(in, new LaneRecord.Open(job));
            case CANCEL -> exact(in, new LaneRecord.Cancel(job));
            case END -> {
                need(in, 20);
                yield exact(in, new LaneRecord.End(job, in.getInt(), new PartitionTotal(in.getLong(), in.getLong())));
            }
            case PAIRS -> {
                need(in, 20);
                int task = in.getInt();
                long execution = in.getLong();
                int part = in.getInt(), parts = in.getInt();
                yield new LaneRecord.Pairs(job, task, execution, part, parts, value, in.position(), value.length);
            }
            default -> throw new IllegalArgumentException("lane record of unknown kind " + kind);
        };
    }

    private static void need(ByteBuffer in, int bytes) {
        if (in.remaining() < bytes) {
            throw new IllegalArgumentException("lane record cut short at " + in.limit() + " bytes");
        }
    }

    private static LaneRecord exact(ByteBuffer in, LaneRecord record) {
        if (in.hasRemaining()) {
            throw new IllegalArgumentException(in.remaining() + " bytes behind a lane record");
        }
        return record;
    }
}
