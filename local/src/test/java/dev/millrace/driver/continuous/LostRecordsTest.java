package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobsView;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.input.InputRoots;
import dev.millrace.job.Checkpoint;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import dev.millrace.local.EmbeddedBroker;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.ControlCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reducers and onlookers of a continuous job where records are gone, or others are there than the job has written: after a
 * broker's machine lost its power, after somebody deleted a topic, after compaction.
 */
@Timeout(180)
final class LostRecordsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());
    private static final int PARTITIONS = 2;
    private static final AtomicInteger INSTALLATIONS = new AtomicInteger();

    @TempDir
    static Path folder;

    private static EmbeddedBroker broker;

    private ClusterSettings cluster;
    private TopicNames topics;
    private Admin admin;
    private KafkaProducer<byte[], byte[]> producer;
    private Running reducer;
    private Driver driver;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, Map.of()));
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void begin() throws InterruptedException {
        topics = new TopicNames("installation-" + INSTALLATIONS.incrementAndGet() + ".");
        cluster = new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), topics);
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(new ClusterSetup.Shape(PARTITIONS, 1, 1));
            setup.createDocuments(docs());
        }
        admin = cluster.admin();
        producer = cluster.plainProducer();
        reducer = new Running();
        driver = new Driver("first");
    }

    @AfterEach
    void end() {
        driver.close();
        reducer.close();
        producer.close();
        admin.close();
    }

    private String docs() {
        return topics.prefix() + "docs";
    }

    /** A reducer on a thread of its own. */
    private final class Running implements AutoCloseable {
        private final Reducer reducer;
        private final CompletableFuture<Void> end;

        Running() {
            this(cluster);
        }

        Running(ClusterSettings settings) {
            reducer = new Reducer(new ReducerSettings(settings, "reducer-1", 1, PATIENCE));
            end = CompletableFuture.runAsync(
                    () -> reducer.run(() -> {}), work -> new Thread(work, "reducer-1").start());
        }

        @Override
        public void close() {
            reducer.drain();
            end.join();
        }
    }

    /** A driver on a thread of its own, which counts what there is to count. */
    private final class Driver implements AutoCloseable {
        private final CountDownLatch opened = new CountDownLatch(1);
        private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
        private final Thread thread;

        Driver(String name) throws InterruptedException {
            thread = new Thread(() -> run(name), "driver");
            thread.start();
            opened.await();
        }

        private void run(String name) {
            ContinuousListener listener = new ContinuousListener() {
                @Override
                public void opened(JobId job, boolean resumed) {
                    opened.countDown();
                }
            };
            DriverSettings settings = new DriverSettings(
                    cluster, InputRoots.ofArguments(List.of(folder)), PATIENCE, false, "millrace attach");
            try {
                ContinuousJob.run(settings, name, RULES, new TopicSource(docs(), 1), listener);
                end.complete(null);
            } catch (RuntimeException | Error e) {
                end.completeExceptionally(e);
            } finally {
                opened.countDown();
            }
        }

        @Override
        public void close() {
            thread.interrupt();
            end.handle((done, failure) -> failure).join();
        }
    }

    private void produce(String id, @Nullable String text) throws Exception {
        producer.send(new ProducerRecord<>(
                        docs(),
                        0,
                        id.getBytes(StandardCharsets.UTF_8),
                        text == null ? null : text.getBytes(StandardCharsets.UTF_8)))
                .get();
    }

    private Map<String, Long> counted(String name) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        Snapshot.take(cluster, name, PATIENCE)
                .counts()
                .forEach(
                        Integer.MAX_VALUE,
                        (word, from, length, count) ->
                                counts.put(new String(word, from, length, StandardCharsets.UTF_8), count));
        return counts;
    }

    private JobSpec job(String name) {
        return Objects.requireNonNull(JobsView.read(cluster).continuous(name)).spec();
    }

    private long pairsEnd() throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            asked.put(new TopicPartition(topics.pairs(), partition), OffsetSpec.latest());
        }
        long sum = 0;
        for (var each : admin.listOffsets(asked).all().get().values()) {
            sum += each.offset();
        }
        return sum;
    }

    /** A driver ends so what its broker has lost the end of: every reducer that took the partition over died of it. */
    @Test
    void whatEndsALostTransactionIsNoCount() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 1L));
        reducer.close();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            producer.send(new ProducerRecord<>(topics.results(job("first").id()), partition, new byte[0], null))
                    .get();
        }
        reducer = new Running();
        produce("b", "race");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L));
        try (LiveTable table = new KafkaLiveTable(cluster, job("first"), JobsView.read(cluster))) {
            table.catchUp();
            assertThat(table.view(1).words()).isEqualTo(2);
        }
    }

    @Test
    void aJobWhoseResultsSomebodyDeletedFailsAndReducersGoOn() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        admin.deleteTopics(List.of(topics.results(job("first").id()))).all().get();
        reducer = new Running();
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("is gone");
        driver = new Driver("second");
        assertThat(counted("second")).isEqualTo(Map.of("mill", 2L, "race", 1L));
        assertThat(reducer.end).isNotDone();
    }

    /** Somebody else's record there ended every reducer that took the partition over. */
    @Test
    void aRecordAmongResultsThatIsNoCountFailsTheJobAndReducersGoOn() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        producer.send(new ProducerRecord<>(topics.results(job("first").id()), 0, new byte[] {'a'}, new byte[3]))
                .get();
        reducer = new Running();
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("holds no count at offset");
        driver = new Driver("second");
        assertThat(counted("second")).isEqualTo(Map.of("mill", 2L, "race", 1L));
        assertThat(reducer.end).isNotDone();
    }

    /** The sum of such a count and any other ended every reducer that took the partition over. */
    @Test
    void aCountAmongResultsThatCannotBeAddedFailsTheJobAndReducersGoOn() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            for (String word : List.of("x", "y")) {
                producer.send(new ProducerRecord<>(
                                topics.results(job("first").id()),
                                partition,
                                word.getBytes(StandardCharsets.UTF_8),
                                ByteBuffer.allocate(Long.BYTES)
                                        .putLong(Long.MAX_VALUE)
                                        .array()))
                        .get();
            }
        }
        reducer = new Running();
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("more than 63 bits");
        driver = new Driver("second");
        assertThat(counted("second")).isEqualTo(Map.of("mill", 2L, "race", 1L));
        assertThat(reducer.end).isNotDone();
    }

    /**
     * What a broker leaves behind that lost the end of a transaction among the positions of the group: every reducer that
     * asked for them ended, for good.
     */
    @Test
    void positionsThatStayUndecidedDoNotMatter() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        try (KafkaProducer<byte[], byte[]> undecided = cluster.transactionalProducer("undecided")) {
            undecided.initTransactions();
            undecided.beginTransaction();
            Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                positions.put(new TopicPartition(topics.pairs(), partition), new OffsetAndMetadata(0));
            }
            try (KafkaConsumer<byte[], byte[]> nobody = cluster.reducerConsumer("nobody")) {
                undecided.sendOffsetsToTransaction(positions, nobody.groupMetadata());
            }
            Map<String, String> impatient = Map.of(
                    "bootstrap.servers", broker.bootstrapServer(),
                    "default.api.timeout.ms", "2000",
                    "request.timeout.ms", "2000");
            reducer = new Running(new ClusterSettings(impatient, topics));
            produce("b", "race");
            assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L));
            undecided.abortTransaction();
        }
    }

    /** Mappers and drivers went on, and the table lacked all that came to this partition. */
    @Test
    void aPartitionThatForgotAJobIsTold() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            Checkpoint without = new Checkpoint(partition, 1, List.of(), List.of());
            producer.send(new ProducerRecord<>(
                            topics.checkpoints(),
                            partition,
                            String.valueOf(partition).getBytes(StandardCharsets.US_ASCII),
                            ControlCodec.encode(without)))
                    .get();
        }
        reducer = new Running();
        produce("b", "race mill wheel water weir stone grain");
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("does not hold what the job began with");
        assertThat(reducer.end).isNotDone();
    }

    @Test
    void offsetsThatAreOlderThanTheCheckpointDoNotMatter() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        Map<TopicPartition, OffsetAndMetadata> older = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            older.put(new TopicPartition(topics.pairs(), partition), new OffsetAndMetadata(0));
        }
        admin.alterConsumerGroupOffsets(topics.reducerGroup(), older).all().get();
        reducer = new Running();
        produce("b", "race");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L));
    }

    /** All pairs are, and some that no reducer has read. */
    private void losePairs() throws Exception {
        long before = pairsEnd();
        produce("b", "wheel water weir stone grain");
        while (pairsEnd() < before + 2 * PARTITIONS) {
            Thread.onSpinWait();
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            admin.deleteRecords(Map.of(new TopicPartition(topics.pairs(), partition), RecordsToDelete.beforeOffset(-1)))
                    .all()
                    .get();
        }
    }

    private Checkpoint checkpoint(int partition) {
        AtomicReference<Checkpoint> newest = new AtomicReference<>(new Checkpoint(partition, 0, List.of(), List.of()));
        LogReader.readToEnd(
                cluster,
                new TopicPartition(topics.checkpoints(), partition),
                -1,
                record -> newest.set(ControlCodec.checkpoint(record.value())));
        return Objects.requireNonNull(newest.get());
    }

    /**
     * Deletes what the reducer of a partition will read next. It cannot do so before, as it lies in a transaction
     * that is open meanwhile.
     *
     * @param before called with its offset
     */
    private void purgeBeforeItIsRead(int partition, LongConsumer before) throws Exception {
        TopicPartition pairs = new TopicPartition(topics.pairs(), partition);
        try (KafkaProducer<byte[], byte[]> open = cluster.transactionalProducer("open")) {
            open.initTransactions();
            open.beginTransaction();
            long next = open.send(OpenTransactions.ending(pairs)).get().offset();
            while (checkpoint(partition).position() < next - 1) { // what ends a transaction may lie in between
                Thread.onSpinWait();
            }
            before.accept(next);
            admin.deleteRecords(Map.of(pairs, RecordsToDelete.beforeOffset(next + 1)))
                    .all()
                    .get();
            open.abortTransaction();
        }
    }

    /** A frozen reducer whose partition others had had, and purged, ended when it woke, and told of lost data. */
    @Test
    void aReducerWhosePositionWasPurgedGoesOnFromTheCheckpointOfOthers() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int here = partition;
            purgeBeforeItIsRead(here, next -> {
                Checkpoint own = checkpoint(here);
                Checkpoint ofOthers = new Checkpoint(here, next + 1, own.finished(), own.continuous());
                var unused = producer.send(new ProducerRecord<>(
                        topics.checkpoints(),
                        here,
                        String.valueOf(here).getBytes(StandardCharsets.US_ASCII),
                        ControlCodec.encode(ofOthers)));
                producer.flush();
            });
        }
        produce("b", "race weir");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L, "weir", 1L));
        assertThat(reducer.end).isNotDone();
    }

    @Test
    void pairsThatAreLostBeforeTheyAreReadFailTheJobAndReducersGoOn() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        purgeBeforeItIsRead(0, next -> {});
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("DATA_LOST")
                .hasMessageContaining("its brokers have lost records");
        driver = new Driver("second");
        produce("b", "race");
        assertThat(counted("second")).isEqualTo(Map.of("mill", 2L, "race", 2L));
        assertThat(reducer.end).isNotDone();
    }

    @Test
    void aJobWhoseBeginningIsLostIsToldWithTheNextThatComes() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        try (Driver second = new Driver("second")) {
            losePairs();
            reducer = new Running();
            assertThatThrownBy(driver.end::join).hasMessageContaining("DATA_LOST");
            produce("c", "mill race wheel water weir stone grain and others in every partition");
            assertThatThrownBy(second.end::join)
                    .hasCauseInstanceOf(MillraceException.class)
                    .hasMessageContaining("DATA_LOST");
        }
        assertThat(reducer.end).isNotDone();
    }

    @Test
    void aJobWhosePairsAreLostFailsAndReducersGoOn() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        reducer.close();
        losePairs();
        reducer = new Running();
        assertThatThrownBy(driver.end::join)
                .hasCauseInstanceOf(MillraceException.class)
                .hasMessageContaining("DATA_LOST");
        driver = new Driver("second");
        assertThat(counted("second")).hasSize(7);
        assertThat(reducer.end).isNotDone();
    }

    /** A snapshot that is waited for, as there is no reducer. */
    private CompletableFuture<Snapshot> awaited() throws Exception {
        produce("a", "mill race mill");
        reducer.close();
        CompletableFuture<Snapshot> snapshot =
                CompletableFuture.supplyAsync(() -> Snapshot.take(cluster, "first", PATIENCE));
        AtomicBoolean isAsked = new AtomicBoolean();
        while (!isAsked.get()) {
            assertThat(snapshot).isNotDone();
            LogReader.readToEnd(cluster, DriverEvents.partition(cluster), -1, in -> {
                if (DriverEvents.event(in) instanceof Event.BarrierAsked) {
                    isAsked.set(true);
                }
            });
        }
        return snapshot;
    }

    /** It waited for as long as it may, and told that the driver had not answered. */
    @Test
    void aSnapshotOfAJobThatIsCancelledMeanwhileEnds() throws Exception {
        CompletableFuture<Snapshot> snapshot = awaited();
        DriverSettings settings = new DriverSettings(
                cluster, InputRoots.ofArguments(List.of(folder)), PATIENCE, false, "millrace attach");
        try (KafkaJobClient client = new KafkaJobClient(settings)) {
            client.cancel(job("first").id());
        }
        assertThatThrownBy(snapshot::join).hasMessageContaining("was cancelled");
        reducer = new Running();
    }

    /** Such as one of a later release: it was an internal error. */
    @Test
    void anEventThatIsNotUnderstoodDoesNotMatterToASnapshot() throws Exception {
        CompletableFuture<Snapshot> snapshot = awaited();
        byte[] key = job("first").id().toString().getBytes(StandardCharsets.US_ASCII);
        producer.send(new ProducerRecord<>(topics.events(), 0, key, "{}".getBytes(StandardCharsets.US_ASCII)))
                .get();
        reducer = new Running();
        assertThat(snapshot.join().counts().size()).isEqualTo(2);
    }

    private void makeDeletable(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        AlterConfigOp deletable =
                new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact,delete"), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(deletable)))
                .all()
                .get();
    }

    /** It ended with a fetch position that was out of range, and nothing on what to do. */
    @Test
    void whatRetentionTakesFromADriverThatRunsEndsItWithWhatToDo() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        makeDeletable(docs());
        TopicPartition partition = new TopicPartition(docs(), 0);
        try (KafkaProducer<byte[], byte[]> open = cluster.transactionalProducer("open")) { // nobody reads behind it
            open.initTransactions();
            open.beginTransaction();
            long next = open.send(new ProducerRecord<>(docs(), 0, new byte[] {'b'}, new byte[] {'c'}))
                    .get()
                    .offset();
            admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(next + 1)))
                    .all()
                    .get();
            assertThatThrownBy(driver.end::join)
                    .hasCauseInstanceOf(MillraceException.class)
                    .hasMessageContaining("records " + next + " to " + next + " of " + partition + " were deleted")
                    .hasMessageContaining("look at its retention")
                    .hasMessageContaining("cancel first");
            open.abortTransaction();
        }
    }

    private void purgeEvents(long before) throws Exception {
        admin.deleteRecords(Map.of(new TopicPartition(topics.events(), 0), RecordsToDelete.beforeOffset(before)))
                .all()
                .get();
    }

    /** A broker had lost the position by which they were purged, and each driver of the job died of it, for good. */
    @Test
    void aPositionBeforeEventsThatArePurgedIsGoneOnFrom() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        driver.close();
        purgeEvents(-1); // all
        driver = new Driver("first");
        produce("b", "race");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L));
    }

    @Test
    void eventsThatArePurgedBeforeADriverReadsThemDoNotEndIt() throws Exception {
        produce("a", "mill race mill");
        assertThat(counted("first")).hasSize(2);
        try (KafkaProducer<byte[], byte[]> open = cluster.transactionalProducer("open")) { // nobody reads behind it
            open.initTransactions();
            open.beginTransaction();
            long next = open.send(OpenTransactions.ending(new TopicPartition(topics.events(), 0)))
                    .get()
                    .offset();
            purgeEvents(next + 1);
            open.abortTransaction();
        }
        produce("b", "race");
        assertThat(counted("first")).isEqualTo(Map.of("mill", 2L, "race", 2L));
    }

    private ProducerRecord<byte[], byte[]> status(JobSpec job, long documents, long millis) {
        return new ProducerRecord<>(
                topics.events(),
                0,
                millis,
                job.id().toString().getBytes(StandardCharsets.US_ASCII),
                ControlCodec.encode(new Event.ContinuousStatus(job.id(), 0, documents, 0, 0, 0, 0, 0, 0, -1, false)));
    }

    /** What a driver had said before a pause was shown as if it had just been said. */
    @Test
    void aStatusThatIsReadBehindAPauseIsAsOldAsItIs() throws Exception {
        AtomicLong wallMillis = new AtomicLong(1_000_000);
        JobSpec job = job("first");
        driver.close();
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topics.events());
        AlterConfigOp dated =
                new AlterConfigOp(new ConfigEntry("message.timestamp.type", "CreateTime"), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(dated))).all().get();
        long agoMillis = System.currentTimeMillis() - 60_000;
        while (producer.send(status(job, 76, agoMillis)).get().timestamp() != agoMillis) {
            Thread.onSpinWait(); // the broker takes a setting when it has heard of it
        }
        try (LiveTable table = new KafkaLiveTable(cluster, job, JobsView.read(cluster), wallMillis::get)) {
            table.catchUp();
            producer.send(status(job, 77, agoMillis)).get();
            wallMillis.addAndGet(60_000); // Ctrl-Z, and fg
            DriverStatus last = table.view(1).driver();
            while (last == null || last.said().documents() != 77) {
                table.poll(Duration.ofMillis(100));
                last = table.view(1).driver();
            }
            assertThat(last.isSilent()).isTrue();
        }
    }

    @Test
    void aLiveTableThatWasAwayForLongForgetsWhatCompactionHasTaken() throws Exception {
        AtomicLong wallMillis = new AtomicLong(1_000_000);
        produce("a", "mill race mill");
        produce("b", "wheel");
        assertThat(counted("first")).hasSize(3);
        try (LiveTable table = new KafkaLiveTable(cluster, job("first"), JobsView.read(cluster), wallMillis::get)) {
            table.catchUp();
            assertThat(table.view(1).words()).isEqualTo(3);
            makeDeletable(topics.results(job("first").id()));
            for (int partition = 0; partition < PARTITIONS; partition++) {
                TopicPartition results =
                        new TopicPartition(topics.results(job("first").id()), partition);
                admin.deleteRecords(Map.of(results, RecordsToDelete.beforeOffset(-1)))
                        .all()
                        .get();
            }
            table.poll(Duration.ofMillis(100));
            assertThat(table.view(1).words()).isEqualTo(3);
            wallMillis.addAndGet(120_000); // its machine slept
            while (table.view(1).words() > 0) {
                table.poll(Duration.ofMillis(100));
            }
            produce("c", "grain");
            while (table.view(1).words() == 0) {
                table.poll(Duration.ofMillis(100));
            }
            assertThat(table.view(2).tokens()).isEqualTo(1);
        }
    }
}
