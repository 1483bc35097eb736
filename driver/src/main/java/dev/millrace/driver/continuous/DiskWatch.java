package dev.millrace.driver.continuous;

import dev.millrace.input.Names;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tells the driver of a file system that does not answer, as of a file server that is gone: a thread that waits for it
 * cannot. {@link #at} and {@link #away} are of that thread, {@link #tell} is of the driver's.
 */
final class DiskWatch {
    private static final long SILENT_NANOS = 30_000_000_000L;
    /** The driver looks several times a second; for longer only where it was itself stopped, or waited for a broker. */
    private static final long PAUSE_NANOS = 5_000_000_000L;

    private record Call(long number, Path path) {}

    private long calls;
    private volatile @Nullable Call call;

    private @Nullable Call seen, silent;
    private long seenNanos, lookedNanos;

    /** What is called next concerns this path. */
    void at(Path path) {
        call = new Call(++calls, path);
    }

    /** Nothing is called for now. */
    void away() {
        call = null;
    }

    /** What a call under way concerns; null where there is none. Any thread. */
    @Nullable
    Path path() {
        Call now = call;
        return now == null ? null : now.path;
    }

    /** To be called all the time. */
    void tell(DocumentSource.Driver driver, long nanos) {
        Call now = call;
        if (!Objects.equals(now, seen) || nanos - lookedNanos > PAUSE_NANOS) {
            seen = now;
            seenNanos = nanos;
        }
        lookedNanos = nanos;
        Call told = silent;
        if (told != null && !told.equals(now)) {
            driver.readable(name(told));
            silent = null;
        } else if (told == null && now != null && nanos - seenNanos >= SILENT_NANOS) {
            silent = now;
            driver.unreadable(
                    name(now),
                    "it has not answered for 30 s; nothing of the watched folders is looked at until it does");
        }
    }

    /** Not the path alone, of which something else may be told as well. */
    private static String name(Call call) {
        return Names.printable(call.path) + " (no answer)";
    }
}
