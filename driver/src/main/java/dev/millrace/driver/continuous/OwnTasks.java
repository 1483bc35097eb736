package dev.millrace.driver.continuous;

import dev.millrace.driver.DriverSettings;
import dev.millrace.map.BlockCache;
import dev.millrace.map.DocumentCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tasks that take longer to hand out than to count: the driver's process counts them itself, and they go out in the
 * transaction that would have published them, which spares the way to a mapper and back, and one transaction of three.
 * Those are small ones, which the driver's thread counts; and where processors are the driver's own, as with an embedded
 * broker, all that are whole, which threads of this object count while the driver writes down others.
 *
 * <p>For the driver's thread.
 */
final class OwnTasks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnTasks.class);
    /** Of text, counted in about a millisecond. */
    private static final int SMALL_BYTES = 64 << 10;

    private static final int SMALL_CHANGES = 64;
    /** Blocks to fetch, some milliseconds each. A mapper does nothing else meanwhile; a driver keeps all others waiting. */
    private static final int MOST_FETCHED = 8;

    private static final long BLOCKS_KEPT_BYTES = 32 << 20;
    private static final Duration CLOSING = Duration.ofSeconds(5);

    private final boolean none;
    private final Runnable whenDone;
    private final DocumentCounter counter;
    /** Of the threads. */
    private final Queue<DocumentCounter> idle = new ConcurrentLinkedQueue<>();

    private final @Nullable ExecutorService threads;
    private final List<Running> running = new ArrayList<>();

    private record Running(DocumentTracker.Due draft, Future<DocumentCounter.Counted> counted) {}

    /**
     * A draft that was given to a thread.
     *
     * @param counted null where it could not be counted here
     */
    record Done(DocumentTracker.Due draft, DocumentCounter.@Nullable Counted counted) {}

    /** @param whenDone called by a thread when it has counted a task */
    OwnTasks(DriverSettings settings, Runnable whenDone) {
        this.whenDone = whenDone;
        none = settings.mappersOnly();
        BlockCache blocks = new BlockCache(BLOCKS_KEPT_BYTES);
        counter = new DocumentCounter(settings.cluster(), blocks);
        int wanted = none ? 0 : settings.countingThreads();
        for (int i = 0; i < wanted; i++) {
            idle.add(new DocumentCounter(settings.cluster(), blocks));
        }
        threads = wanted == 0
                ? null
                : Executors.newFixedThreadPool(wanted, work -> {
                    Thread thread = new Thread(work, "driver-map");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** A small task, counted; null where it is none, or would have to wait for something. */
    DocumentCounter.@Nullable Counted count(DocumentTracker.Due due) {
        if (none
                || !due.isWhole()
                || due.texts().length > SMALL_BYTES
                || due.task().changes().size() > SMALL_CHANGES) {
            return null;
        }
        try {
            return counter.countAtOnce(due.task(), due.texts(), MOST_FETCHED);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the texts are in memory
        }
    }

    /** Has a thread count a draft; false where that is for mappers. */
    boolean begin(DocumentTracker.Due due) {
        if (threads == null || !due.isWhole()) {
            return false;
        }
        FutureTask<DocumentCounter.Counted> work = new FutureTask<>(counting(due)) {
            @Override
            protected void done() {
                whenDone.run();
            }
        };
        running.add(new Running(due, work));
        threads.execute(work);
        return true;
    }

    private Callable<DocumentCounter.Counted> counting(DocumentTracker.Due due) {
        return () -> {
            DocumentCounter own = idle.remove(); // there are as many as threads
            try {
                return own.count(due.task(), due.texts());
            } finally {
                idle.add(own);
            }
        };
    }

    /** Those that were begun and are done by now; they do not wait for one before them that waits for its old blocks. */
    List<Done> takeDone() {
        List<Done> done = new ArrayList<>();
        running.removeIf(each -> {
            boolean isDone = each.counted.isDone();
            if (isDone) {
                done.add(new Done(each.draft, outcome(each)));
            }
            return isDone;
        });
        return done;
    }

    private static DocumentCounter.@Nullable Counted outcome(Running done) {
        try {
            return done.counted.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            LOG.warn("a task could not be counted by the driver and goes to a mapper", e.getCause());
            return null;
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        if (threads != null) {
            threads.shutdownNow();
            try {
                if (!threads.awaitTermination(CLOSING.toMillis(), TimeUnit.MILLISECONDS)) {
                    LOG.warn("a task is still being counted after {} s", CLOSING.toSeconds());
                    return; // its reader must not be closed under it
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        counter.close();
        idle.forEach(DocumentCounter::close);
    }
}
