package dev.millrace.map;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.JobId;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
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
    private static final long HIDDEN_NANOS = 60_000_000_000L;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final BlockCache cache;
    /** What {@link #load} found. */
    private final Map<BlockPosition, byte[]> loaded = new HashMap<>();

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
    }

    /** The record key of a block: task and change, big-endian. */
    static byte[] key(long task, int change) {
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(task)
                .putInt(change)
                .array();
    }

    /** Remembers what a task is about to write. */
    void keep(JobId job, long task, List<byte @Nullable []> blocks) {
        cache.put(job, task, blocks);
    }

    /**
     * Reads the blocks that the next task will ask for, those that lie together in one go. One that is not where it should
     * be is left to {@link #read}.
     */
    void load(JobId job, Collection<BlockPosition> positions) {
        loaded.clear();
        missing(job, positions).forEach((number, wanted) -> {
            while (!wanted.isEmpty()) {
                loadFirst(job, number, wanted);
            }
        });
    }

    /**
     * As {@link #load}, for somebody who does not want to wait: gives up at the first that is not where it should be.
     *
     * @param most how many may have to be fetched
     * @return whether {@link #read} finds all of them at once
     */
    boolean loadFew(JobId job, Collection<BlockPosition> positions, int most) {
        loaded.clear();
        Map<Integer, NavigableMap<Long, BlockPosition>> missing = missing(job, positions);
        if (missing.values().stream().mapToInt(Map::size).sum() > most) {
            return false;
        }
        for (Map.Entry<Integer, NavigableMap<Long, BlockPosition>> each : missing.entrySet()) {
            NavigableMap<Long, BlockPosition> wanted = each.getValue();
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

    /** Those that are not kept, by partition and offset. */
    private Map<Integer, NavigableMap<Long, BlockPosition>> missing(JobId job, Collection<BlockPosition> positions) {
        Map<Integer, NavigableMap<Long, BlockPosition>> missing = new TreeMap<>();
        for (BlockPosition each : positions) {
            if (!each.isNone() && cache.get(job, each.task(), each.change()) == null) {
                missing.computeIfAbsent(each.partition(), p -> new TreeMap<>()).put(each.offset(), each);
            }
        }
        return missing;
    }

    /** Takes the first of them away, found or not, and all that come with it. */
    private void loadFirst(JobId job, int number, NavigableMap<Long, BlockPosition> wanted) {
        KafkaConsumer<byte[], byte[]> reader = reader();
        TopicPartition partition = assign(reader, job, number);
        long first = wanted.firstKey();
        reader.seek(partition, first);
        List<ConsumerRecord<byte[], byte[]>> records = reader.poll(POLL).records(partition);
        for (ConsumerRecord<byte[], byte[]> record : records) {
            BlockPosition position = wanted.remove(record.offset());
            if (position != null
                    && record.value() != null
                    && Arrays.equals(record.key(), key(position.task(), position.change()))) {
                loaded.put(position, record.value());
            }
        }
        wanted.remove(first);
    }

    @Override
    public byte[] read(JobId job, BlockPosition position) {
        byte[] known = cache.get(job, position.task(), position.change());
        if (known == null) {
            known = loaded.get(position);
        }
        return known == null ? fetch(job, position) : known;
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
        long end = -1, deadline = System.nanoTime() + HIDDEN_NANOS;
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                if (Arrays.equals(record.key(), key) && record.value() != null) {
                    return record.value();
                }
            }
            // Compaction keeps the last copy of a key: where a second run wrote the block again, it stands further on.
            if (end < 0) {
                end = reader.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            }
            if (end <= position.offset()) {
                // A mapper that froze or died left a transaction open before the block, which hides it for a while.
                end = -1;
                if (System.nanoTime() > deadline) {
                    throw new MissingBlockException("the ledger " + partition + " does not show offset "
                            + position.offset() + ": " + OpenTransactions.heldUpBy(cluster, partition));
                }
            } else if (reader.position(partition) >= end) {
                throw new MissingBlockException("the ledger " + partition + " has no block of task " + position.task()
                        + " at offset " + position.offset());
            }
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
