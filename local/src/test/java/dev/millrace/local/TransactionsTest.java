package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class TransactionsTest {
    @Test
    void batchThatCannotBeSentIsGivenUpAtTheDeadlineHoweverLongItIs() {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()))) {
            ClusterSettings cluster = new ClusterSettings(
                    Map.of("bootstrap.servers", broker.bootstrapServer(), "max.block.ms", "500"),
                    new TopicNames("test."));
            try (Transactions transactions = new Transactions(cluster, "test.driver", Duration.ofSeconds(2))) {
                transactions.start();
                List<ProducerRecord<byte[], byte[]>> batch =
                        Collections.nCopies(60, new ProducerRecord<>("test.missing", new byte[1]));
                long begin = System.nanoTime();
                assertThatThrownBy(() -> transactions.write(batch))
                        .isInstanceOf(MillraceException.class)
                        .hasMessageContaining("did not go through for 2 s");
                // 60 records that wait for half a second each would take 30 s.
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
            }
        }
    }

    /** After an outage a driver took its id back from the one that had taken over, and wrote what it knew. */
    @Test
    void aDriverThatLostItsIdNeverTakesItAgain() {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("test."));
            create(admin, "test.log");
            Duration deadline = Duration.ofSeconds(20);
            List<ProducerRecord<byte[], byte[]>> batch = List.of(new ProducerRecord<>("test.log", new byte[1]));
            try (Transactions old = new Transactions(cluster, "test.driver", deadline, true);
                    Transactions next = new Transactions(cluster, "test.driver", deadline, true)) {
                old.start();
                old.write(batch);
                next.start();
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(() -> old.write(batch)).isInstanceOf(Transactions.FencedException.class);
                    next.write(batch);
                }
            }
        }
    }

    /** A neighbour's open transaction hid the last records of a driver from the one that took over. */
    @Test
    void aReaderWaitsForWhatAnOpenTransactionHides() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("test."));
            create(admin, "test.log");
            Duration deadline = Duration.ofSeconds(20);
            try (Transactions neighbour = new Transactions(cluster, "test.neighbour", deadline);
                    Transactions driver = new Transactions(cluster, "test.driver", deadline)) {
                neighbour.producer().beginTransaction();
                neighbour
                        .producer()
                        .send(new ProducerRecord<>("test.log", new byte[1]))
                        .get();
                driver.start();
                driver.write(List.of(new ProducerRecord<>("test.log", new byte[2])));
                List<Integer> sizes = new ArrayList<>();
                CompletableFuture<Void> reading = CompletableFuture.runAsync(() -> LogReader.readToEnd(
                        cluster, new TopicPartition("test.log", 0), -1, in -> sizes.add(in.value().length)));
                assertThatThrownBy(() -> reading.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
                // A transaction that a lost broker left open had it wait without end.
                assertThatThrownBy(() -> LogReader.read(
                                cluster, new TopicPartition("test.log", 0), -1, 2, Duration.ofSeconds(1), in -> {}))
                        .isInstanceOf(MillraceException.class)
                        .hasMessageContaining("test.log-0 could be read to offset 0 only, of 2")
                        .hasMessageContaining("find-hanging");
                neighbour.producer().abortTransaction();
                reading.get(20, TimeUnit.SECONDS);
                assertThat(sizes).containsExactly(2);
            }
        }
    }

    private static void create(Admin admin, String topic) {
        assertThat(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1)))
                        .all()
                        .toCompletionStage()
                        .toCompletableFuture())
                .succeedsWithin(Duration.ofSeconds(20));
    }
}
