package dev.millrace.input;

import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import java.io.IOException;
import java.nio.file.Path;

/** Opens what was planned, or says why not. */
public final class InputFiles {
    private InputFiles() {}

    /**
     * The text of a range. A plain file is positioned at {@code max(0, startByte - 1)} and runs on to the end of the
     * file as planned, for the last line of a range may end far behind it; a compressed file is read from its start,
     * within the limits.
     *
     * <p>Only regular files are opened, after a look at what they are: a FIFO or device never blocks. (Someone who swaps
     * a file for a FIFO between the look and the opening can still block the reader; Java has no non-blocking open.)
     *
     * @throws InputChangedException if size or time of the file is not as planned
     * @throws InputException for all else that is wrong with the file
     * @throws IOException {@link java.nio.channels.ClosedByInterruptException} if the thread is interrupted
     */
    public static TextInput open(InputRoots roots, InputRange range, InputLimits limits) throws IOException {
        Path file = roots.resolve(range.root(), range.path());
        boolean plain = range.compression() == Compression.NONE;
        long start = plain ? Math.max(0, range.startByte() - 1) : 0;
        StoredFile stored = new StoredFile(file, range, start, roots.allowsLinks(range.root()));
        return new TextInput(stored, plain ? stored : new DecodedText(stored, range, limits), start);
    }
}
