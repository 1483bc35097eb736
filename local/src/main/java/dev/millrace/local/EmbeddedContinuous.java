package dev.millrace.local;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.cli.ClusterArguments;
import dev.millrace.driver.cli.ClusterOptions;
import dev.millrace.driver.cli.ContinuousOpener;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.driver.continuous.Holders;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSetup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A {@link LocalCluster} for one continuous job, from when this is made until it is closed. */
final class EmbeddedContinuous implements ContinuousClient {
    /**
     * One thread reduces all of them, and each costs a small document an append, and a transaction's end, for its pairs, its
     * counts and its checkpoint.
     */
    private static final int DEFAULT_PARTITIONS = 2;

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final LocalCluster cluster;
    private final ContinuousClient client;

    /** The thread that makes it is interrupted when the cluster fails, so it must be the one that runs the job. */
    EmbeddedContinuous(ClusterOptions options, ContinuousOpener.Home home) {
        Thread driver = Thread.currentThread();
        InputRoots roots = InputRoots.parse(List.of("data=."));
        int threads =
                options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
        LocalCluster.Settings settings = new LocalCluster.Settings(
                new EmbeddedBroker.Settings(home.dataDir(), home.port(), Map.of()),
                threads,
                options.partitions() > 0 ? options.partitions() : DEFAULT_PARTITIONS,
                roots,
                InputLimits.fromEnvironment(System.getenv()));
        cluster = LocalCluster.start(settings, e -> {
            failure.compareAndSet(null, e);
            driver.interrupt();
        });
        client = new KafkaContinuousClient(
                new DriverSettings(cluster.cluster(), roots, EmbeddedEngine.BROKER_DEADLINE, true, "millrace attach")
                        .withCountingThreads(threads)
                        .withAnew(job -> anew(job, home)));
    }

    /** The broker ends with the driver that says so, so nobody could cancel the job there. */
    static String anew(String job, ContinuousOpener.Home home) {
        Path dataDir = home.dataDir();
        if (dataDir == null) {
            return "start this again"; // nothing was kept
        }
        int port = home.port() > 0 ? home.port() : BrokerCommand.DEFAULT_PORT;
        return "start this again with another --job NAME; to end the old one, run 'millrace broker --data-dir "
                + ClusterArguments.quoted(dataDir.toString()) + " --port " + port
                + "' and, while that runs, 'millrace cancel " + job + " --bootstrap-server 127.0.0.1:" + port + "'";
    }

    @Override
    public void run(String name, TextRules rules, Feed feed, boolean mappersOnly, ContinuousListener listener) {
        try {
            if (feed instanceof Topic topic) {
                make(topic, listener);
            }
            client.run(name, rules, feed, mappersOnly, listener);
        } catch (RuntimeException e) {
            Throwable cause = failure.get();
            if (cause != null) {
                Thread.interrupted();
                throw EmbeddedEngine.failed(cause);
            }
            throw e;
        }
    }

    @Override
    public boolean stop() {
        return client.stop();
    }

    /** On a broker that is only there for this job nobody else can have made it, the first time. */
    private void make(Topic topic, ContinuousListener listener) {
        try (ClusterSetup setup = new ClusterSetup(cluster.cluster())) {
            if (setup.createDocuments(topic.name())) {
                listener.notice("the topic " + topic.name() + " was made, compacted, of one partition");
            }
        }
    }

    @Override
    public @Nullable DriverStatus driver(String name) {
        return client.driver(name);
    }

    @Override
    public LiveTable live(String name) {
        return client.live(name);
    }

    @Override
    public Map<String, Long> counts(String name, List<String> words) {
        return client.counts(name, words);
    }

    @Override
    public Holders holders(String name, String word) {
        return client.holders(name, word);
    }

    @Override
    public Snapshot snapshot(String name, Duration patience) {
        return client.snapshot(name, patience);
    }

    @Override
    public String bootstrapServers() {
        return client.bootstrapServers();
    }

    @Override
    public void close() {
        client.close();
        cluster.close();
    }
}
