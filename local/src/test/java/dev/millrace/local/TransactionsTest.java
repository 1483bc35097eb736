package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.TransactionWatch;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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

    /** A broker's own limit is 1 MiB, unless it is set; a task of many documents is larger. */
    @Test
    void whatIsTooLargeForTheBrokerFitsIntoTopicsOfInitAndIsRefusedByOthersWithWhatToDo() throws Exception {
        try (EmbeddedBroker broker =
                EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of("message.max.bytes", "1048588")))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("test."));
            try (ClusterSetup setup = new ClusterSetup(cluster);
                    Transactions transactions = new Transactions(cluster, "test.driver", Duration.ofSeconds(20))) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
                create(setup.admin(), "test.log");
                transactions.start();
                byte[] large = new byte[7 << 20];
                for (String topic : List.of("test.tasks", "test.pairs", "test.events")) {
                    transactions.write(List.of(new ProducerRecord<>(topic, large)));
                }
                assertThatThrownBy(() -> transactions.write(List.of(new ProducerRecord<>("test.log", large))))
                        .isInstanceOfSatisfying(
                                MillraceException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BROKER))
                        .hasMessageContaining("larger than the max message size")
                        .hasMessageContaining("millrace doctor --bootstrap-server " + broker.bootstrapServer());
                // A reducer whose checkpoint had grown too large blamed settings and permissions.
                assertThatThrownBy(() -> transactions.write(List.of(
                                new ProducerRecord<>("test.checkpoints", new byte[ClusterSetup.MESSAGE_BYTES]))))
                        .isInstanceOf(MillraceException.class)
                        .hasMessageContaining("a record for test.checkpoints is too large")
                        .hasMessageNotContaining("doctor");
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
            try (Transactions old = new Transactions(cluster, "test.driver", deadline, () -> false);
                    Transactions next = new Transactions(cluster, "test.driver", deadline, () -> false)) {
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

    /** In place of being tried again, it was taken for a sign of another driver. */
    @Test
    void whatTookTooLongIsDoneAgainByTheSameProducer() {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            create(admin, "test.log");
            AtomicInteger producers = new AtomicInteger();
            AtomicInteger tries = new AtomicInteger();
            List<ProducerRecord<byte[], byte[]>> batch = List.of(new ProducerRecord<>("test.log", new byte[1]));
            try (Transactions driver = impatient(broker, () -> false)) {
                driver.observe(made -> producers.incrementAndGet());
                driver.start();
                driver.write(batch, sent -> {
                    if (tries.incrementAndGet() == 1) {
                        awaitTimedOut(admin);
                    }
                    return batch;
                });
            }
            assertThat(tries).hasValue(2);
            assertThat(producers).hasValue(1);
        }
    }

    /** A commit that came too late breaks the producer; only who knows that nobody else had the id takes another. */
    @Test
    void anotherProducerIsMadeOnlyByWhoeverStillHasTheId() {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            create(admin, "test.log");
            Iterator<Boolean> lostMeanwhile = List.of(true, false).iterator();
            assertThat(producersForALateCommit(broker, admin, () -> true)).isEqualTo(2);
            assertThatThrownBy(() -> producersForALateCommit(broker, admin, () -> false))
                    .isInstanceOf(Transactions.FencedException.class);
            assertThatThrownBy(() -> producersForALateCommit(broker, admin, lostMeanwhile::next))
                    .isInstanceOf(Transactions.FencedException.class);
            Iterator<Boolean> notKnownAtFirst = Arrays.asList(null, true, true).iterator();
            assertThat(producersForALateCommit(broker, admin, () -> {
                        Boolean known = notKnownAtFirst.next();
                        if (known == null) {
                            throw new MillraceException(ExitCode.BROKER, "the broker is away");
                        }
                        return known;
                    }))
                    .isEqualTo(2);
        }
    }

    private static int producersForALateCommit(EmbeddedBroker broker, Admin admin, BooleanSupplier mayTakeAgain) {
        AtomicInteger producers = new AtomicInteger();
        AtomicInteger tries = new AtomicInteger();
        try (Transactions driver = impatient(broker, mayTakeAgain)) {
            driver.observe(made -> producers.incrementAndGet());
            driver.start();
            driver.write(List.of(new ProducerRecord<>("test.log", new byte[1])), sent -> {
                if (tries.incrementAndGet() == 1) {
                    awaitTimedOut(admin);
                }
                return List.of();
            });
        }
        return producers.get();
    }

    /** The broker ends its transactions after a second. */
    private static Transactions impatient(EmbeddedBroker broker, BooleanSupplier mayTakeAgain) {
        ClusterSettings cluster = new ClusterSettings(
                Map.of("bootstrap.servers", broker.bootstrapServer(), "transaction.timeout.ms", "1000"),
                new TopicNames("test."));
        return new Transactions(cluster, "test.late", Duration.ofSeconds(30), mayTakeAgain);
    }

    private static void awaitTimedOut(Admin admin) {
        TransactionState state = TransactionState.ONGOING;
        while (state != TransactionState.COMPLETE_ABORT) {
            try {
                state = admin.describeTransactions(List.of("test.late"))
                        .description("test.late")
                        .get()
                        .state();
            } catch (InterruptedException | ExecutionException e) {
                throw new AssertionError(e);
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
                        .hasMessageContaining("transactional id test.neighbour")
                        .hasMessageContaining("its coordinator says Ongoing");
                neighbour.producer().abortTransaction();
                reading.get(20, TimeUnit.SECONDS);
                assertThat(sizes).containsExactly(2);
            }
        }
    }

    /** After a kill of the broker the ledger of a continuous job could not be read any further, for good. */
    @Test
    void aTransactionThatTheBrokerLostTheEndOfIsNamedAndEnded(@TempDir Path dir) throws Exception {
        JobSpec spec = continuous(JobId.random());
        TopicNames topics = new TopicNames("test.");
        TopicPartition ledger = new TopicPartition(topics.ledger(spec.id()), 0);
        EmbeddedBroker.Settings settings = new EmbeddedBroker.Settings(dir, 0, Map.of());
        try (EmbeddedBroker broker = EmbeddedBroker.start(settings)) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), topics);
            try (ClusterSetup setup = new ClusterSetup(cluster);
                    Transactions mapper =
                            new Transactions(cluster, topics.mapperTransactions("m-1"), Duration.ofSeconds(20))) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
                setup.createContinuous(spec.id(), 1, 1);
                mapper.start();
                mapper.write(List.of(new ProducerRecord<>(ledger.topic(), 0, new byte[] {1}, new byte[3])));
                LogReader.readToEnd(cluster, ledger, -1, in -> {}); // the end is written
            }
        }
        loseLastBatch(dir, ledger);
        List<Integer> sizes = new ArrayList<>();
        List<String> notices = new ArrayList<>();
        try (EmbeddedBroker broker = EmbeddedBroker.start(settings)) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), topics);
            assertThatThrownBy(() -> LogReader.read(cluster, ledger, -1, -1, Duration.ofSeconds(1), in -> {}))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("transactional id test.mapper.m-1")
                    .hasMessageContaining("its coordinator says CompleteCommit, so nobody will end it");
            try (TransactionWatch watch = new TransactionWatch(cluster, spec, notices::add)) {
                LogReader.readToEnd(cluster, ledger, -1, in -> sizes.add(in.value().length));
                assertThat(watch.ownEndings()).isEmpty();
            }
        }
        assertThat(sizes).containsExactly(3);
        assertThat(notices).singleElement().asString().contains("test.mapper.m-1");
    }

    /** It hid every later task of every job from mappers, for good: its driver was gone, and nobody else's watch ended it. */
    @Test
    void whatTheBrokerLostTheEndOfIsEndedForADriverThatIsGone(@TempDir Path dir) throws Exception {
        TopicNames topics = new TopicNames("test.");
        TopicPartition tasks = new TopicPartition(topics.tasks(), 0);
        EmbeddedBroker.Settings settings = new EmbeddedBroker.Settings(dir, 0, Map.of());
        JobSpec living = continuous(JobId.random());
        String gone = topics.driverTransactions(JobId.random());
        try (EmbeddedBroker broker = EmbeddedBroker.start(settings)) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), topics);
            try (ClusterSetup setup = new ClusterSetup(cluster);
                    Transactions driver = new Transactions(cluster, gone, Duration.ofSeconds(20))) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
                setup.createContinuous(living.id(), 1, 1);
                driver.start();
                driver.write(List.of(new ProducerRecord<>(tasks.topic(), 0, new byte[] {1}, new byte[3])));
                LogReader.readToEnd(cluster, tasks, -1, in -> {}); // the end is written
            }
        }
        loseLastBatch(dir, tasks);
        try (EmbeddedBroker broker = EmbeddedBroker.start(settings)) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), topics);
            List<String> notices = new ArrayList<>();
            try (TransactionWatch watch = new TransactionWatch(cluster, living, notices::add);
                    Admin admin = cluster.admin()) {
                while (OpenTransactions.of(admin, List.of(tasks)).stream().anyMatch(OpenTransactions.Open::lost)) {
                    assertThat(watch.ownEndings()).isEmpty();
                }
                while (notices.isEmpty()) {
                    assertThat(watch.ownEndings()).isEmpty();
                }
            }
            assertThat(notices).singleElement().asString().contains(gone);
        }
    }

    /** Only a snapshot told what documents stood behind; counts seemed to be up to date. */
    @Test
    void aTransactionThatStaysOpenWhereDocumentsComeInIsTold(@TempDir Path dir) throws Exception {
        TopicPartition docs = new TopicPartition("docs", 0);
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(dir, 0, Map.of()))) {
            ClusterSettings cluster =
                    new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames("test."));
            JobSpec spec = continuous(JobId.random());
            List<String> notices = new ArrayList<>();
            try (ClusterSetup setup = new ClusterSetup(cluster);
                    KafkaProducer<byte[], byte[]> slow = new KafkaProducer<>(
                            Map.of(
                                    "bootstrap.servers",
                                    broker.bootstrapServer(),
                                    "transactional.id",
                                    "its slow writer",
                                    "transaction.timeout.ms",
                                    60_000),
                            new ByteArraySerializer(),
                            new ByteArraySerializer())) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
                setup.createContinuous(spec.id(), 1, 1);
                setup.createDocuments("docs");
                slow.initTransactions();
                slow.beginTransaction();
                slow.send(new ProducerRecord<>("docs", 0, new byte[] {1}, new byte[] {2}))
                        .get();
                try (TransactionWatch watch = new TransactionWatch(cluster, spec, notices::add)) {
                    watch.lookAlsoAt(List.of(docs));
                    while (notices.isEmpty()) {
                        assertThat(watch.ownEndings()).isEmpty();
                    }
                    assertThat(watch.sourceHeldUpMillis()).isPositive();
                    slow.commitTransaction();
                    while (watch.sourceHeldUpMillis() > 0) {
                        assertThat(watch.ownEndings()).as("nobody else ends it").isEmpty();
                    }
                }
            }
            assertThat(notices)
                    .singleElement()
                    .asString()
                    .contains("behind offset 0 of docs-0 cannot be counted yet")
                    .contains("its slow writer");
        }
    }

    /** Cuts the marker off, and has the broker read the log anew. */
    private static void loseLastBatch(Path dir, TopicPartition partition) throws IOException {
        Path folder = dir.resolve(partition.toString());
        try (FileChannel log = FileChannel.open(
                folder.resolve("00000000000000000000.log"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(12); // base offset and length of a batch
            long last = 0;
            for (long next = 0; next < log.size(); next += 12 + head.getInt(8)) {
                last = next;
                log.read(head.clear(), next);
            }
            log.truncate(last);
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path snapshot :
                    files.filter(file -> file.toString().endsWith(".snapshot")).toList()) {
                Files.delete(snapshot);
            }
        }
        Files.delete(dir.resolve(".kafka_cleanshutdown"));
        Files.delete(dir.resolve("recovery-point-offset-checkpoint"));
        Files.delete(dir.resolve("replication-offset-checkpoint"));
    }

    private static JobSpec continuous(JobId id) {
        return new JobSpec(
                id,
                "test",
                JobKind.CONTINUOUS,
                new TextRules("unicode", 1, List.of()),
                new InputSpec(List.of("topic"), List.of(), List.of(), false, 1 << 20),
                1,
                "pairs",
                16,
                4,
                false,
                0,
                0,
                0);
    }

    private static void create(Admin admin, String topic) {
        assertThat(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1)))
                        .all()
                        .toCompletionStage()
                        .toCompletableFuture())
                .succeedsWithin(Duration.ofSeconds(20));
    }
}
