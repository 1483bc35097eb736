package dev.millrace.map;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextHash;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.JobTopics;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.Patience;
import dev.millrace.kafka.TopicNames;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of the ledger, by position: those of the task at hand, which are read in one go, and those that this process
 * wrote lately. One thread at a time.
 */
final class LedgerReader implements Blocks, AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(250);
    /** More than brokers take to end a transaction whose producer is gone, and drivers one that brokers have lost. */
    private static final Duration HIDDEN = Duration.ofSeconds(60);

    /** Ledgers are kept for much longer behind the end of their job. */
    private static final long SEEN_NANOS = 60_000_000_000L;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final JobTopics jobTopics;
    private final BlockCache cache;
    /** What {@link #load} found. */
    private final Map<BlockPosition, byte[]> loaded = new HashMap<>();

    /** When ledgers were seen last. */
    private final Map<JobId, Long> seenNanos = new HashMap<>();

    private @Nullable KafkaConsumer<byte[], byte[]> consumer;

    /** There is no such block where the task says it is, nor behind it. */
    static final class MissingBlockException extends RuntimeException {
        private static final long serialVersionUID = 1;

        MissingBlockException(String message) {
            super(message);
        }
    }

    LedgerReader(ClusterSettings cluster, BlockCache cache) {
        this.cluster = cluster;
        this.cache = cache;
        this.topics = cluster.topics();
        this.jobTopics = new JobTopics(topics);
    }

    /** The record key of a block: task and change, big-endian. */
    static byte[] key(long task, int change) {
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(task)
                .putInt(change)
                .array();
    }

    /** Remembers what a task is about to write. */
    void keep(DocumentTask task, List<byte @Nullable []> blocks) {
        List<TextHash> texts =
                task.changes().stream().map(DocumentTask.Change::hash).toList();
        cache.put(task.job(), task.number(), texts, blocks);
    }

    /**
     * Looks whether the ledger is there, if that was not done within the last minute.
     *
     * @param partitions how many it has to have at least
     * @throws MillraceException where it is gone, as it is some time behind the end of its job
     */
    void require(JobId job, int partitions) {
        long now = System.nanoTime();
        Long seen = seenNanos.get(job);
        if (seen != null && now - seen < SEEN_NANOS) {
            return;
        }
        String failure = jobTopics.failure(reader(), topics.ledger(job), partitions);
        if (failure != null) {
            throw new MillraceException(ExitCode.FAILED, failure);
        }
        seenNanos.put(job, now);
    }

    /**
     * Reads the blocks that the next task will ask for, those that lie together in one go. One that is not found near where
     * it should be is left to {@link #read}.
     */
    void load(JobId job, Collection<DocumentTask.Change> changes) {
        loaded.clear();
        missing(job, changes).forEach((number, wanted) -> {
            while (!wanted.isEmpty()) {
                loadFirst(job, number, wanted);
            }
        });
    }

    /**
     * As {@link #load}, for somebody who does not want to wait: gives up at the first that is not near where it should be.
     *
     * @param most how many may have to be fetched
     * @return whether {@link #read} finds all of them at once
     */
    boolean loadFew(JobId job, Collection<DocumentTask.Change> changes, int most) {
        loaded.clear();
        Map<Integer, Wanted> missing = missing(job, changes);
        if (missing.values().stream().mapToInt(Wanted::size).sum() > most) {
            return false;
        }
        for (Map.Entry<Integer, Wanted> each : missing.entrySet()) {
            Wanted wanted = each.getValue();
            while (!wanted.isEmpty()) {
                int all = loaded.size() + wanted.size();
                loadFirst(job, each.getKey(), wanted);
                if (loaded.size() + wanted.size() < all) {
                    return false; // what was taken away is not all there, and reading it would wait
                }
            }
        }
        return true;
    }

    /** Blocks of one partition that are to be read. */
    private static final class Wanted {
        private final NavigableSet<BlockPosition> inOrder =
                new TreeSet<>(Comparator.comparingLong(BlockPosition::offset)
                        .thenComparingLong(BlockPosition::task)
                        .thenComparingInt(BlockPosition::change));
        private final Map<ByteBuffer, BlockPosition> byKey = new HashMap<>();

        void add(BlockPosition position) {
            inOrder.add(position);
            byKey.put(ByteBuffer.wrap(key(position.task(), position.change())), position);
        }

        BlockPosition first() {
            return inOrder.first();
        }

        void drop(BlockPosition position) {
            inOrder.remove(position);
            byKey.remove(ByteBuffer.wrap(key(position.task(), position.change())), position);
        }

        /**
         * Takes the one with this key away; null where it is not wanted. What lies before the place that is named for it is
         * another block, of a driver that died with this number of a task, and may yet have become committed.
         */
        @Nullable
        BlockPosition take(byte[] key, long offset) {
            BlockPosition position = byKey.get(ByteBuffer.wrap(key));
            if (position == null || offset < position.offset()) {
                return null;
            }
            drop(position);
            return position;
        }

        boolean isEmpty() {
            return inOrder.isEmpty();
        }

        int size() {
            return inOrder.size();
        }
    }

    /** Those that are not kept, by partition. */
    private Map<Integer, Wanted> missing(JobId job, Collection<DocumentTask.Change> changes) {
        Map<Integer, Wanted> missing = new TreeMap<>();
        for (DocumentTask.Change each : changes) {
            BlockPosition base = each.base();
            if (!base.isNone() && kept(job, each) == null) {
                missing.computeIfAbsent(base.partition(), p -> new Wanted()).add(base);
            }
        }
        return missing;
    }

    /** Takes the first of them away, found or not, and all that come with it. */
    private void loadFirst(JobId job, int number, Wanted wanted) {
        KafkaConsumer<byte[], byte[]> reader = reader();
        TopicPartition partition = assign(reader, job, number);
        BlockPosition first = wanted.first();
        reader.seek(partition, first.offset());
        for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL).records(partition)) {
            BlockPosition position = record.value() == null ? null : wanted.take(record.key(), record.offset());
            if (position != null) {
                loaded.put(position, record.value());
            }
        }
        wanted.drop(first);
    }

    @Override
    public byte[] read(JobId job, DocumentTask.Change change) {
        byte[] known = kept(job, change);
        if (known == null) {
            known = loaded.get(change.base());
        }
        return known == null ? fetch(job, change.base()) : known;
    }

    private byte @Nullable [] kept(JobId job, DocumentTask.Change change) {
        return cache.get(job, change.base().task(), change.base().change(), change.baseHash());
    }

    private KafkaConsumer<byte[], byte[]> reader() {
        KafkaConsumer<byte[], byte[]> reader = consumer;
        if (reader == null) {
            // No fetch may wait for more at the end of the log: the next look elsewhere would wait behind it.
            reader = cluster.reader(
                    Map.of("fetch.max.wait.ms", 0, "max.poll.records", 2_000, "max.partition.fetch.bytes", 128 << 10));
            consumer = reader;
        }
        return reader;
    }

    private TopicPartition assign(KafkaConsumer<byte[], byte[]> reader, JobId job, int number) {
        TopicPartition partition = new TopicPartition(topics.ledger(job), number);
        if (!reader.assignment().equals(Set.of(partition))) {
            reader.assign(List.of(partition));
        }
        return partition;
    }

    private byte[] fetch(JobId job, BlockPosition position) {
        KafkaConsumer<byte[], byte[]> reader = reader();
        TopicPartition partition = assign(reader, job, position.partition());
        byte[] key = key(position.task(), position.change());
        reader.seek(partition, position.offset());
        long end = -1, at = position.offset(), deadline = System.nanoTime() + HIDDEN.toNanos();
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                if (Arrays.equals(record.key(), key) && record.value() != null) {
                    return record.value();
                }
            }
            if (end < 0) {
                end = Patience.ask(HIDDEN, () -> writtenEnd(partition)); // it may stand further on, see BlockPosition
                deadline = System.nanoTime() + HIDDEN.toNanos();
            }
            if (reader.position(partition) >= end) {
                throw new MissingBlockException("the ledger " + partition + " has no block of task " + position.task()
                        + " at offset " + position.offset() + ", nor behind it");
            }
            if (reader.position(partition) > at) {
                at = reader.position(partition);
                deadline = System.nanoTime() + HIDDEN.toNanos();
            } else if (System.nanoTime() > deadline) {
                // A mapper that froze or died left a transaction open, which hides for a while what stands behind it.
                throw new MissingBlockException("the ledger " + partition + " does not show offset " + at + ": "
                        + OpenTransactions.heldUpBy(cluster, partition));
            }
        }
    }

    private long writtenEnd(TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            return ClusterSetup.writtenEnd(admin, partition);
        }
    }

    @Override
    public void close() {
        KafkaConsumer<byte[], byte[]> reader = consumer;
        if (reader != null) {
            reader.close();
        }
    }
}
