package dev.millrace.driver.continuous;

import dev.millrace.driver.ClusterCall;
import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobsView;
import dev.millrace.input.InputLimits;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.shuffle.WordHash;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Continuous jobs on a Kafka cluster, embedded or not. */
public final class KafkaContinuousClient implements ContinuousClient {
    private static final Duration SCAN_INTERVAL = Duration.ofSeconds(1);

    private final DriverSettings settings;
    private final ClusterSettings cluster;
    private final ClusterSetup setup;
    private volatile @Nullable DocumentSource running;

    public KafkaContinuousClient(DriverSettings settings) {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.setup = new ClusterSetup(cluster);
    }

    @Override
    public void run(String name, TextRules rules, Feed feed, boolean mappersOnly, ContinuousListener listener) {
        asked(() -> {
            setup.pairs(); // says what to do where there is no installation
            DocumentSource source = source(name, feed);
            running = source;
            try {
                ContinuousJob.run(settings.withMappersOnly(mappersOnly), name, rules, source, listener);
            } finally {
                running = null;
            }
            return true;
        });
    }

    @Override
    public boolean stop() {
        DocumentSource source = running;
        return source != null && source.stop();
    }

    private DocumentSource source(String job, Feed feed) {
        if (feed instanceof Topic topic) {
            return topic(job, topic);
        }
        if (feed instanceof Lines lines) {
            return new LineSource(lines.in(), lines.delimiter(), DEFAULT_DOCUMENT_BYTES);
        }
        return folders((Folders) feed);
    }

    private DocumentSource topic(String job, Topic feed) {
        String name = feed.name();
        int partitions = setup.partitions(name);
        JobRecord known = partitions == 0 ? JobsView.read(cluster).continuous(job) : null;
        if (known != null && known.spec().input().paths().equals(TopicSource.names(name))) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "the topic '" + name + "' is gone; what was read of it counts on, and nothing can come. Another"
                            + " topic of that name is for another job: give another --job NAME, or end this one with '"
                            + cluster.command("cancel " + job) + "'");
        }
        if (partitions == 0) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    "the cluster " + cluster.bootstrapServers() + " has no topic '" + name
                            + "': make it first, compacted if it is to hold the documents for good");
        }
        Path files = feed.files();
        return new TopicSource(
                name,
                partitions,
                files == null
                        ? null
                        : new ReferencedFiles(
                                files, InputLimits.fromEnvironment(System.getenv()), feed.maxDocumentBytes()),
                feed.maxDocumentBytes(),
                System::nanoTime,
                TopicSource::wallNanos);
    }

    private static DocumentSource folders(Folders feed) {
        return new FolderSource(
                feed.folders(),
                feed.includes(),
                feed.excludes(),
                feed.followLinks(),
                InputLimits.fromEnvironment(System.getenv()),
                feed.maxDocumentBytes(),
                SCAN_INTERVAL);
    }

    @Override
    public LiveTable live(String name) {
        return asked(() -> {
            setup.pairs(); // says what to do where there is no installation
            JobsView jobs = JobsView.read(cluster);
            return new KafkaLiveTable(cluster, jobs.continuous(cluster, name).spec(), jobs);
        });
    }

    @Override
    public @Nullable DriverStatus driver(String name) {
        return asked(() -> DriverEvents.last(cluster, find(name)));
    }

    @Override
    public Map<String, Long> counts(String name, List<String> words) {
        return asked(() -> {
            JobSpec job = find(name);
            Map<String, Long> counts = new LinkedHashMap<>();
            Map<Integer, Map<ByteBuffer, String>> wanted = new HashMap<>();
            for (String word : words) {
                byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
                counts.put(word, 0L);
                wanted.computeIfAbsent(WordHash.partition(bytes, job.partitions()), p -> new HashMap<>())
                        .put(ByteBuffer.wrap(bytes), word);
            }
            wanted.forEach((partition, here) -> ResultsReading.inTime(
                    name,
                    System::currentTimeMillis,
                    () -> read(results(job.id(), partition), here, counts),
                    () -> here.values().forEach(word -> counts.put(word, 0L))));
            return counts;
        });
    }

    private void read(TopicPartition results, Map<ByteBuffer, String> wanted, Map<String, Long> counts) {
        LogReader.readToEnd(cluster, results, -1, in -> {
            String word = wanted.get(ByteBuffer.wrap(in.key()));
            if (word != null) {
                counts.put(
                        word,
                        in.value() == null ? 0 : ByteBuffer.wrap(in.value()).getLong());
            }
        });
    }

    private TopicPartition results(JobId job, int partition) {
        return new TopicPartition(cluster.topics().results(job), partition);
    }

    @Override
    public Holders holders(String name, String word) {
        return asked(() -> LedgerScan.holders(cluster, find(name), word));
    }

    @Override
    public Snapshot snapshot(String name, Duration patience) {
        return asked(() -> {
            find(name);
            return Snapshot.take(cluster, name, patience);
        });
    }

    @Override
    public String bootstrapServers() {
        return cluster.bootstrapServers();
    }

    private JobSpec find(String name) {
        setup.pairs(); // says what to do where there is no installation
        return JobsView.find(cluster, name).spec();
    }

    private <T extends @Nullable Object> T asked(Supplier<T> work) {
        return ClusterCall.answer(cluster, work);
    }

    @Override
    public void close() {
        setup.close();
    }
}
