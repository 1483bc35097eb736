package dev.millrace.input;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import net.jpountz.lz4.LZ4FrameInputStream;
import org.jspecify.annotations.Nullable;

/**
 * All frames of an lz4 file. Frames whose blocks stand alone, which the lz4 command writes, go to lz4-java; it cannot
 * read frames whose blocks refer to earlier ones, which some libraries write: those go to {@link Lz4LinkedFrame}.
 */
final class Lz4Text extends InputStream {
    private static final int MAGIC = 0x184D2204;
    private static final int SKIPPABLE = 0x184D2A50;
    private static final int SKIPPABLE_MASK = 0xFFFFFFF0;
    private static final int BLOCKS_STAND_ALONE = 0x20;
    private static final int PEEK_BYTES = 5;

    private final InputStream in;
    private @Nullable InputStream frame;
    private boolean ended;

    /** @param in must support mark and reset */
    Lz4Text(InputStream in) {
        this.in = in;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        while (length > 0) {
            if (frame == null && !nextFrame()) {
                return -1;
            }
            int count = frame == null ? -1 : frame.read(bytes, offset, length);
            if (count > 0) {
                return count;
            }
            if (count < 0) {
                frame = null;
            }
        }
        return 0;
    }

    private boolean nextFrame() throws IOException {
        while (!ended) {
            in.mark(PEEK_BYTES);
            byte[] head = in.readNBytes(PEEK_BYTES);
            if (head.length == 0) {
                ended = true;
                return false;
            }
            if (head.length < PEEK_BYTES) {
                throw new EOFException("it ends inside a frame header");
            }
            int magic = littleEndian(head);
            in.reset();
            if (magic == MAGIC) {
                frame = (head[4] & BLOCKS_STAND_ALONE) != 0
                        ? new LZ4FrameInputStream(in, true)
                        : new Lz4LinkedFrame(in);
                return true;
            }
            if ((magic & SKIPPABLE_MASK) != SKIPPABLE) {
                throw new IOException("something else follows the compressed data");
            }
            in.skipNBytes(4);
            in.skipNBytes(littleEndian(in.readNBytes(4)) & 0xFFFFFFFFL);
        }
        return false;
    }

    private static int littleEndian(byte[] bytes) throws EOFException {
        if (bytes.length < 4) {
            throw new EOFException("it ends inside a frame header");
        }
        return bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8 | (bytes[2] & 0xFF) << 16 | (bytes[3] & 0xFF) << 24;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
