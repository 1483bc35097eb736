package dev.millrace.input;

import dev.millrace.job.InputRange;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stored bytes of a planned file, from a position up to the size it was planned with, never further and never
 * quietly shorter. Reads go straight through to the file: read in large blocks. One thread.
 */
final class StoredFile extends InputStream {
    private final Path file;
    private final InputRange planned;
    private final FileVersion opened;
    private final FileChannel channel;
    private long position;
    private @Nullable IOException failure;

    /** @param file free of symbolic links in its last name, so that a link put there meanwhile is refused */
    StoredFile(Path file, InputRange planned, long position, boolean followLinks) throws IOException {
        this.file = file;
        this.planned = planned;
        this.position = position;
        this.opened = FileVersion.of(file);
        if (!opened.matches(planned)) {
            throw InputChangedException.differs(file, planned, opened.bytes(), opened.modifiedNanos());
        }
        try {
            this.channel = followLinks
                    ? FileChannel.open(file, StandardOpenOption.READ)
                    : FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw InputException.of(file, e);
        }
        try {
            if (position > 0) {
                channel.position(position);
            }
        } catch (IOException e) {
            channel.close();
            throw InputException.of(file, e);
        }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        long left = planned.fileBytes() - position;
        if (left == 0) {
            return -1;
        }
        int count;
        try {
            count = channel.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(length, left)));
        } catch (ClosedByInterruptException stopping) {
            failure = stopping;
            throw stopping;
        } catch (IOException e) {
            throw remember(InputException.of(file, e));
        }
        if (count < 0) {
            throw remember(InputChangedException.shrunk(file, planned, position));
        }
        position += count;
        return count;
    }

    private InputException remember(InputException e) {
        failure = e;
        return e;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int available() {
        return (int) Math.min(Integer.MAX_VALUE, planned.fileBytes() - position);
    }

    /** The failure of this file, as against one of a decoder above it. */
    @Nullable
    IOException failure() {
        return failure;
    }

    Path file() {
        return file;
    }

    /** Offset in the file of the next byte. */
    long position() {
        return position;
    }

    /**
     * Looks at the file again.
     *
     * @throws InputException if it is gone, replaced, or differs in size or time from what was planned
     */
    void verifyUnchanged() throws InputException {
        FileVersion now = FileVersion.of(file);
        if (!now.matches(planned)) {
            throw InputChangedException.differs(file, planned, now.bytes(), now.modifiedNanos());
        }
        if (!now.isSameFile(opened)) {
            throw InputChangedException.replaced(file);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
