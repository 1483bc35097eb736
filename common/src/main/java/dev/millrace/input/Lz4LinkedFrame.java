package dev.millrace.input;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * One lz4 frame whose blocks may refer to the 64 KiB of text before them. lz4-java refuses such frames, commons-compress
 * reads them at 2 MB/s. Checks every checksum there is; reads no byte beyond the frame.
 *
 * <p>Source: lz4 frame format 1.6.3 and lz4 block format, in the documentation of lz4.
 */
final class Lz4LinkedFrame extends InputStream {
    private static final int WINDOW_BYTES = 64 << 10;
    private static final int BLOCK_CHECKSUM = 0x10;
    private static final int CONTENT_SIZE = 0x08;
    private static final int CONTENT_CHECKSUM = 0x04;
    private static final int RESERVED = 0x02;
    private static final int DICTIONARY = 0x01;
    private static final int LEAST_MATCH = 4;
    private static final int LONG_LENGTH = 15;

    private final InputStream in;
    private final XXHash32 hash = XXHashFactory.fastestJavaInstance().hash32();
    private final StreamingXXHash32 contentHash =
            XXHashFactory.fastestJavaInstance().newStreamingHash32(0);
    private final int flags;
    private final long contentBytes;
    private final int blockBytes;
    private final byte[] block;
    /** The window, then the text of the latest block. */
    private final byte[] text;

    private int next;
    private int end;
    private long given;
    private boolean ended;

    /** @param in at the magic number */
    Lz4LinkedFrame(InputStream in) throws IOException {
        this.in = in;
        byte[] head = require(6);
        flags = head[4] & 0xFF;
        if (flags >> 6 != 1 || (flags & RESERVED) != 0) {
            throw new IOException("unknown version of the lz4 frame format");
        }
        if ((flags & DICTIONARY) != 0) {
            throw new IOException("it needs a dictionary");
        }
        int sizeCode = head[5] >> 4;
        if (sizeCode < 4 || sizeCode > 7 || (head[5] & 0x0F) != 0) {
            throw new IOException("unknown size of blocks");
        }
        blockBytes = 1 << (8 + 2 * sizeCode);
        byte[] size = (flags & CONTENT_SIZE) != 0 ? require(8) : new byte[0];
        contentBytes = size.length == 0 ? -1 : littleEndian(size, 0) & 0xFFFFFFFFL | (long) littleEndian(size, 4) << 32;
        byte[] described = Arrays.copyOf(new byte[] {head[4], head[5]}, 2 + size.length);
        System.arraycopy(size, 0, described, 2, size.length);
        if ((hash.hash(described, 0, described.length, 0) >> 8 & 0xFF) != (require(1)[0] & 0xFF)) {
            throw new IOException("the header's checksum is wrong");
        }
        block = new byte[blockBytes];
        text = new byte[WINDOW_BYTES + blockBytes];
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        while (next == end) {
            if (ended) {
                return -1;
            }
            nextBlock();
        }
        int count = Math.min(length, end - next);
        System.arraycopy(text, next, bytes, offset, count);
        next += count;
        return count;
    }

    private void nextBlock() throws IOException {
        int size = littleEndian(require(4), 0);
        if (size == 0) {
            finish();
            return;
        }
        int stored = size & Integer.MAX_VALUE;
        if (stored > blockBytes) {
            throw new IOException("a block is larger than the header allows");
        }
        if (in.readNBytes(block, 0, stored) < stored) {
            throw new EOFException("unexpected end of file");
        }
        if ((flags & BLOCK_CHECKSUM) != 0 && hash.hash(block, 0, stored, 0) != littleEndian(require(4), 0)) {
            throw new IOException("the checksum of a block is wrong");
        }
        int kept = Math.min(end, WINDOW_BYTES);
        System.arraycopy(text, end - kept, text, 0, kept);
        next = kept;
        if (size < 0) {
            System.arraycopy(block, 0, text, kept, stored);
            end = kept + stored;
        } else {
            end = decode(stored, kept);
        }
        contentHash.update(text, next, end - next);
        given += end - next;
    }

    private void finish() throws IOException {
        ended = true;
        if ((flags & CONTENT_CHECKSUM) != 0 && contentHash.getValue() != littleEndian(require(4), 0)) {
            throw new IOException("the checksum of the text is wrong");
        }
        if (contentBytes >= 0 && contentBytes != given) {
            throw new IOException("the header tells another length of the text");
        }
    }

    /** Decodes the block into the text, from {@code to} on; returns where it ends. */
    private int decode(int stored, int to) throws IOException {
        int limit = to + blockBytes;
        int from = 0;
        while (from < stored) {
            int token = block[from++] & 0xFF;
            int literals = token >> 4;
            if (literals == LONG_LENGTH) {
                int b;
                do {
                    b = at(from++, stored);
                    literals += b;
                } while (b == 255);
            }
            if (literals > stored - from || literals > limit - to) {
                throw malformed();
            }
            System.arraycopy(block, from, text, to, literals);
            from += literals;
            to += literals;
            if (from == stored) {
                return to;
            }
            int distance = at(from++, stored) | at(from++, stored) << 8;
            int length = token & LONG_LENGTH;
            if (length == LONG_LENGTH) {
                int b;
                do {
                    b = at(from++, stored);
                    length += b;
                } while (b == 255);
            }
            length += LEAST_MATCH;
            if (distance == 0 || distance > to || length > limit - to) {
                throw malformed();
            }
            copyMatch(to, distance, length);
            to += length;
        }
        // A block ends in literals, be they none.
        throw malformed();
    }

    /** A match may run into what it writes: then its first {@code distance} bytes repeat. */
    private void copyMatch(int to, int distance, int length) {
        int copied = 0;
        while (copied < length) {
            int count = Math.min(length - copied, distance + copied);
            System.arraycopy(text, to - distance, text, to + copied, count);
            copied += count;
        }
    }

    private int at(int index, int stored) throws IOException {
        if (index >= stored) {
            throw malformed();
        }
        return block[index] & 0xFF;
    }

    private static IOException malformed() {
        return new IOException("a block is malformed");
    }

    private byte[] require(int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("unexpected end of file");
        }
        return bytes;
    }

    private static int littleEndian(byte[] bytes, int offset) {
        return bytes[offset] & 0xFF
                | (bytes[offset + 1] & 0xFF) << 8
                | (bytes[offset + 2] & 0xFF) << 16
                | (bytes[offset + 3] & 0xFF) << 24;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }
}
