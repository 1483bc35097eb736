package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What the driver of a continuous job says of it on the events topic. One thread. */
final class DriverEvents {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long STUCK_NANOS = 30_000_000_000L;
    /** What the driver said longer ago than this many events of all jobs is not looked for. */
    private static final long EVENTS_BACK = 20_000;
    /** Of a driver that runs, the last status is nearly always here. */
    private static final long FEW_EVENTS_BACK = 1_000;

    private final String job;
    private Event.@Nullable ContinuousStatus said;
    private long saidNanos;

    DriverEvents(JobSpec job) {
        this.job = job.id().toString();
    }

    static TopicPartition partition(ClusterSettings cluster) {
        return new TopicPartition(cluster.topics().events(), 0);
    }

    /** What it said last; null where it has said nothing lately. */
    static @Nullable DriverStatus last(ClusterSettings cluster, JobSpec job) {
        TopicPartition events = partition(cluster);
        DriverEvents said = new DriverEvents(job);
        try (KafkaConsumer<byte[], byte[]> reader =
                cluster.reader(Map.of("fetch.max.wait.ms", 50, "max.poll.records", 20_000))) {
            reader.assign(List.of(events));
            for (long back : new long[] {FEW_EVENTS_BACK, EVENTS_BACK}) {
                if (said.last() == null) {
                    said.read(reader, events, back);
                }
            }
        }
        return said.last();
    }

    private void read(KafkaConsumer<byte[], byte[]> reader, TopicPartition events, long back) {
        long end = seekBack(reader, events, back);
        long begin = System.nanoTime();
        while (reader.position(events) < end) {
            for (ConsumerRecord<byte[], byte[]> in : poll(reader, events, POLL)) {
                apply(in, true);
            }
            if (System.nanoTime() - begin > STUCK_NANOS) {
                throw new TimeoutException(events + " cannot be read to its end");
            }
        }
    }

    /** What has come. Old events are cleared away at any time, so one that was to be read next may be gone. */
    static ConsumerRecords<byte[], byte[]> poll(
            Consumer<byte[], byte[]> reader, TopicPartition events, Duration patience) {
        try {
            return reader.poll(patience);
        } catch (OffsetOutOfRangeException e) {
            if (!e.partitions().equals(Set.of(events))) {
                throw e;
            }
            reader.seekToBeginning(List.of(events));
            return ConsumerRecords.empty();
        }
    }

    /** Goes to where what the driver said of late is found. */
    static void seekBack(KafkaConsumer<byte[], byte[]> consumer, TopicPartition events) {
        seekBack(consumer, events, EVENTS_BACK);
    }

    private static long seekBack(KafkaConsumer<byte[], byte[]> consumer, TopicPartition events, long back) {
        long begin = consumer.beginningOffsets(List.of(events)).getOrDefault(events, 0L);
        long end = consumer.endOffsets(List.of(events)).getOrDefault(events, 0L);
        consumer.seek(events, Math.max(begin, end - back));
        return end;
    }

    /**
     * @param isOld whether it was there before it was asked for
     * @return whether the driver has said something
     */
    boolean apply(ConsumerRecord<byte[], byte[]> in, boolean isOld) {
        if (in.key() == null || !job.equals(new String(in.key(), StandardCharsets.US_ASCII))) {
            return false;
        }
        if (event(in) instanceof Event.ContinuousStatus status) {
            said = status;
            // Of what comes now the clocks of other machines need not be asked.
            long age = isOld ? Math.max(0, System.currentTimeMillis() - in.timestamp()) : 0;
            saidNanos = System.nanoTime() - age * 1_000_000;
            return true;
        }
        return false;
    }

    /** Null where it is of a later release, or by a stranger: only what is understood is shown. */
    static @Nullable Event event(ConsumerRecord<byte[], byte[]> in) {
        try {
            return ControlCodec.event(in.value());
        } catch (MalformedRecordException e) {
            return null;
        }
    }

    /** As of now; null where the driver has said nothing lately. */
    @Nullable
    DriverStatus last() {
        return said == null ? null : new DriverStatus(said, (System.nanoTime() - saidNanos) / 1_000_000);
    }
}
