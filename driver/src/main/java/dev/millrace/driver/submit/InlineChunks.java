package dev.millrace.driver.submit;

import dev.millrace.input.CompressionProbe;
import dev.millrace.job.Compression;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.NoSuchElementException;

/**
 * Standard input for a cluster: whole lines, cut into documents that fit into a Kafka message. No cut is made in front of
 * a byte order mark, which at the start of a document would be dropped. Reads as it is asked. One thread.
 *
 * <p>Errors are {@link MillraceException}: USAGE for input that is compressed or has a line longer than a message, FAILED
 * if it cannot be read.
 */
public final class InlineChunks implements Iterator<byte[]> {
    /** Most bytes of a document, so that task and document stay below Kafka's 1 MiB. */
    public static final int MOST_BYTES = 900 << 10;

    private static final int MARK_BYTES = 3;

    private final InputStream in;
    private final int mostBytes;
    private final byte[] buffer;
    private int length;
    private boolean ended;
    private boolean begun;

    public InlineChunks(InputStream in) {
        this(in, MOST_BYTES);
    }

    InlineChunks(InputStream in, int mostBytes) {
        this.in = in;
        this.mostBytes = mostBytes;
        this.buffer = new byte[mostBytes + MARK_BYTES];
    }

    @Override
    public boolean hasNext() {
        fill();
        return length > 0;
    }

    @Override
    public byte[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int end = ended && length <= mostBytes ? length : cut();
        byte[] chunk = Arrays.copyOf(buffer, end);
        System.arraycopy(buffer, end, buffer, 0, length - end);
        length -= end;
        return chunk;
    }

    private void fill() {
        try {
            while (!ended && length < buffer.length) {
                int count = in.read(buffer, length, buffer.length - length);
                ended = count < 0;
                length += Math.max(0, count);
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
        if (!begun) {
            begun = true;
            refuseCompressed();
        }
    }

    private void refuseCompressed() {
        Compression compression = CompressionProbe.ofHead(Arrays.copyOf(buffer, Math.min(length, 16)));
        if (compression != Compression.NONE) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    "standard input is compressed (" + compression.name().toLowerCase(Locale.ROOT)
                            + "): decompress it in the pipe, or name the file");
        }
    }

    /**
     * Behind the last line that fits. A stretch of lines that all begin with a byte order mark cannot be cut and is
     * refused like one long line.
     */
    private int cut() {
        for (int end = Math.min(mostBytes, length); end > 0; end--) {
            if (buffer[end - 1] == '\n' && !isMark(end)) {
                return end;
            }
        }
        throw new MillraceException(
                ExitCode.USAGE,
                "standard input has a line longer than " + mostBytes
                        + " bytes, which does not fit into a Kafka message: put it into a file that the mappers can"
                        + " read");
    }

    private boolean isMark(int at) {
        return at + MARK_BYTES <= length
                && buffer[at] == (byte) 0xEF
                && buffer[at + 1] == (byte) 0xBB
                && buffer[at + 2] == (byte) 0xBF;
    }

    static MillraceException unreadable(IOException e) {
        return new MillraceException(
                ExitCode.FAILED, "standard input cannot be read: " + String.valueOf(e.getMessage()), e);
    }
}
