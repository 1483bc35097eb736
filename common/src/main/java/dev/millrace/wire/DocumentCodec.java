package dev.millrace.wire;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values of a job's documents topic, big-endian: format (1 byte), length as stored (8), time of last modification (8),
 * length of the version (4), the version in UTF-8, number of parts (4), and then for each part
 *
 * <pre>
 *   length of the hash (1), the hash; its block: partition (4), offset (8), task (8), change (4); tokens (8), digest (8);
 *   bytes of text (8), invalid sequences (8), oversized words (8)
 * </pre>
 *
 * There is one for each document, and a new one with each change: as JSON they were three times as long as the pairs
 * counted of small documents, and took a tenth of a driver's time.
 */
public final class DocumentCodec {
    private static final byte FORMAT = 2; // 1 was JSON, and began with a brace
    private static final int HEADER_BYTES = 1 + 8 + 8 + 4 + 4;
    private static final int PART_BYTES = 1 + 4 + 8 + 8 + 4 + 5 * 8;
    private static final HexFormat HEX = HexFormat.of();

    private DocumentCodec() {}

    /** @throws IllegalArgumentException if a hash is not of hexadecimal digits, two a byte, at most 255 bytes */
    public static byte[] encode(DocumentEntry document) {
        byte[] version = document.version().getBytes(StandardCharsets.UTF_8);
        int size = HEADER_BYTES + version.length;
        for (DocumentEntry.Part part : document.parts()) {
            if (part.hash().length() > 2 * 255) {
                throw new IllegalArgumentException("a hash of " + part.hash().length() + " digits");
            }
            size += PART_BYTES + part.hash().length() / 2;
        }
        ByteBuffer out = ByteBuffer.allocate(size)
                .put(FORMAT)
                .putLong(document.bytes())
                .putLong(document.modifiedNanos())
                .putInt(version.length)
                .put(version)
                .putInt(document.parts().size());
        for (DocumentEntry.Part part : document.parts()) {
            BlockPosition block = part.block();
            out.put((byte) (part.hash().length() / 2))
                    .put(HEX.parseHex(part.hash()))
                    .putInt(block.partition())
                    .putLong(block.offset())
                    .putLong(block.task())
                    .putInt(block.change())
                    .putLong(part.total().tokens())
                    .putLong(part.total().digest())
                    .putLong(part.text().textBytes())
                    .putLong(part.text().invalidSequences())
                    .putLong(part.text().oversizedWords());
        }
        return out.array();
    }

    /** @throws MalformedRecordException if the bytes are not a document of this format */
    public static DocumentEntry decode(byte @Nullable [] value) {
        if (value == null || value.length == 0 || value[0] != FORMAT) {
            throw new MalformedRecordException(
                    value == null || value.length == 0
                            ? "no value"
                            : "a document of format " + value[0] + " where this release reads " + FORMAT,
                    null);
        }
        try {
            ByteBuffer in = ByteBuffer.wrap(value, 1, value.length - 1);
            long bytes = in.getLong(), modifiedNanos = in.getLong();
            String version = new String(take(in, in.getInt()), StandardCharsets.UTF_8);
            List<DocumentEntry.Part> parts = new ArrayList<>();
            for (int left = in.getInt(); left > 0; left--) {
                parts.add(new DocumentEntry.Part(
                        HEX.formatHex(take(in, in.get() & 0xff)),
                        new BlockPosition(in.getInt(), in.getLong(), in.getLong(), in.getInt()),
                        new PartitionTotal(in.getLong(), in.getLong()),
                        new TextStats(in.getLong(), in.getLong(), in.getLong())));
            }
            if (in.hasRemaining()) {
                throw new MalformedRecordException(in.remaining() + " bytes behind a document", null);
            }
            return new DocumentEntry(version, bytes, modifiedNanos, parts);
        } catch (BufferUnderflowException e) {
            throw new MalformedRecordException("a document cut short at " + value.length + " bytes", e);
        }
    }

    private static byte[] take(ByteBuffer in, int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] taken = new byte[length];
        in.get(taken);
        return taken;
    }
}
