package dev.millrace.input;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.millrace.input.InputException.Kind;
import dev.millrace.job.InputRange;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/**
 * The text of a compressed file: all members, frames or streams in it, one after the other, within the limits. Whatever a
 * decoder throws at damaged bytes comes out as an {@link InputException} that names the file.
 */
final class DecodedText extends InputStream {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int ZSTD_MOST_WINDOW_LOG = 31;

    private final StoredFile stored;
    private final InputRange planned;
    private final InputLimits limits;
    private final long mostBytes;
    private @Nullable InputStream decoder;
    private long textBytes;

    DecodedText(StoredFile stored, InputRange planned, InputLimits limits) {
        this.stored = stored;
        this.planned = planned;
        this.limits = limits;
        this.mostBytes = Math.min(limits.maxTextBytes(), ratioLimit(planned.fileBytes(), limits));
    }

    /** By the size of the whole file, so that the verdict does not hang on how far a decoder has read ahead. */
    private static long ratioLimit(long fileBytes, InputLimits limits) {
        boolean overflows = fileBytes > Long.MAX_VALUE / limits.maxRatio();
        return overflows ? Long.MAX_VALUE : Math.max(limits.ratioFloorBytes(), fileBytes * limits.maxRatio());
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        int count;
        try {
            if (decoder == null) {
                // Not in the constructor: decoders read the header when made, and may fail at it.
                decoder = decoder();
            }
            count = decoder.read(bytes, offset, length);
            if (count < 0 && stored.position() != planned.fileBytes()) {
                throw new IOException("something else follows the compressed data");
            }
        } catch (IOException | RuntimeException e) {
            throw explain(e);
        }
        if (count > 0) {
            textBytes += count;
            if (textBytes > mostBytes) {
                throw tooLarge();
            }
        }
        return count;
    }

    private InputStream decoder() throws IOException {
        return switch (planned.compression()) {
            case NONE -> throw new IllegalStateException("a plain file has no decoder");
            case GZIP -> new GzipText(stored);
            case BZIP2 -> new BZip2CompressorInputStream(new BufferedInputStream(stored, BUFFER_BYTES), true);
            case ZSTD -> new ZstdInputStreamNoFinalizer(new LastByteAlone(stored)).setLongMax(zstdWindowLog());
            case LZ4 -> new Lz4Text(new BufferedInputStream(stored, BUFFER_BYTES));
            case XZ -> new XZInputStream(new BufferedInputStream(stored, BUFFER_BYTES), xzMemoryKiB());
        };
    }

    /**
     * Hands out the last byte of a file in a read of its own. zstd-jni forgets that a frame ended only when it reads
     * again: were the end of one frame and the beginning of a cut-off one to come in one read, it would take the end of
     * the file for the end of the text.
     */
    private static final class LastByteAlone extends FilterInputStream {
        LastByteAlone(StoredFile in) {
            super(in);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int left = in.available();
            return in.read(bytes, offset, left > 1 ? Math.min(length, left - 1) : length);
        }
    }

    private int zstdWindowLog() {
        return Math.max(10, Math.min(ZSTD_MOST_WINDOW_LOG, 63 - Long.numberOfLeadingZeros(limits.maxMemoryBytes())));
    }

    private int xzMemoryKiB() {
        return (int) Math.min(Integer.MAX_VALUE, limits.maxMemoryBytes() >> 10);
    }

    private IOException explain(Exception e) {
        IOException ofFile = stored.failure();
        if (ofFile != null) {
            return ofFile;
        }
        String shown = Names.printable(stored.file());
        if (isMemory(e)) {
            return new InputException(
                    Kind.LIMIT,
                    shown + ": needs more memory to decompress than the limit of " + limits.maxMemoryBytes()
                            + " bytes: start the mappers with a larger " + InputLimits.MEMORY_VARIABLE
                            + ", or compress the file again with a smaller window",
                    e);
        }
        String what = e.getMessage() != null
                ? e.getMessage()
                : e instanceof EOFException
                        ? "unexpected end of file"
                        : e.getClass().getSimpleName();
        return new InputException(
                Kind.CORRUPT,
                shown + ": damaged or cut off (" + planned.compression().name().toLowerCase(Locale.ROOT)
                        + ", after " + textBytes + " bytes of text): " + Names.printable(what)
                        + ". Nothing of it is counted: make the file again, or leave it out with --exclude",
                e);
    }

    private static boolean isMemory(Exception e) {
        return e instanceof MemoryLimitException
                || String.valueOf(e.getMessage()).contains("requires too much memory");
    }

    private InputException tooLarge() {
        boolean byRatio = mostBytes < limits.maxTextBytes();
        String limit = byRatio
                ? limits.maxRatio() + " times its stored size of " + planned.fileBytes() + " bytes"
                : limits.maxTextBytes() + " bytes";
        String variable = byRatio ? InputLimits.RATIO_VARIABLE : InputLimits.TEXT_BYTES_VARIABLE;
        return new InputException(
                Kind.LIMIT,
                Names.printable(stored.file()) + ": holds more than " + limit + " of text, which looks like an archive"
                        + " bomb. If it is meant to, start the mappers with a larger " + variable);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public void close() throws IOException {
        if (decoder == null) {
            stored.close();
        } else {
            decoder.close();
        }
    }
}
