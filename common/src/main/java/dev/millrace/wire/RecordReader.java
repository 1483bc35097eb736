package dev.millrace.wire;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextStats;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads what {@link RecordWriter} wrote. */
final class RecordReader {
    private final ByteBuffer in;

    private RecordReader(ByteBuffer in) {
        this.in = in;
    }

    /**
     * Reads one record, which the bytes must be exactly.
     *
     * @param what the record is, for messages: "a document"
     * @throws MalformedRecordException if the bytes are not a record of this format
     */
    static <T> T read(String what, byte format, byte @Nullable [] value, Function<RecordReader, T> body) {
        if (value == null || value.length == 0) {
            throw new MalformedRecordException("no value", null);
        }
        if (value[0] != format) {
            throw new MalformedRecordException(
                    what + " of format " + value[0] + " where this release reads " + format, null);
        }
        ByteBuffer in = ByteBuffer.wrap(value, 1, value.length - 1);
        T read;
        try {
            read = body.apply(new RecordReader(in));
        } catch (BufferUnderflowException e) {
            throw new MalformedRecordException(what + " cut short at " + value.length + " bytes", e);
        } catch (IllegalArgumentException e) {
            throw new MalformedRecordException(what + ": " + e.getMessage(), e);
        }
        if (in.hasRemaining()) {
            throw new MalformedRecordException(in.remaining() + " bytes behind " + what, null);
        }
        return read;
    }

    int getInt() {
        return in.getInt();
    }

    long getLong() {
        return in.getLong();
    }

    String getText() {
        return new String(take(in.getInt()), StandardCharsets.UTF_8);
    }

    TextHash getHash() {
        int length = in.get() & 0xff;
        if (length == 0) {
            return TextHash.NONE;
        }
        if (length != TextHash.BYTES) {
            throw new IllegalArgumentException("a hash of " + length + " bytes");
        }
        return new TextHash(in.getLong(), in.getLong());
    }

    BlockPosition getBlock() {
        return new BlockPosition(in.getInt(), in.getLong(), in.getLong(), in.getInt());
    }

    PartitionTotal getTotal() {
        return new PartitionTotal(in.getLong(), in.getLong());
    }

    TextStats getStats() {
        return new TextStats(in.getLong(), in.getLong(), in.getLong());
    }

    /** Number of elements (4), and each. */
    <T> List<T> getList(Function<RecordReader, T> element) {
        int size = in.getInt();
        if (size < 0 || size > in.remaining()) { // each has a byte at least
            throw new BufferUnderflowException();
        }
        List<T> list = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            list.add(element.apply(this));
        }
        return list;
    }

    private byte[] take(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] taken = new byte[length];
        in.get(taken);
        return taken;
    }
}
