package dev.millrace.kafka;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
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

    /** Longer than a broker takes to come back, or to abort what a killed client left open. */
    private static final Duration STUCK = Duration.ofSeconds(90);

    /** Longer than a driver that lives takes to end what the broker has lost the end of. */
    private static final Duration LOST = Duration.ofSeconds(45);

    private static final Map<String, Object> SETTINGS =
            Map.of("fetch.max.wait.ms", 50, "max.poll.records", 10_000, "max.partition.fetch.bytes", 16 << 20);

    private LogReader() {}

    /**
     * Gives what is committed now, from an offset on; only for topics whose writers are fenced or do not matter. Waits for
     * transactions of others that are open: a record committed behind one of theirs would else be missed.
     *
     * @param from -1 for the beginning
     * @return the end that was read to
     * @throws MillraceException with {@link ExitCode#BROKER} where nothing more can be read for 90 s
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
        return read(cluster, partition, from, to, STUCK, each);
    }

    /** @param stuck how long may pass in which nothing more can be read */
    public static long read(
            ClusterSettings cluster,
            TopicPartition partition,
            long from,
            long to,
            Duration stuck,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader(SETTINGS)) {
            return read(cluster, reader, partition, from, to, stuck, each);
        }
    }

    /** As {@link #read}, all up to an offset, by a reader that is there already; it is assigned this partition. */
    public static void read(
            ClusterSettings cluster,
            KafkaConsumer<byte[], byte[]> reader,
            TopicPartition partition,
            long to,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        read(cluster, reader, partition, -1, to, STUCK, each);
    }

    /** Gives all that is written, whether it is committed, aborted or neither yet. */
    public static void readWritten(
            ClusterSettings cluster, TopicPartition partition, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (KafkaConsumer<byte[], byte[]> reader = cluster.uncommittedReader(SETTINGS)) {
            read(cluster, reader, partition, -1, -1, STUCK, each);
        }
    }

    private static long read(
            ClusterSettings cluster,
            KafkaConsumer<byte[], byte[]> reader,
            TopicPartition partition,
            long from,
            long to,
            Duration stuck,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        List<TopicPartition> one = List.of(partition);
        reader.assign(one);
        long end = to >= 0 ? to : writtenEnd(cluster, partition);
        long first = reader.beginningOffsets(one).getOrDefault(partition, 0L);
        reader.seek(partition, Math.max(from, first));
        long reached = reader.position(partition), since = System.nanoTime();
        boolean looked = false;
        while (reached < end) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                if (record.offset() < end) {
                    each.accept(record);
                }
            }
            long now = reader.position(partition);
            if (now > reached) {
                reached = now;
                since = System.nanoTime();
            } else if (!looked && System.nanoTime() - since > LOST.toNanos()) {
                looked = true;
                OpenTransactions.endLost(cluster, partition);
            } else if (System.nanoTime() - since > stuck.toNanos()) {
                throw new MillraceException(
                        ExitCode.BROKER,
                        partition + " could be read to offset " + reached + " only, of " + end + ", for "
                                + stuck.toSeconds() + " s: " + OpenTransactions.heldUpBy(cluster, partition));
            }
        }
        return end;
    }

    private static long writtenEnd(ClusterSettings cluster, TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            return ClusterSetup.writtenEnd(admin, partition);
        }
    }
}
