package dev.millrace.driver.submit;

import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts files into the inputs of tasks. A plain file longer than a chunk is cut every {@code chunkBytes} from its start;
 * files that fit are packed together, in order, until the next one would make the task longer than a chunk, than
 * {@value #MOST_FILES} files or than a message may be. A compressed file is never cut, and counts as
 * {@value #COMPRESSED_WEIGHT} times its stored size when packed.
 *
 * <p>Pure: where a cut falls depends on the files from there on and {@code chunkBytes}, nothing else, so that a planner
 * that starts behind any task gives the rest of the plan. Takes one file more than it has given out. One thread.
 */
public final class ChunkPlanner implements Iterator<List<InputRange>> {
    static final int MOST_FILES = 1_000;
    static final int COMPRESSED_WEIGHT = 4;
    /** Estimated length of the ranges as JSON in a task, in bytes; a Kafka message holds 1 MiB. */
    static final int MOST_JSON_BYTES = 384 << 10;
    /** Field names, numbers and punctuation of one range as JSON, beside its names: at most. */
    private static final int JSON_BYTES_A_RANGE = 256;

    private final Iterator<PlannedFile> files;
    private final long chunkBytes;
    /** Taken from the walk and not given out yet, or only up to its {@code fromByte}. */
    private @Nullable PlannedFile pending;

    public ChunkPlanner(Iterator<PlannedFile> files, long chunkBytes) {
        if (chunkBytes < 1) {
            throw new IllegalArgumentException("chunk of " + chunkBytes + " bytes");
        }
        this.files = files;
        this.chunkBytes = chunkBytes;
    }

    @Override
    public boolean hasNext() {
        return pending != null || files.hasNext();
    }

    /** The inputs of the next task; never empty. */
    @Override
    public List<InputRange> next() {
        PlannedFile file = take();
        if (file == null) {
            throw new NoSuchElementException();
        }
        return isCut(file) ? List.of(cut(file)) : pack(file);
    }

    private @Nullable PlannedFile take() {
        PlannedFile file = pending;
        pending = null;
        return file != null ? file : files.hasNext() ? files.next() : null;
    }

    private boolean isCut(PlannedFile file) {
        return file.compression() == Compression.NONE && file.fileBytes() > chunkBytes;
    }

    private InputRange cut(PlannedFile file) {
        long left = file.fileBytes() - file.fromByte();
        if (left <= chunkBytes) {
            return range(file, file.fileBytes());
        }
        long end = file.fromByte() + chunkBytes;
        pending = new PlannedFile(
                file.root(), file.path(), end, file.fileBytes(), file.modifiedNanos(), file.compression());
        return range(file, end);
    }

    private List<InputRange> pack(PlannedFile first) {
        List<InputRange> ranges = new ArrayList<>();
        long weight = 0;
        int jsonBytes = 0;
        PlannedFile file = first;
        while (file != null) {
            weight += weight(file);
            jsonBytes += jsonBytes(file);
            boolean full = weight > chunkBytes || jsonBytes > MOST_JSON_BYTES || ranges.size() == MOST_FILES;
            if (!ranges.isEmpty() && (full || isCut(file))) {
                pending = file;
                break;
            }
            ranges.add(range(file, file.fileBytes()));
            file = take();
        }
        return ranges;
    }

    private static long weight(PlannedFile file) {
        boolean plain = file.compression() == Compression.NONE;
        return plain ? file.bytes() : Math.min(file.fileBytes(), 1L << 40) * COMPRESSED_WEIGHT;
    }

    private static int jsonBytes(PlannedFile file) {
        return JSON_BYTES_A_RANGE + file.root().length() + file.path().length();
    }

    private static InputRange range(PlannedFile file, long end) {
        return new InputRange(
                file.root(),
                file.path(),
                file.fromByte(),
                end,
                file.fileBytes(),
                file.modifiedNanos(),
                file.compression());
    }
}
