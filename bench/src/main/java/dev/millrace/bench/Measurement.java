package dev.millrace.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What came of a workload: of each document the time from the call that sent it until a committed reader had the count of
 * its mark. The same for every engine: one producer that waits for nothing, one reader, both in this JVM.
 */
final class Measurement {
    /** An engine from which nothing comes for so long has failed. */
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(60);

    private static final Duration POLL = Duration.ofMillis(200);

    /** With Kafka's 16 KiB a backlog is sent in thousands of requests a second, a fifth of the work of two processors. */
    private static final int BATCH_BYTES = 256 << 10;

    /**
     * As the operating system finds good. Of what the broker sends into Kafka's 64 KiB some is lost on a loopback interface,
     * whose segments are as long, and sent again after 200 ms.
     */
    private static final int SOCKET_BUFFER_BYTES = -1;

    private final Workload workload;
    private final long[] sentNanos;
    private final long[] sentMillis;
    private final long[] tookNanos;
    private long endNanos;

    private Measurement(Workload workload) {
        this.workload = workload;
        this.sentNanos = new long[workload.allDocuments()];
        this.sentMillis = new long[workload.allDocuments()];
        this.tookNanos = new long[workload.allDocuments()];
    }

    /**
     * Sends the workload and returns when the count of every mark has been read.
     *
     * @throws IllegalStateException when no count came for a minute
     */
    static Measurement of(CountingEngine engine, Workload workload) throws InterruptedException {
        Measurement measurement = new Measurement(workload);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                        Map.of(
                                "bootstrap.servers",
                                engine.bootstrapServer(),
                                "linger.ms",
                                workload.lingerMillis(),
                                "batch.size",
                                BATCH_BYTES,
                                "send.buffer.bytes",
                                SOCKET_BUFFER_BYTES),
                        new StringSerializer(),
                        new StringSerializer());
                KafkaConsumer<byte[], byte[]> reader = reader(engine)) {
            Thread feeder = new Thread(() -> measurement.send(producer), "feeder");
            feeder.setDaemon(true);
            feeder.start();
            measurement.read(reader);
            feeder.join();
        }
        return measurement;
    }

    /**
     * Reads all counts anew and returns when they come to the words that were sent.
     *
     * @throws IllegalStateException when they come to more, or to less and no count came for a minute
     */
    void check(CountingEngine engine) {
        long expected = (long) workload.allDocuments() * workload.words(), sum = 0;
        Map<String, Long> counts = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> reader = reader(engine)) {
            long heard = System.nanoTime();
            while (sum != expected) {
                for (ConsumerRecord<byte[], byte[]> each : reader.poll(POLL)) {
                    long count = each.value() == null
                            ? 0
                            : ByteBuffer.wrap(each.value()).getLong();
                    Long before = counts.put(new String(each.key(), StandardCharsets.UTF_8), count);
                    sum += count - (before == null ? 0 : before);
                    heard = System.nanoTime();
                }
                if (sum > expected || isSilentSince(heard)) {
                    throw new IllegalStateException("the counts come to " + sum + " words, sent were " + expected);
                }
            }
        }
    }

    private static KafkaConsumer<byte[], byte[]> reader(CountingEngine engine) {
        KafkaConsumer<byte[], byte[]> reader = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        engine.bootstrapServer(),
                        "isolation.level",
                        "read_committed",
                        "max.poll.records",
                        20_000,
                        "receive.buffer.bytes",
                        SOCKET_BUFFER_BYTES),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> partitions = IntStream.range(
                        0, reader.partitionsFor(engine.results()).size())
                .mapToObj(p -> new TopicPartition(engine.results(), p))
                .toList();
        reader.assign(partitions);
        reader.seekToBeginning(partitions);
        return reader;
    }

    private void send(KafkaProducer<String, String> producer) {
        long start = System.nanoTime();
        for (int i = 0; i < sentNanos.length; i++) {
            long due = start + workload.dueNanos(i);
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(Math.max(workload.restNanos(), due - System.nanoTime()));
            }
            sentNanos[i] = System.nanoTime();
            sentMillis[i] = System.currentTimeMillis();
            Future<RecordMetadata> unused =
                    producer.send(new ProducerRecord<>(CountingEngine.DOCUMENTS, "doc-" + i, workload.text(i)));
        }
    }

    private void read(KafkaConsumer<byte[], byte[]> reader) {
        int left = tookNanos.length;
        long heard = System.nanoTime();
        while (left > 0) {
            for (ConsumerRecord<byte[], byte[]> count : reader.poll(POLL)) {
                int i = Workload.markedBy(count.key());
                if (i >= 0 && tookNanos[i] == 0) {
                    tookNanos[i] = System.nanoTime() - sentNanos[i];
                    left--;
                }
                heard = System.nanoTime();
            }
            if (isSilentSince(heard)) {
                throw new IllegalStateException("no count came for " + SILENCE_LIMIT.toSeconds() + " s; " + left
                        + " of " + tookNanos.length + " documents were not counted");
            }
        }
        endNanos = System.nanoTime();
    }

    private static boolean isSilentSince(long nanos) {
        return System.nanoTime() - nanos > SILENCE_LIMIT.toNanos();
    }

    /** Of each document when it was sent, milliseconds since 1970. */
    long[] sentMillis() {
        return sentMillis.clone();
    }

    /** From the first measured document's way in to the last one's count. */
    double seconds() {
        return (endNanos - sentNanos[workload.settling()]) / 1e9;
    }

    double documentsPerSecond() {
        return workload.documents() / seconds();
    }

    double wordsPerSecond() {
        return documentsPerSecond() * workload.words();
    }

    /** Of the measured documents. */
    Percentiles percentiles() {
        return percentiles(workload.settling(), workload.allDocuments());
    }

    /** Of documents by number. */
    Percentiles percentiles(int from, int to) {
        long[] times = Arrays.copyOfRange(tookNanos, from, to);
        Arrays.sort(times);
        return new Percentiles(
                at(times, times.length / 2),
                at(times, times.length * 9 / 10),
                at(times, times.length * 99 / 100),
                at(times, times.length - 1));
    }

    private static double at(long[] nanos, int i) {
        return nanos[i] / 1e6;
    }

    /** Milliseconds. */
    record Percentiles(double p50, double p90, double p99, double max) {}
}
