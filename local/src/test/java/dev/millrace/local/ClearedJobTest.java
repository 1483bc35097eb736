package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.WordHash;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.ControlCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A continuous job that was given up while no service ran, and whose topics were cleared away since: lanes and tasks
 * still hold what it began with, and behind that what a job of today waits for.
 */
@Timeout(120)
final class ClearedJobTest {
    /** Less than the test waits: a service that waits for a topic in vain ends in time. */
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());
    private static final byte[] TEXT = "mill".getBytes(StandardCharsets.UTF_8);

    private final JobId cleared = JobId.random();
    private final JobId living = JobId.random();
    private EmbeddedBroker broker;
    private ClusterSettings cluster;
    private KafkaProducer<byte[], byte[]> producer;

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.start(EmbeddedBroker.Settings.temporary());
        cluster = ClusterSettings.of(broker.bootstrapServer());
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(new ClusterSetup.Shape(1, 1, 1));
            setup.createContinuous(living, 1, 1);
        }
        producer = cluster.plainProducer();
    }

    @AfterEach
    void stop() {
        producer.close();
        broker.close();
    }

    private void send(LaneRecord record) throws Exception {
        producer.send(new ProducerRecord<>(cluster.topics().pairs(), 0, null, LaneCodec.encode(record)))
                .get();
    }

    /** A job that counts one word, up to a barrier. */
    private void sendLane(JobId job) throws Exception {
        PairBlocks blocks = new PairBlocks(1);
        blocks.add(TEXT, 0, TEXT.length, 1);
        ByteBuffer block = blocks.blocks(0).get(0);
        int from = block.arrayOffset() + block.position();
        send(new LaneRecord.OpenContinuous(job));
        send(new LaneRecord.Delta(job, 0, 7, 0, 1, block.array(), from, from + block.remaining()));
        send(new LaneRecord.Watermark(job, 1, new PartitionTotal(1, WordHash.h64(TEXT, 0, TEXT.length)), 1));
    }

    private void sendTask(JobId job) throws Exception {
        DocumentTask task = new DocumentTask(
                job,
                0,
                1,
                RULES,
                1,
                List.of(new DocumentTask.Target("a", "1", TEXT.length, 0, 1)),
                List.of(new DocumentTask.Change(
                        0, 0, BlockPosition.NONE, TextHash.NONE, new TextHash(1, 2), TEXT.length)));
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(cluster.topics().tasks(), 0, null, ControlCodec.encode(task));
        record.headers().add(TopicNames.DOCUMENT_HEADER, TEXT);
        producer.send(record).get();
    }

    /** What is said of both jobs, up to the first that is said of the living one. */
    private List<Event> eventsWhile(CompletableFuture<Void> service) {
        List<Event> events = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader()) {
            TopicPartition partition = new TopicPartition(cluster.topics().events(), 0);
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            while (events.stream().noneMatch(each -> each.job().equals(living))) {
                assertThat(service).as("the service").isNotDone();
                for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(100))) {
                    events.add(ControlCodec.event(record.value()));
                }
            }
        }
        return events;
    }

    /** They waited for the topic of its results until they ended, one after the other, and all jobs stood still. */
    @Test
    void reducersPassOverAJobWhoseTopicsWereClearedAway() throws Exception {
        sendLane(cleared);
        send(new LaneRecord.Cancel(cleared));
        sendLane(living);
        Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, DEADLINE));
        CompletableFuture<Void> reducing =
                CompletableFuture.runAsync(() -> reducer.run(() -> {}), work -> new Thread(work, "reducer-1").start());
        List<Event> events = eventsWhile(reducing);
        assertThat(events.get(0))
                .isInstanceOfSatisfying(
                        Event.PartitionFailed.class,
                        failed -> assertThat(failed.message())
                                .contains(cluster.topics().results(cleared) + " is gone"));
        assertThat(events.get(events.size() - 1))
                .isInstanceOfSatisfying(
                        Event.PartitionBarrier.class,
                        barrier -> assertThat(barrier.words()).isEqualTo(1));
        reducer.drain();
        reducing.join();
    }

    /** They sent to its ledger until they ended, and whoever was given the task next ended as well. */
    @Test
    void mappersPassOverATaskWhoseLedgerWasClearedAway(@TempDir Path folder) throws Exception {
        sendTask(cleared);
        sendTask(living);
        InputRoots roots = InputRoots.ofArguments(List.of(folder));
        Mapper mapper = new Mapper(new MapperSettings(cluster, "mapper-1", 1, roots, InputLimits.DEFAULT, DEADLINE));
        CompletableFuture<Void> mapping =
                CompletableFuture.runAsync(() -> mapper.run(() -> {}), work -> new Thread(work, "mapper-1").start());
        List<Event> events = eventsWhile(mapping);
        assertThat(events.get(0))
                .isInstanceOfSatisfying(
                        Event.DocumentsFailed.class,
                        failed -> assertThat(failed.message())
                                .contains(cluster.topics().ledger(cleared) + " is gone"));
        assertThat(events.get(1)).isInstanceOf(Event.DocumentsDone.class);
        mapper.drain();
        mapping.join();
    }
}
