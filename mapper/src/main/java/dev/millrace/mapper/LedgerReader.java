package dev.millrace.mapper;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.JobId;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of the ledger, by position. A block never changes, so those read or written lately are kept: an edit of a
 * document that was counted here a moment ago costs no fetch. One thread.
 */
final class LedgerReader implements Blocks, AutoCloseable {
    private static final long KEPT_BYTES = 32 << 20;
    private static final Duration POLL = Duration.ofMillis(250);
    /** More than brokers take to end a transaction whose producer is gone. */
    private static final long HIDDEN_NANOS = 60_000_000_000L;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final Map<Key, byte[]> kept = new LinkedHashMap<>(1024, 0.75f, true);
    private long keptBytes;
    private @Nullable KafkaConsumer<byte[], byte[]> consumer;

    private record Key(JobId job, long task, int change) {}

    /** There is no such block where the task says it is, nor behind it. */
    static final class MissingBlockException extends RuntimeException {
        private static final long serialVersionUID = 1;

        MissingBlockException(String message) {
            super(message);
        }
    }

    LedgerReader(ClusterSettings cluster) {
        this.cluster = cluster;
        this.topics = cluster.topics();
    }

    /** The record key of a block: task and change, big-endian. */
    static byte[] key(long task, int change) {
        return ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(task)
                .putInt(change)
                .array();
    }

    @Override
    public void keep(JobId job, long task, int change, byte[] block) {
        byte[] before = kept.put(new Key(job, task, change), block);
        keptBytes += block.length - (before == null ? 0 : before.length);
        var oldest = kept.entrySet().iterator();
        while (keptBytes > KEPT_BYTES && oldest.hasNext()) {
            keptBytes -= oldest.next().getValue().length;
            oldest.remove();
        }
    }

    @Override
    public byte[] read(JobId job, BlockPosition position) {
        byte[] known = kept.get(new Key(job, position.task(), position.change()));
        if (known != null) {
            return known;
        }
        byte[] block = fetch(job, position);
        keep(job, position.task(), position.change(), block);
        return block;
    }

    private byte[] fetch(JobId job, BlockPosition position) {
        KafkaConsumer<byte[], byte[]> reader = consumer;
        if (reader == null) {
            reader = cluster.reader(Map.of("max.poll.records", 50, "max.partition.fetch.bytes", 1 << 16));
            consumer = reader;
        }
        TopicPartition partition = new TopicPartition(topics.ledger(job), position.partition());
        byte[] key = key(position.task(), position.change());
        if (!reader.assignment().equals(java.util.Set.of(partition))) {
            reader.assign(List.of(partition));
        }
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
                            + position.offset() + ": a transaction before it stays open");
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
