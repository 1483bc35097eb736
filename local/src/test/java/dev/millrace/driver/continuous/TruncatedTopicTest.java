package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobsView;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.local.EmbeddedBroker;
import dev.millrace.text.TextProfile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A topic of documents whose broker has come back from a loss of power without the last of what a driver had read. */
@Timeout(120)
final class TruncatedTopicTest {
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());
    private static final String DOCS = "docs";

    @TempDir
    Path data;

    private ClusterSettings cluster = ClusterSettings.of("nowhere:1");

    private EmbeddedBroker start() {
        return EmbeddedBroker.start(new EmbeddedBroker.Settings(data, 0, Map.of()));
    }

    private void begin(EmbeddedBroker broker) {
        cluster = ClusterSettings.of(broker.bootstrapServer());
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(new ClusterSetup.Shape(1, 1, 1));
            setup.createDocuments(DOCS);
        }
    }

    private static ProducerRecord<byte[], byte[]> document(int i) {
        byte[] id = ("doc-" + i).getBytes(StandardCharsets.UTF_8);
        return new ProducerRecord<>(DOCS, 0, id, "mill race".getBytes(StandardCharsets.UTF_8));
    }

    private void produce(int from, int to) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = cluster.plainProducer()) {
            for (int i = from; i < to; i++) {
                producer.send(document(i)).get();
            }
        }
    }

    private void produceAtOnce(int from, int to) {
        try (KafkaProducer<byte[], byte[]> producer = cluster.transactionalProducer("of-docs")) {
            producer.initTransactions();
            producer.beginTransaction();
            for (int i = from; i < to; i++) {
                var unused = producer.send(document(i)); // the commit throws what it fails with
            }
            producer.flush();
            producer.commitTransaction();
        }
    }

    /** Until the thread is interrupted. */
    private void drive() {
        DriverSettings settings = new DriverSettings(
                cluster, InputRoots.ofArguments(List.of(data)), Duration.ofSeconds(30), false, "millrace attach");
        ContinuousJob.run(settings, "cut", RULES, new TopicSource(DOCS, 1), new ContinuousListener() {});
    }

    private void driveUpTo(long position) {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        CompletableFuture<Void> end = CompletableFuture.runAsync(this::drive, work -> {
            Thread driver = new Thread(work, "driver");
            thread.complete(driver);
            driver.start();
        });
        while (readUpTo() < position) {
            assertThat(end).isNotDone();
        }
        thread.join().interrupt();
        assertThatThrownBy(end::join).hasMessageContaining("interrupted");
    }

    private @Nullable ContinuousPosition position() {
        JobsView jobs = JobsView.read(cluster);
        JobRecord job = jobs.continuous("cut");
        return job == null ? null : jobs.position(job.spec().id());
    }

    private long readUpTo() {
        ContinuousPosition position = position();
        return position == null ? 0 : position.sources().getOrDefault("docs-0", 0L);
    }

    /** Takes the records from an offset on out of the only segment. */
    private void truncate(long offset) throws IOException {
        Path segment = data.resolve(DOCS + "-0").resolve("00000000000000000000.log");
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
            for (long at = 0;
                    channel.read(head.clear(), at) == head.capacity();
                    at += head.capacity() + head.getInt(8)) {
                if (head.getLong(0) == offset) {
                    channel.truncate(at);
                    return;
                }
            }
        }
        throw new AssertionError("no batch begins at offset " + offset);
    }

    /** What had been counted of the lost ones stayed, and what came in their place was not read. */
    @Test
    void recordsInThePlaceOfThoseThatWereReadEndTheDriver() throws Exception {
        try (EmbeddedBroker broker = start()) {
            begin(broker);
            produce(0, 10);
            driveUpTo(10);
        }
        truncate(6);
        try (EmbeddedBroker broker = start()) {
            cluster = ClusterSettings.of(broker.bootstrapServer());
            assertThatThrownBy(this::drive)
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("docs-0 ends at offset 6 and had been read up to 10");
            produce(100, 120);
            assertThatThrownBy(this::drive)
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("the brokers have lost records of docs that had been read, and taken others")
                    .hasMessageContaining("cancel cut");
        }
    }

    /** The driver read on behind where the transaction had ended. */
    @Test
    void aRecordInThePlaceOfTheEndOfATransactionIsRead() throws Exception {
        try (EmbeddedBroker broker = start()) {
            begin(broker);
            produceAtOnce(0, 10);
            driveUpTo(11);
        }
        truncate(10);
        try (EmbeddedBroker broker = start()) {
            cluster = ClusterSettings.of(broker.bootstrapServer());
            produceAtOnce(10, 13);
            driveUpTo(14);
            assertThat(Objects.requireNonNull(position()).totals())
                    .extracting(PartitionTotal::tokens)
                    .containsExactly(13 * 2L);
        }
    }
}
