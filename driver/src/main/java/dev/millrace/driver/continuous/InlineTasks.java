package dev.millrace.driver.continuous;

import dev.millrace.driver.DriverSettings;
import dev.millrace.map.BlockCache;
import dev.millrace.map.DocumentCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Tasks that take longer to hand out than to count: the driver counts them itself, in the transaction that would have
 * published them, which spares the way to a mapper and back, and one transaction of three.
 */
final class InlineTasks implements AutoCloseable {
    /** Of text, counted in about a millisecond. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int MOST_CHANGES = 64;
    /** Blocks to fetch, some milliseconds each. A mapper does nothing else meanwhile; a driver keeps all others waiting. */
    private static final int MOST_FETCHED = 8;

    private static final long BLOCKS_KEPT_BYTES = 32 << 20;

    private final boolean none;
    private final DocumentCounter counter;

    InlineTasks(DriverSettings settings) {
        none = settings.mappersOnly();
        counter = new DocumentCounter(settings.cluster(), new BlockCache(BLOCKS_KEPT_BYTES));
    }

    /** The task, counted; null where it is one for mappers. */
    DocumentCounter.@Nullable Counted count(DocumentTracker.Due due) {
        if (none
                || !due.isWhole()
                || due.texts().length > MOST_BYTES
                || due.task().changes().size() > MOST_CHANGES) {
            return null;
        }
        try {
            return counter.countAtOnce(due.task(), due.texts(), MOST_FETCHED);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the texts are in memory
        }
    }

    @Override
    public void close() {
        counter.close();
    }
}
