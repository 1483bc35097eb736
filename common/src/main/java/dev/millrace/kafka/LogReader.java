package dev.millrace.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Reads a partition as it stands. */
public final class LogReader {
    private static final Duration POLL = Duration.ofMillis(100);

    private LogReader() {}

    /**
     * Gives what is committed now, from an offset on; only for topics whose writers are fenced or do not matter. Waits for
     * transactions of others that are open: a record committed behind one of theirs would else be missed.
     *
     * @param from -1 for the beginning
     * @return the end that was read to
     */
    public static long readToEnd(
            ClusterSettings cluster,
            TopicPartition partition,
            long from,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        return read(cluster, partition, from, -1, each);
    }

    /** As {@link #readToEnd}, up to an offset. */
    public static long read(
            ClusterSettings cluster,
            TopicPartition partition,
            long from,
            long to,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader(
                Map.of("fetch.max.wait.ms", 50, "max.poll.records", 10_000, "max.partition.fetch.bytes", 16 << 20))) {
            List<TopicPartition> one = List.of(partition);
            reader.assign(one);
            long end = to >= 0 ? to : writtenEnd(cluster, partition);
            long first = reader.beginningOffsets(one).getOrDefault(partition, 0L);
            reader.seek(partition, Math.max(from, first));
            while (reader.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                    if (record.offset() < end) {
                        each.accept(record);
                    }
                }
            }
            return end;
        }
    }

    private static long writtenEnd(ClusterSettings cluster, TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            return ClusterSetup.writtenEnd(admin, partition);
        }
    }
}
