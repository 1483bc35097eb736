package dev.millrace.local;

import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Broker, mapper and reducer in this process, on the topics and the code of a cluster of many. */
public final class LocalCluster implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);
    private static final long STOP_MILLIS = 5_000;

    private final EmbeddedBroker broker;
    private final ClusterSettings cluster;
    private final List<Thread> threads = new ArrayList<>();
    private final List<Runnable> drains = new ArrayList<>();

    /**
     * @param mapperThreads tasks mapped at once
     * @param partitions partitions of the pairs topic
     * @param roots what mappers may read
     */
    public record Settings(
            EmbeddedBroker.Settings broker, int mapperThreads, int partitions, InputRoots roots, InputLimits limits) {}

    /** @param onFailure told, on a thread of its own, when a mapper or reducer has failed: nothing more will be done */
    private LocalCluster(EmbeddedBroker broker, Settings settings, Consumer<Throwable> onFailure) {
        this.broker = broker;
        this.cluster = ClusterSettings.of(broker.bootstrapServer());
        Duration deadline = Duration.ofSeconds(60);
        Mapper mapper = new Mapper(new MapperSettings(
                cluster, "mapper-1", settings.mapperThreads(), settings.roots(), settings.limits(), deadline));
        Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, deadline));
        run("mapper-1", () -> mapper.run(() -> {}), mapper::drain, onFailure);
        run("reducer-1", () -> reducer.run(() -> {}), reducer::drain, onFailure);
    }

    /** Returns when clients can be served. */
    public static LocalCluster start(Settings settings, Consumer<Throwable> onFailure) {
        // On a thread of its own, so that Ctrl-C in this second is not taken by the broker for a fault of its own.
        EmbeddedBroker broker = startBroker(settings.broker());
        try (ClusterSetup setup = new ClusterSetup(ClusterSettings.of(broker.bootstrapServer()))) {
            setup.create(new ClusterSetup.Shape(settings.partitions(), 1, 1));
            return new LocalCluster(broker, settings, onFailure);
        } catch (RuntimeException e) {
            broker.close();
            throw e;
        }
    }

    private static EmbeddedBroker startBroker(EmbeddedBroker.Settings settings) {
        try {
            return CompletableFuture.supplyAsync(() -> EmbeddedBroker.start(settings))
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private void run(String name, Runnable work, Runnable drain, Consumer<Throwable> onFailure) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (RuntimeException | Error e) {
                        LOG.debug("{} failed", name, e);
                        onFailure.accept(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
        drains.add(drain);
    }

    public ClusterSettings cluster() {
        return cluster;
    }

    /** Lets running tasks finish, then stops everything; safe to call while a job runs. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        drains.forEach(Runnable::run);
        try {
            for (Thread thread : threads) {
                thread.join(STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        broker.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
