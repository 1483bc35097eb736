package dev.millrace.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.JobId;
import dev.millrace.job.TextHash;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.local.EmbeddedBroker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Blocks that lie where their position says, or behind that: whoever writes both at once knows no better. */
@Timeout(60)
final class LedgerReaderTest {
    private static EmbeddedBroker broker;
    private static ClusterSettings cluster;
    private static KafkaProducer<byte[], byte[]> writer;

    private static final TextHash TEXT = new TextHash(1, 2);

    private final JobId job = JobId.random();
    private final BlockCache cache = new BlockCache(1_000);
    private LedgerReader reader;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.start(EmbeddedBroker.Settings.temporary());
        cluster = ClusterSettings.of(broker.bootstrapServer());
        writer = producer("writer");
    }

    @AfterAll
    static void stop() {
        writer.close();
        broker.close();
    }

    @BeforeEach
    void createLedger() {
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.createContinuous(job, 1, 1);
        }
        reader = new LedgerReader(cluster, cache);
    }

    @AfterEach
    void close() {
        reader.close();
    }

    private static KafkaProducer<byte[], byte[]> producer(String id) {
        KafkaProducer<byte[], byte[]> producer = cluster.transactionalProducer(id);
        producer.initTransactions();
        return producer;
    }

    private ProducerRecord<byte[], byte[]> block(long task, int change, int value) {
        return new ProducerRecord<>(
                cluster.topics().ledger(job), 0, LedgerReader.key(task, change), new byte[] {(byte) value});
    }

    private void write(List<ProducerRecord<byte[], byte[]>> blocks) {
        writer.beginTransaction();
        for (ProducerRecord<byte[], byte[]> block : blocks) {
            var unused = writer.send(block);
        }
        writer.commitTransaction();
    }

    /** What builds on a block. */
    private static DocumentTask.Change at(long offset, long task, int change) {
        return new DocumentTask.Change(0, 0, new BlockPosition(0, offset, task, change), TEXT, TextHash.NONE, -1);
    }

    @Test
    void aBlockIsFoundAtItsPlaceAndBehindIt() {
        write(List.of(block(1, 0, 10), block(1, 1, 11))); // 0 and 1, and the commit
        write(List.of(block(2, 0, 20), block(3, 0, 30), block(3, 1, 31)));
        DocumentTask.Change there = at(1, 1, 1), behind = at(2, 2, 0), farBehind = at(2, 3, 1), shared = at(2, 3, 0);

        assertThat(reader.loadFew(job, List.of(there, behind, farBehind, shared), 4))
                .isTrue();
        assertThat(reader.read(job, behind)).containsExactly(20);
        assertThat(reader.read(job, shared)).containsExactly(30);
        assertThat(reader.read(job, farBehind)).containsExactly(31);
        assertThat(reader.read(job, there)).containsExactly(11);

        assertThat(reader.loadFew(job, List.of(), 4)).isTrue(); // nothing is kept
        assertThat(reader.read(job, at(0, 3, 1))).containsExactly(31);
    }

    @Test
    void aBlockBeforeItsPlaceIsAnotherThoughItsKeyIsTheSame() {
        write(List.of(block(1, 0, 10), block(2, 0, 99))); // of a driver that died, 0 and 1, committed later by others
        write(List.of(block(2, 0, 20)));
        assertThat(reader.loadFew(job, List.of(at(0, 1, 0), at(3, 2, 0)), 4)).isTrue();
        assertThat(reader.read(job, at(3, 2, 0))).containsExactly(20);
    }

    /** It was counted here under a number that a driver has given to another text since, as a broker had lost the task. */
    @Test
    void aKeptBlockOfAnotherTextIsReadFromTheLedger() {
        write(List.of(block(1, 0, 10), block(2, 0, 20)));
        cache.put(job, 1, List.of(new TextHash(3, 4)), List.of(new byte[] {99}));
        cache.put(job, 2, List.of(TEXT), List.of(new byte[] {88}));
        assertThat(reader.loadFew(job, List.of(at(0, 1, 0), at(0, 2, 0)), 1)).isTrue();
        assertThat(reader.read(job, at(0, 1, 0))).containsExactly(10);
        assertThat(reader.read(job, at(0, 2, 0))).containsExactly(88);
    }

    @Test
    void aBlockThatIsNowhereBehindItsPlaceIsMissing() {
        write(List.of(block(1, 0, 10)));
        assertThat(reader.loadFew(job, List.of(at(0, 5, 0)), 4)).isFalse();
        assertThatThrownBy(() -> reader.read(job, at(0, 5, 0)))
                .isInstanceOf(LedgerReader.MissingBlockException.class)
                .hasMessageContaining("no block of task 5 at offset 0");
    }

    @Test
    void aBlockBehindAnOpenTransactionIsWaitedForThoughItsPlaceIsBeforeThat() {
        write(List.of(block(1, 0, 10)));
        try (KafkaProducer<byte[], byte[]> frozen = producer("frozen")) {
            frozen.beginTransaction();
            var unused = frozen.send(block(7, 0, 70));
            frozen.flush();
            write(List.of(block(2, 0, 20)));

            DocumentTask.Change hidden = at(1, 2, 0);
            assertThat(reader.loadFew(job, List.of(hidden), 4)).isFalse();
            CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> reader.read(job, hidden));
            assertThat(read).as("read while it is hidden").isNotDone();
            frozen.abortTransaction();
            assertThat(read.join()).containsExactly(20);
        }
    }
}
