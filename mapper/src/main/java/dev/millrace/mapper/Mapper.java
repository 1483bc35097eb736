package dev.millrace.mapper;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.jspecify.annotations.Nullable;

/** A mapper: one {@link MapperLoop} a thread. Closed by {@link #drain} or by the failure of any of them. */
public final class Mapper {
    private static final long BLOCKS_KEPT_BYTES = 64 << 20;

    private final KafkaProducer<byte[], byte[]> claims;
    private final List<MapperLoop> loops = new ArrayList<>();
    private final MapperMetrics metrics = new MapperMetrics();
    private final String slot;

    public Mapper(MapperSettings settings) {
        this.slot = settings.slot();
        this.claims = settings.cluster().plainProducer();
        BlockCache blocks = new BlockCache(BLOCKS_KEPT_BYTES);
        for (int thread = 1; thread <= settings.threads(); thread++) {
            loops.add(new MapperLoop(settings, thread, claims, blocks, metrics));
        }
    }

    /**
     * Runs tasks until drained.
     *
     * @param ready called once every thread is a member of the group and can take tasks
     * @throws RuntimeException the failure of the first loop that failed
     */
    public void run(Runnable ready) {
        AtomicInteger starting = new AtomicInteger(loops.size());
        Runnable loopReady = () -> {
            if (starting.decrementAndGet() == 0) {
                ready.run();
            }
        };
        BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
        for (int i = 0; i < loops.size(); i++) {
            MapperLoop loop = loops.get(i);
            Thread thread = new Thread(() -> outcomes.add(Outcome.of(() -> loop.run(loopReady))), slot + "/" + (i + 1));
            thread.setDaemon(true);
            thread.start();
        }
        RuntimeException failure = null;
        try {
            for (int running = loops.size(); running > 0; running--) {
                Throwable ended = outcomes.take().failure();
                if (ended instanceof Error error) {
                    throw error; // out of memory, or a defect: the process is not to be trusted any more
                }
                if (ended != null && failure == null) {
                    failure = (RuntimeException) ended;
                    drain();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            drain();
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        } finally {
            claims.close(Duration.ofSeconds(1));
        }
        if (failure != null) {
            throw failure;
        }
    }

    private record Outcome(@Nullable Throwable failure) {
        static Outcome of(Runnable loop) {
            try {
                loop.run();
                return new Outcome(null);
            } catch (RuntimeException | Error e) {
                return new Outcome(e);
            }
        }
    }

    /** Finishes the tasks at hand and takes no more. Any thread. */
    public void drain() {
        loops.forEach(MapperLoop::drain);
    }

    MapperMetrics metrics() {
        return metrics;
    }

    List<MapperLoop> loops() {
        return loops;
    }

    KafkaProducer<byte[], byte[]> claims() {
        return claims;
    }
}
