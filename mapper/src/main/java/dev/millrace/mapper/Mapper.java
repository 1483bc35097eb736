package dev.millrace.mapper;

import dev.millrace.map.BlockCache;
import dev.millrace.service.LoopThreads;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;

/** A mapper: one {@link MapperLoop} a thread. Closed by {@link #drain} or by the failure of any of them. */
public final class Mapper {
    private static final long BLOCKS_KEPT_BYTES = 64 << 20;

    private final KafkaProducer<byte[], byte[]> claims;
    private final List<MapperLoop> loops;
    private final LoopThreads threads;
    private final MapperMetrics metrics = new MapperMetrics();

    public Mapper(MapperSettings settings) {
        this.claims = settings.cluster().plainProducer();
        BlockCache blocks = new BlockCache(BLOCKS_KEPT_BYTES);
        this.loops = LoopThreads.workers(settings.slot(), settings.threads()).stream()
                .map(worker -> new MapperLoop(settings, worker, claims, blocks, metrics))
                .toList();
        this.threads = new LoopThreads(loops);
    }

    /**
     * Runs tasks until drained.
     *
     * @param ready called once every thread is a member of the group and can take tasks
     * @throws RuntimeException the failure of the first loop that failed
     */
    public void run(Runnable ready) {
        try {
            threads.run(ready);
        } finally {
            claims.close(Duration.ofSeconds(1));
        }
    }

    /** Finishes the tasks at hand and takes no more. Any thread. */
    public void drain() {
        threads.drain();
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
