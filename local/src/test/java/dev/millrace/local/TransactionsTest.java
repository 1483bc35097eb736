package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
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
}
