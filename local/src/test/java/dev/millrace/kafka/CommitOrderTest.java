package dev.millrace.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.local.EmbeddedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A commit overtook the records that were sent before it, about once in 100,000 transactions: they stayed behind in the
 * producer, and nothing that it sent later went out before they expired, half a minute later.
 */
@Timeout(60)
final class CommitOrderTest {
    private static final ProducerRecord<byte[], byte[]> RECORD = new ProducerRecord<>("log", new byte[100]);

    /** Remembers, at each commit that is asked for, how many of its records are not there yet. */
    private static final class Watched extends KafkaProducer<byte[], byte[]> {
        private final List<Future<RecordMetadata>> sent = new ArrayList<>();
        private final List<Long> unsentAtCommits;

        Watched(Map<String, Object> properties, List<Long> unsentAtCommits) {
            super(properties, new ByteArraySerializer(), new ByteArraySerializer());
            this.unsentAtCommits = unsentAtCommits;
        }

        @Override
        public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
            Future<RecordMetadata> future = super.send(record);
            sent.add(future);
            return future;
        }

        @Override
        public void commitTransaction() {
            unsentAtCommits.add(sent.stream().filter(each -> !each.isDone()).count());
            sent.clear();
            super.commitTransaction();
        }
    }

    @Test
    void commitIsAskedForOnlyWhenAllRecordsAreThere() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            admin.createTopics(List.of(new NewTopic("log", 1, (short) 1))).all().get();
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("test."));
            List<Long> unsent = new ArrayList<>();
            try (Transactions transactions = new Transactions(
                    cluster,
                    "test.writer",
                    Duration.ofSeconds(20),
                    null,
                    () -> new Watched(cluster.transactionalProperties("test.writer"), unsent))) {
                transactions.start();
                transactions.write(List.of(RECORD, RECORD));
                transactions.write(List.of(RECORD), places -> List.of(RECORD, RECORD));
            }
            assertThat(unsent).containsExactly(0L, 0L);
        }
    }
}
