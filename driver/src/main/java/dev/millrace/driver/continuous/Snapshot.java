package dev.millrace.driver.continuous;

import dev.millrace.driver.JobsView;
import dev.millrace.driver.collect.ResultTable;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import dev.millrace.shuffle.WordTable;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.DocumentCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consistent table of a continuous job: the counts of all documents that were saved or produced before it was asked
 * for, in one version each, and the list of these documents. The totals agree three times: as the driver has them, as the
 * documents add up, and as the counts add up.
 *
 * @param counts every word
 * @param documents by name, what was counted of each
 * @param unreadable documents that keep their last good version, and why
 */
public record Snapshot(
        JobSpec job,
        long barrier,
        ResultTable counts,
        PartitionTotal total,
        Map<String, DocumentEntry> documents,
        List<String> unreadable) {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshot.class);
    private static final Duration POLL = Duration.ofMillis(100);
    /** Then twice as long each time, as each asking costs the driver a barrier. */
    private static final Duration ASKED_AGAIN = Duration.ofSeconds(5);

    /**
     * Asks the job's driver for a barrier, waits for it, and reads the table.
     *
     * @param patience how long the driver and the reducers may take
     * @throws MillraceException NO_SUCH_JOB, TIMED_OUT, FAILED if the totals do not agree, BROKER
     */
    public static Snapshot take(ClusterSettings cluster, String name, Duration patience) {
        TopicNames topics = cluster.topics();
        JobsView jobs = JobsView.read(cluster);
        JobSpec spec = jobs.continuous(cluster, name).spec();
        TopicPartition events = DriverEvents.partition(cluster), jobsPartition = new TopicPartition(topics.jobs(), 0);
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader(Map.of("fetch.max.wait.ms", 50));
                KafkaProducer<byte[], byte[]> producer = cluster.plainProducer()) {
            reader.assign(List.of(events, jobsPartition));
            reader.seek(jobsPartition, jobs.next());
            reader.seekToEnd(List.of(events));
            reader.position(events);
            Snapshot read = null;
            for (int tries = 1; read == null; tries++) {
                Reached reached = await(reader, jobs, spec, events, () -> ask(producer, topics, spec), patience);
                read = read(cluster, spec, reached, tries > 1);
            }
            return read;
        }
    }

    /** Returns the number of the barrier. */
    private static long ask(KafkaProducer<byte[], byte[]> producer, TopicNames topics, JobSpec spec) {
        long barrier = ReducersAsked.number();
        try {
            producer.send(new ProducerRecord<>(
                            topics.events(),
                            0,
                            spec.id().toString().getBytes(StandardCharsets.US_ASCII),
                            ControlCodec.encode(new Event.BarrierAsked(spec.id(), barrier))))
                    .get();
            return barrier;
        } catch (ExecutionException e) {
            throw new MillraceException(ExitCode.BROKER, "cannot ask for a snapshot: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        }
    }

    /** What driver and reducers said of one barrier. */
    private static final class Reached {
        private Event.@Nullable BarrierReached driver;
        private final Map<Integer, Event.PartitionBarrier> partitions = new HashMap<>();
    }

    /**
     * @param reader of events, and of what comes to jobs: one that is cancelled or fails ends without an event
     * @param ask asks for one more barrier: a driver that ends while one is under way forgets it
     */
    private static Reached await(
            KafkaConsumer<byte[], byte[]> reader,
            JobsView jobs,
            JobSpec spec,
            TopicPartition events,
            LongSupplier ask,
            Duration patience) {
        Map<Long, Reached> asked = new LinkedHashMap<>();
        asked.put(ask.getAsLong(), new Reached());
        Duration pause = ASKED_AGAIN;
        long begin = System.nanoTime(), askAgain = begin + pause.toNanos();
        while (System.nanoTime() - begin < patience.toNanos()) {
            for (ConsumerRecord<byte[], byte[]> in : DriverEvents.poll(reader, events, POLL)) {
                if (!in.topic().equals(events.topic())) {
                    jobs.apply(in);
                    jobs.checkGoesOn(spec);
                    continue;
                }
                if (in.key() == null || !spec.id().toString().equals(new String(in.key(), StandardCharsets.US_ASCII))) {
                    continue;
                }
                Event event = DriverEvents.event(in);
                Reached reached = null;
                if (event instanceof Event.BarrierReached each && (reached = asked.get(each.barrier())) != null) {
                    reached.driver = each;
                } else if (event instanceof Event.PartitionBarrier each
                        && (reached = asked.get(each.barrier())) != null) {
                    reached.partitions.put(each.partition(), each);
                } else if (event instanceof Event.PartitionFailed failed) {
                    throw new MillraceException(
                            ExitCode.FAILED, "the job " + spec.name() + " failed: " + failed.message());
                }
                if (reached != null && reached.driver != null && reached.partitions.size() == spec.partitions()) {
                    return reached;
                }
            }
            if (System.nanoTime() > askAgain && asked.values().stream().noneMatch(each -> each.driver != null)) {
                asked.put(ask.getAsLong(), new Reached());
                pause = pause.multipliedBy(2);
                askAgain = System.nanoTime() + pause.toNanos();
            }
        }
        int most = asked.values().stream()
                .mapToInt(each -> each.partitions.size())
                .max()
                .orElse(0);
        String whom = asked.values().stream().allMatch(each -> each.driver == null)
                ? "its driver has not answered: is 'millrace watch' or 'millrace stream' running for it? If it is, it has not read"
                        + " or counted all yet, or waits for a transaction in its topic or for a file system, which it tells"
                : "only " + most + " of " + spec.partitions() + " partitions were reached: are reducers running?";
        throw new MillraceException(
                ExitCode.TIMED_OUT,
                "no snapshot of the job " + spec.name() + " within " + patience.toSeconds() + " s; " + whom);
    }

    /**
     * Null where the totals do not agree the first time: if more than two minutes ({@code min.compaction.lag.ms}) passed
     * between a partition's answer and the reading of its counts, some of them may have been compacted away.
     */
    private static @Nullable Snapshot read(ClusterSettings cluster, JobSpec spec, Reached reached, boolean isRepeated) {
        Event.BarrierReached driver = Objects.requireNonNull(reached.driver);
        ResultTable table = new ResultTable();
        long words = 0;
        for (Event.PartitionBarrier each : reached.partitions.values()) {
            words += each.words();
            TopicPartition results = new TopicPartition(cluster.topics().results(spec.id()), each.partition());
            counts(cluster, results, each.resultsEnd()).forEach((word, from, length, count) -> {
                if (count != 0) {
                    table.add(word, from, length, count);
                }
            });
        }
        Map<String, DocumentEntry> documents = documents(cluster, spec, driver.documentsEnd());
        PartitionTotal counted = table.total();
        String disagreement = disagreement(driver, documents, counted, table.size(), words);
        if (disagreement != null) {
            String what = "the totals of the job " + spec.name() + " do not agree: " + disagreement;
            if (!isRepeated) {
                LOG.warn("{}; reading them again", what);
                return null;
            }
            throw new MillraceException(
                    ExitCode.FAILED,
                    what
                            + ", twice: if reducers and the way to the brokers are not minutes behind, please report this");
        }
        return new Snapshot(spec, driver.barrier(), table, counted, documents, driver.unreadable());
    }

    /**
     * What does not agree; null where all does. Documents without words are in no sum, so they are counted too.
     *
     * @param stated words with a count, as reducers have them
     */
    static @Nullable String disagreement(
            Event.BarrierReached driver,
            Map<String, DocumentEntry> documents,
            PartitionTotal counted,
            long words,
            long stated) {
        PartitionTotal documented = PartitionTotal.ZERO;
        for (DocumentEntry each : documents.values()) {
            documented = documented.plus(each.total());
        }
        if (counted.equals(driver.total())
                && documented.equals(counted)
                && documents.size() == driver.documents()
                && words == stated) {
            return null;
        }
        return "the tasks came to " + driver.total() + " in " + driver.documents() + " documents, the documents to "
                + documented + " in " + documents.size() + ", the counts to " + counted + " in " + words + " words of "
                + stated;
    }

    /** The counts of one partition of the results, as they were at an offset. */
    static WordTable counts(ClusterSettings cluster, TopicPartition results, long end) {
        WordTable table = new WordTable();
        LogReader.read(cluster, results, -1, end, in -> {
            if (OpenTransactions.isEnding(in)) {
                return;
            }
            long count = in.value() == null ? 0 : ByteBuffer.wrap(in.value()).getLong();
            table.add(in.key(), 0, in.key().length, count - table.get(in.key(), 0, in.key().length));
        });
        return table;
    }

    /** @param end offset to read to; -1 for what is there now */
    static Map<String, DocumentEntry> documents(ClusterSettings cluster, JobSpec spec, long end) {
        Map<String, DocumentEntry> documents = new TreeMap<>();
        TopicPartition partition = new TopicPartition(cluster.topics().documents(spec.id()), 0);
        LogReader.read(cluster, partition, -1, end, in -> {
            String id = new String(in.key(), StandardCharsets.UTF_8);
            if (in.value() == null) {
                documents.remove(id);
            } else {
                documents.put(id, DocumentCodec.document(in.value()));
            }
        });
        return documents;
    }
}
