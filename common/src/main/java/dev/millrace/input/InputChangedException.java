package dev.millrace.input;

import dev.millrace.job.InputRange;
import java.nio.file.Path;
import java.time.Instant;

/** A file that is not what it was when the job was planned. Never counted: the job fails and names it. */
public final class InputChangedException extends InputException {
    private static final long serialVersionUID = 1;

    private InputChangedException(String message) {
        super(Kind.CHANGED, message);
    }

    static InputChangedException differs(Path file, InputRange planned, long foundBytes, long foundNanos) {
        return new InputChangedException(Names.printable(file) + ": changed since the job was planned: planned "
                + version(planned.fileBytes(), planned.modifiedNanos()) + ", found " + version(foundBytes, foundNanos)
                + ". Count it again when nothing writes to it");
    }

    static InputChangedException replaced(Path file) {
        return new InputChangedException(Names.printable(file)
                + ": was replaced by another file while it was read. Count it again when nothing writes to it");
    }

    static InputChangedException shrunk(Path file, InputRange planned, long foundBytes) {
        return new InputChangedException(Names.printable(file) + ": was truncated while it was read: planned "
                + planned.fileBytes() + " bytes, it ends after " + foundBytes
                + ". Count it again when nothing writes to it");
    }

    private static String version(long bytes, long nanos) {
        return bytes + " bytes of "
                + Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }
}
