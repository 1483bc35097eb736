package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What mappers and reducers do with records that are none of theirs. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class DeadLettersTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    /** Topics, partitions and offsets of all that was moved there, once it is as much as is expected. */
    private static List<String> letters(ClusterSettings cluster, int expected) {
        List<String> from = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader(Map.of())) {
            TopicPartition letters = new TopicPartition(cluster.topics().deadLetters(), 0);
            reader.assign(List.of(letters));
            reader.seekToBeginning(List.of(letters));
            while (from.size() < expected) {
                for (ConsumerRecord<byte[], byte[]> letter : reader.poll(Duration.ofMillis(100))) {
                    Header header = letter.headers().lastHeader("from");
                    from.add(new String(header.value(), StandardCharsets.UTF_8));
                }
            }
        }
        return from;
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, byte[]... values)
            throws ExecutionException, InterruptedException {
        for (byte[] value : values) {
            // What a driver ends a lost transaction with has an empty key and no value.
            producer.send(new ProducerRecord<>(topic, 0, new byte[0], value.length == 0 ? null : value))
                    .get();
        }
    }

    /**
     * The end of a lost transaction became a letter, with a warning; and a reducer that took over wrote all letters
     * anew, one transaction for each.
     */
    @Test
    void eachMalformedRecordIsMovedOnceAndWhatEndsALostTransactionIsPassedOver() throws Exception {
        byte[] ending = {}, malformed = {'?'};
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("t."));
            try (ClusterSetup setup = new ClusterSetup(cluster)) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
            }
            Mapper mapper = new Mapper(new MapperSettings(
                    cluster, "mapper-1", 1, InputRoots.ofArguments(List.of(folder)), InputLimits.DEFAULT, DEADLINE));
            CompletableFuture<Void> mapping = CompletableFuture.runAsync(
                    () -> mapper.run(() -> {}), work -> new Thread(work, "mapper-1").start());
            try (KafkaProducer<byte[], byte[]> producer = cluster.plainProducer()) {
                send(producer, "t.tasks", ending, malformed);
                assertThat(letters(cluster, 1)).containsExactly("t.tasks-0@1");
                for (int run = 0; run < 2; run++) {
                    Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, DEADLINE));
                    CompletableFuture<Void> reducing = CompletableFuture.runAsync(
                            () -> reducer.run(() -> {}), work -> new Thread(work, "reducer-1").start());
                    send(producer, "t.pairs", ending, malformed, malformed);
                    List<String> letters = letters(cluster, 3 + 2 * run);
                    assertThat(letters.subList(1, letters.size()))
                            .containsExactlyElementsOf(
                                    List.of("t.pairs-0@1", "t.pairs-0@2", "t.pairs-0@4", "t.pairs-0@5")
                                            .subList(0, 2 + 2 * run));
                    reducer.drain();
                    reducing.join();
                }
            }
            mapper.drain();
            mapping.join();
        }
    }
}
