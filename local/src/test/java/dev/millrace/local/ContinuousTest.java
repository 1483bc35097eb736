package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobsView;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousJob;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.DocumentSource;
import dev.millrace.driver.continuous.FolderSource;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.driver.continuous.TopicSource;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.ControlCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A continuous job on a real broker, compared at barriers with a plain count of the documents as they are then. */
@Timeout(180)
final class ContinuousTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String[] WORDS = {"mill", "race", "water", "wheel", "the", "a", "grain", "stone", "weir"};
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());

    @TempDir
    static Path folder;

    private static LocalCluster cluster;
    private static DriverSettings driver;

    private final Map<String, String> documents = new TreeMap<>();

    @BeforeAll
    static void start() {
        InputRoots roots = InputRoots.ofArguments(List.of(folder));
        cluster = LocalCluster.start(
                new LocalCluster.Settings(
                        new EmbeddedBroker.Settings(null, 0, Map.of("log.cleaner.backoff.ms", "100")),
                        2,
                        3,
                        roots,
                        InputLimits.fromEnvironment(Map.of())),
                failure -> failure.printStackTrace(System.out));
        driver = new DriverSettings(cluster.cluster(), roots, Duration.ofSeconds(30), false, "millrace attach");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** A driver on a thread of its own. {@link #close} stops it as Ctrl-C does. */
    private static final class Driver implements AutoCloseable {
        private final CountDownLatch opened = new CountDownLatch(1);
        private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
        private final Thread thread;
        private volatile boolean resumed;

        Driver(String name, DocumentSource source) {
            this(name, source, driver);
        }

        Driver(String name, DocumentSource source, DriverSettings settings) {
            thread = new Thread(
                    () -> {
                        try {
                            ContinuousJob.run(settings, name, RULES, source, listener());
                            end.complete(null);
                        } catch (RuntimeException | Error e) {
                            end.completeExceptionally(e);
                        } finally {
                            opened.countDown();
                        }
                    },
                    "driver");
            thread.start();
        }

        private ContinuousListener listener() {
            return new ContinuousListener() {
                @Override
                public void opened(JobId job, boolean before) {
                    resumed = before;
                    opened.countDown();
                }

                @Override
                public void notice(String message) {
                    System.out.println(message);
                }
            };
        }

        void awaitOpen() throws InterruptedException {
            opened.await();
            assertThat(end).isNotDone();
        }

        @Override
        public void close() {
            thread.interrupt();
            try {
                end.join();
            } catch (CompletionException e) {
                assertThat(e.getCause())
                        .isInstanceOfSatisfying(
                                MillraceException.class,
                                known -> assertThat(known.exitCode()).isEqualTo(ExitCode.INTERRUPTED));
            }
        }
    }

    @Test
    void editsOfDocumentsInATopicAreCountedAsTheyAreNow() throws Exception {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        Random random = new Random(seed);
        ClusterSettings settings = cluster.cluster();
        try (Admin admin = Admin.create(client())) {
            admin.createTopics(List.of(new NewTopic("edits", 2, (short) 1)))
                    .all()
                    .get();
        }
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            for (int round = 0; round < 4; round++) {
                try (Driver running =
                        new Driver("edits", new TopicSource("edits", 2), driver.withMappersOnly(round % 2 == 0))) {
                    running.awaitOpen();
                    assertThat(running.resumed).isEqualTo(round > 0);
                    for (int step = 0; step < 5; step++) {
                        edit(random, producer, step == 0 ? 200 : 1 + random.nextInt(40));
                        producer.flush();
                        Snapshot snapshot = Snapshot.take(settings, "edits", PATIENCE);
                        assertThat(counts(snapshot)).isEqualTo(expected());
                        assertThat(snapshot.documents().keySet()).isEqualTo(documents.keySet());
                    }
                    edit(random, producer, 50); // what the next driver finds
                }
            }
        }
    }

    private void edit(Random random, KafkaProducer<String, String> producer, int times) {
        for (int i = 0; i < times; i++) {
            String id = "doc-" + random.nextInt(60);
            String text = documents.get(id);
            switch (random.nextInt(6)) {
                case 0 -> text = null;
                case 1 -> text = "";
                case 2 -> text = (text == null ? "" : text) + text(random, random.nextInt(9));
                case 3 -> text = text == null ? text(random, 3) : text.substring(0, text.length() / 2);
                case 4 -> text = text(random, random.nextInt(200) == 0 ? 60_000 : random.nextInt(60));
                default -> {}
            }
            if (text == null) {
                documents.remove(id);
            } else {
                documents.put(id, text);
            }
            var unused = producer.send(new ProducerRecord<>("edits", id, text));
        }
    }

    @Test
    void aJobThatAnotherReleaseHasWrittenOfIsNotTakenUpAndSaysWhatToDo() throws Exception {
        topic("older");
        JobId job;
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver first = new Driver("older", new TopicSource("older", 1))) {
            first.awaitOpen();
            producer.send(new ProducerRecord<>("older", "doc", "word")).get();
            job = Snapshot.take(cluster.cluster(), "older", PATIENCE).job().id();
            producer.send(new ProducerRecord<>(
                            cluster.cluster().topics().tasks(), job.toString(), "{\"type\":\"document-task\"}"))
                    .get();
        }
        Driver next = new Driver("older", new TopicSource("older", 1));
        assertThat(next.end)
                .failsWithin(PATIENCE)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(MillraceException.class)
                .withMessageContaining("the job older (" + job + ") cannot go on")
                .withMessageContaining("millrace cancel older --bootstrap-server");
    }

    /** Each read that there was no such job, and made one. */
    @Test
    void driversThatBeginOneNameTogetherBeginOneJob() throws Exception {
        topic("together");
        List<Driver> drivers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            drivers.add(new Driver("together", new TopicSource("together", 1)));
        }
        for (Driver each : drivers) {
            each.opened.await();
        }
        assertThat(JobsView.read(cluster.cluster()).jobs().stream()
                        .filter(job -> job.record().spec().name().equals("together")))
                .hasSize(1);
        drivers.forEach(each -> each.thread.interrupt());
        for (Driver each : drivers) {
            assertThat(each.end)
                    .failsWithin(PATIENCE)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            why -> assertThat(why.exitCode()).isIn(ExitCode.INTERRUPTED, ExitCode.FAILED));
        }
    }

    /** It waited in vain for a driver that had ended. */
    @Test
    void aSnapshotOutlivesTheDriverThatBeganItsBarrier() throws Exception {
        topic("outlived");
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Snapshot> snapshot;
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver stuck = new Driver("outlived", new TopicSource("outlived", 1) {
                    @Override
                    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
                        begun.countDown();
                        return false;
                    }
                })) {
            stuck.awaitOpen();
            snapshot = CompletableFuture.supplyAsync(() -> Snapshot.take(cluster.cluster(), "outlived", PATIENCE));
            begun.await();
            // Its position is written only when it has work.
            producer.send(new ProducerRecord<>("outlived", "a", "b c")).get();
            JobId job = JobsView.find(cluster.cluster(), "outlived").spec().id();
            JobsView jobs;
            do {
                jobs = JobsView.read(cluster.cluster());
            } while (jobs.position(job) == null);
        }
        assertThat(snapshot).isNotDone();
        try (Driver next = new Driver("outlived", new TopicSource("outlived", 1))) {
            next.awaitOpen();
            assertThat(counts(snapshot.get())).isEqualTo(Map.of("b", 1L, "c", 1L));
        }
    }

    @Test
    void partitionsThatATopicIsGivenLaterAreReadToo() throws Exception {
        topic("grows");
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver running = new Driver("grows", new TopicSource("grows", 1));
                Admin admin = Admin.create(client())) {
            running.awaitOpen();
            admin.createPartitions(Map.of("grows", NewPartitions.increaseTo(2)))
                    .all()
                    .get();
            producer.send(new ProducerRecord<>("grows", 1, "a", "b c")).get();
            assertThat(counts(Snapshot.take(cluster.cluster(), "grows", PATIENCE)))
                    .isEqualTo(Map.of("b", 1L, "c", 1L));
        }
    }

    /** It was read from where it began by then, and what had been there before was missing without a word. */
    @Test
    void whatRetentionDeletedOfAPartitionThatWasGivenMeanwhileIsTold() throws Exception {
        topic("given");
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Admin admin = Admin.create(client())) {
            producer.send(new ProducerRecord<>("given", 0, "a", "mill")).get();
            admin.deleteRecords(Map.of(new TopicPartition("given", 0), RecordsToDelete.beforeOffset(1)))
                    .all()
                    .get(); // before there was a job
            try (Driver running = new Driver("given", new TopicSource("given", 1))) {
                running.awaitOpen();
                assertThat(counts(Snapshot.take(cluster.cluster(), "given", PATIENCE)))
                        .isEmpty();
            }
            admin.createPartitions(Map.of("given", NewPartitions.increaseTo(2)))
                    .all()
                    .get();
            producer.send(new ProducerRecord<>("given", 1, "b", "race")).get();
            admin.deleteRecords(Map.of(new TopicPartition("given", 1), RecordsToDelete.beforeOffset(1)))
                    .all()
                    .get();
            assertThat(endOf(new Driver("given", new TopicSource("given", 2))))
                    .contains("records 0 to 0 of given-1 were deleted before they were read");
        }
    }

    /** What was in the new partition was read first, and the older version took its place. */
    @Test
    void partitionsThatATopicWasGivenAreReadBehindTheOthers() throws Exception {
        topic("grew");
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                KafkaProducer<byte[], byte[]> slow = cluster.cluster().transactionalProducer("its slow writer");
                Admin admin = Admin.create(client())) {
            producer.send(new ProducerRecord<>("grew", 0, "other", "stone")).get();
            try (Driver running = new Driver("grew", new TopicSource("grew", 1))) {
                running.awaitOpen();
                Snapshot.take(cluster.cluster(), "grew", PATIENCE);
            }
            slow.initTransactions();
            slow.beginTransaction(); // hides the older version
            slow.send(new ProducerRecord<>("grew", 0, bytes("slow"), bytes("water")))
                    .get();
            producer.send(new ProducerRecord<>("grew", 0, "a", "mill")).get();
            admin.createPartitions(Map.of("grew", NewPartitions.increaseTo(2)))
                    .all()
                    .get();
            producer.send(new ProducerRecord<>("grew", 1, "a", "race")).get();
            producer.send(new ProducerRecord<>("grew", 1, "other", null)).get();
            CountDownLatch idle = new CountDownLatch(20);
            try (Driver running = new Driver("grew", new TopicSource("grew", 2) {
                @Override
                public void poll(DocumentSource.Driver driver) {
                    super.poll(driver);
                    idle.countDown();
                }
            })) {
                running.awaitOpen();
                idle.await();
                slow.commitTransaction();
                assertThat(counts(Snapshot.take(cluster.cluster(), "grew", PATIENCE)))
                        .isEqualTo(Map.of("race", 1L, "water", 1L));
            }
        }
    }

    /**
     * It held the position, so that drivers read the topic from there again; once retention had deleted that, none could
     * start any more.
     */
    @Test
    void retentionMayDeleteWhatCannotBeRead() throws Exception {
        topic("keeps");
        TopicPartition partition = new TopicPartition("keeps", 0);
        try (Admin admin = Admin.create(client());
                KafkaProducer<byte[], byte[]> producer = cluster.cluster().plainProducer()) {
            ProducerRecord<byte[], byte[]> missing = new ProducerRecord<>("keeps", bytes("a"), bytes("see the file"));
            missing.headers().add("millrace-file", bytes("nowhere"));
            producer.send(missing).get();
            producer.send(new ProducerRecord<>("keeps", bytes("b"), bytes("mill")))
                    .get();
            for (int round = 0; round < 2; round++) {
                try (Driver running = new Driver("keeps", new TopicSource("keeps", 1))) {
                    running.awaitOpen();
                    Snapshot snapshot = Snapshot.take(cluster.cluster(), "keeps", PATIENCE);
                    assertThat(counts(snapshot)).isEqualTo(Map.of("mill", 1L));
                    assertThat(snapshot.unreadable()).hasSize(1 - round);
                }
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(2)))
                        .all()
                        .get();
            }
        }
    }

    /** An older version stays in the partition that a document has left, and looked as if the document were there. */
    @Test
    void aDeletionIsMadeUpForWhereAnotherPartitionHoldsAnOlderVersion() throws Exception {
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            compactedTopic(admin, "left", 2);
            producer.send(new ProducerRecord<>("left", 0, "moved", "mill")).get();
            try (Driver running = new Driver("left", new TopicSource("left", 2))) {
                running.awaitOpen();
                Snapshot.take(cluster.cluster(), "left", PATIENCE);
                producer.send(new ProducerRecord<>("left", 1, "moved", "race")).get();
                assertThat(counts(Snapshot.take(cluster.cluster(), "left", PATIENCE)))
                        .isEqualTo(Map.of("race", 1L));
            }
            producer.send(new ProducerRecord<>("left", 1, "moved", null)).get();
            do { // a segment is compacted behind the record that comes after its time
                producer.send(new ProducerRecord<>("left", 1, "filler", "wheel"))
                        .get();
            } while (isInTopic("left", 1, "moved"));
            try (Driver running = new Driver("left", new TopicSource("left", 2))) {
                running.awaitOpen();
                assertThat(counts(Snapshot.take(cluster.cluster(), "left", PATIENCE)))
                        .isEqualTo(Map.of("wheel", 1L));
            }
        }
    }

    /** The driver waited for its end, and ended with a message that did not name it. */
    @Test
    void aTopicThatIsGoneCountsOn() throws Exception {
        topic("gone");
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver running = new Driver("gone", new TopicSource("gone", 1))) {
            running.awaitOpen();
            producer.send(new ProducerRecord<>("gone", "a", "mill")).get();
            Snapshot.take(cluster.cluster(), "gone", PATIENCE);
            admin.deleteTopics(List.of("gone")).all().get();
            while (admin.listTopics().names().get().contains("gone")) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 3; i++) {
                assertThat(counts(Snapshot.take(cluster.cluster(), "gone", PATIENCE)))
                        .isEqualTo(Map.of("mill", 1L));
            }
        }
    }

    /** It waited for good for what can never be read, and so did all after it. */
    @Test
    void aSnapshotDoesNotWaitForATopicThatGoesMeanwhile() throws Exception {
        topic("going");
        CountDownLatch begun = new CountDownLatch(2);
        try (Admin admin = Admin.create(client());
                KafkaProducer<byte[], byte[]> slow = cluster.cluster().transactionalProducer("it never ends");
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver running = new Driver("going", new TopicSource("going", 1) {
                    @Override
                    public void beginBarrier(Map<TopicPartition, Long> ends) {
                        super.beginBarrier(ends);
                        begun.countDown();
                    }
                })) {
            running.awaitOpen();
            producer.send(new ProducerRecord<>("going", "a", "mill")).get();
            Snapshot.take(cluster.cluster(), "going", PATIENCE);
            slow.initTransactions();
            slow.beginTransaction();
            slow.send(new ProducerRecord<>("going", bytes("b"), bytes("race"))).get();
            CompletableFuture<Snapshot> snapshot =
                    CompletableFuture.supplyAsync(() -> Snapshot.take(cluster.cluster(), "going", PATIENCE));
            begun.await();
            admin.deleteTopics(List.of("going")).all().get();
            assertThat(counts(snapshot.get())).isEqualTo(Map.of("mill", 1L));
        }
    }

    /** Retention looked like deletions that somebody had meant: what had been counted was taken back. */
    @Test
    void aTopicOfWhichRetentionDeletesCannotTellWhatElseIsDeleted() throws Exception {
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            Map<String, String> both = Map.of("cleanup.policy", "compact,delete", "delete.retention.ms", "1");
            admin.createTopics(List.of(new NewTopic("passes", 1, (short) 1).configs(both)))
                    .all()
                    .get();
            producer.send(new ProducerRecord<>("passes", "a", "mill")).get();
            producer.send(new ProducerRecord<>("passes", "b", "race")).get();
            try (Driver running = new Driver("passes", new TopicSource("passes", 1))) {
                running.awaitOpen();
                Snapshot.take(cluster.cluster(), "passes", PATIENCE);
            }
            admin.deleteRecords(Map.of(new TopicPartition("passes", 0), RecordsToDelete.beforeOffset(1)))
                    .all()
                    .get();
            assertThat(endOf(new Driver("passes", new TopicSource("passes", 1))))
                    .contains("as its retention deletes documents too");
        }
    }

    /** Each asker waits for a barrier, and asks again and again: they were served one by one, and the last never. */
    @Test
    void barriersThatAreAskedForTogetherAreOne() throws Exception {
        topic("asked");
        AtomicInteger begun = new AtomicInteger();
        CountDownLatch mayBegin = new CountDownLatch(1);
        ExecutorService together = Executors.newFixedThreadPool(5);
        try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver running = new Driver("asked", new TopicSource("asked", 1) {
                    @Override
                    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
                        return mayBegin.getCount() == 0 && super.isPastBarrier(positions);
                    }

                    @Override
                    public void beginBarrier(Map<TopicPartition, Long> ends) {
                        begun.incrementAndGet();
                        super.beginBarrier(ends);
                    }
                })) {
            running.awaitOpen();
            producer.send(new ProducerRecord<>("asked", "a", "mill")).get();
            List<CompletableFuture<Snapshot>> snapshots = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                snapshots.add(CompletableFuture.supplyAsync(() -> Snapshot.take(cluster.cluster(), "asked", PATIENCE)));
            }
            while (askedFor("asked") < 5) {
                Thread.onSpinWait();
            }
            mayBegin.countDown();
            for (CompletableFuture<Snapshot> each : snapshots) {
                assertThat(counts(each.get())).isEqualTo(Map.of("mill", 1L));
            }
            assertThat(begun.get()).isLessThan(5);
        } finally {
            together.shutdownNow();
        }
    }

    private static long askedFor(String name) {
        AtomicLong asked = new AtomicLong();
        JobId job = JobsView.find(cluster.cluster(), name).spec().id();
        LogReader.readToEnd(
                cluster.cluster(), new TopicPartition(cluster.cluster().topics().events(), 0), -1, record -> {
                    if (ControlCodec.event(record.value()) instanceof Event.BarrierAsked each
                            && each.job().equals(job)) {
                        asked.incrementAndGet();
                    }
                });
        return asked.get();
    }

    /** The next driver had its counts as they were before, for good. */
    @Test
    void aDeletionThatCompactionTakesAwayWhileNoDriverReadsIsMadeUpFor() throws Exception {
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            compactedTopic(admin, "forgets", 1);
            for (String id : List.of("kept", "deleted", "replaced", "deleted and back")) {
                producer.send(new ProducerRecord<>("forgets", id, "mill " + id)).get();
            }
            try (Driver running = new Driver("forgets", new TopicSource("forgets", 1))) {
                running.awaitOpen();
                assertThat(Snapshot.take(cluster.cluster(), "forgets", PATIENCE).documents())
                        .hasSize(4);
            }
            producer.send(new ProducerRecord<>("forgets", "deleted", null)).get();
            producer.send(new ProducerRecord<>("forgets", "replaced", "race")).get();
            producer.send(new ProducerRecord<>("forgets", "deleted and back", null))
                    .get();
            producer.send(new ProducerRecord<>("forgets", "deleted and back", "water"))
                    .get();
            do { // a segment is compacted behind the record that comes after its time
                producer.send(new ProducerRecord<>("forgets", "filler", "wheel"))
                        .get();
            } while (isInTopic("forgets", 0, "deleted"));
            for (int round = 0; round < 2; round++) {
                try (Driver running = new Driver("forgets", new TopicSource("forgets", 1))) {
                    running.awaitOpen();
                    Snapshot snapshot = Snapshot.take(cluster.cluster(), "forgets", PATIENCE);
                    assertThat(counts(snapshot))
                            .isEqualTo(Map.of("mill", 1L, "kept", 1L, "race", 1L, "water", 1L, "wheel", 1L));
                    assertThat(snapshot.documents().keySet())
                            .containsExactlyInAnyOrder("kept", "replaced", "deleted and back", "filler");
                }
            }
        }
    }

    /** It was taken without a document that had been acknowledged. */
    @Test
    void aSnapshotWaitsForWhatStandsBehindAnOpenTransaction() throws Exception {
        topic("hidden");
        CountDownLatch begun = new CountDownLatch(1);
        try (KafkaProducer<byte[], byte[]> slow = cluster.cluster().transactionalProducer("slow");
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer());
                Driver running = new Driver("hidden", new TopicSource("hidden", 1) {
                    @Override
                    public void beginBarrier(Map<TopicPartition, Long> ends) {
                        super.beginBarrier(ends);
                        begun.countDown();
                    }
                })) {
            running.awaitOpen();
            slow.initTransactions();
            slow.beginTransaction();
            slow.send(new ProducerRecord<>("hidden", bytes("a"), bytes("mill"))).get();
            producer.send(new ProducerRecord<>("hidden", "b", "race")).get();
            CompletableFuture<Snapshot> snapshot =
                    CompletableFuture.supplyAsync(() -> Snapshot.take(cluster.cluster(), "hidden", PATIENCE));
            begun.await();
            slow.abortTransaction();
            assertThat(counts(snapshot.get())).isEqualTo(Map.of("race", 1L));
        }
    }

    /** It was read on from where the other one had been read. */
    @Test
    void aTopicThatIsMadeAgainUnderALivingDriverEndsIt() throws Exception {
        topic("swapped");
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            CountDownLatch polled = new CountDownLatch(1), made = new CountDownLatch(1);
            Driver running = new Driver("swapped", new TopicSource("swapped", 1) {
                @Override
                public void poll(DocumentSource.Driver driver) {
                    if (driver.version("b") != null && made.getCount() > 0) {
                        polled.countDown();
                        try {
                            made.await(); // frozen
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    super.poll(driver);
                }
            });
            running.awaitOpen();
            producer.send(new ProducerRecord<>("swapped", "a", "mill")).get();
            producer.send(new ProducerRecord<>("swapped", "b", "mill")).get();
            polled.await();
            admin.deleteTopics(List.of("swapped")).all().get();
            while (admin.listTopics().names().get().contains("swapped")) {
                Thread.onSpinWait();
            }
            topic("swapped");
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("swapped", "doc-" + i, "race"))
                        .get();
            }
            made.countDown();
            assertThatThrownBy(() -> Snapshot.take(cluster.cluster(), "swapped", Duration.ofSeconds(5)))
                    .isInstanceOf(MillraceException.class);
            assertThat(endOf(running)).contains("the topic swapped was deleted and made again");
        }
    }

    private static void compactedTopic(Admin admin, String name, int partitions) throws Exception {
        Map<String, String> eager = Map.of(
                "cleanup.policy", "compact",
                "min.cleanable.dirty.ratio", "0.01",
                "delete.retention.ms", "1",
                "segment.ms", "100");
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(eager)))
                .all()
                .get();
    }

    private static boolean isInTopic(String topic, int partition, String key) {
        AtomicBoolean seen = new AtomicBoolean();
        LogReader.readToEnd(
                cluster.cluster(),
                new TopicPartition(topic, partition),
                -1,
                record -> seen.compareAndSet(false, key.equals(new String(record.key(), StandardCharsets.UTF_8))));
        return seen.get();
    }

    @Test
    void aTopicThatCannotTellWhatHappenedSinceEndsTheDriver() throws Exception {
        try (Admin admin = Admin.create(client());
                KafkaProducer<String, String> producer =
                        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
            topic("remade");
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("remade", "doc-" + i, "mill"))
                        .get();
            }
            try (Driver running = new Driver("remade", new TopicSource("remade", 1))) {
                running.awaitOpen();
                Snapshot.take(cluster.cluster(), "remade", PATIENCE);
            }
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("remade", "doc-" + i, "race"))
                        .get();
            }
            admin.deleteRecords(Map.of(new TopicPartition("remade", 0), RecordsToDelete.beforeOffset(15)))
                    .all()
                    .get();
            assertThat(endOf(new Driver("remade", new TopicSource("remade", 1))))
                    .contains("cannot go on: records 10 to 14 of remade-0 were deleted before they were read")
                    .contains("cancel remade");
            admin.deleteTopics(List.of("remade")).all().get();
            for (int records : new int[] {5, 25}) {
                while (admin.listTopics().names().get().contains("remade")) {
                    Thread.onSpinWait();
                }
                topic("remade");
                for (int i = 0; i < records; i++) {
                    producer.send(new ProducerRecord<>("remade", "doc-" + i, "race"))
                            .get();
                }
                assertThat(endOf(new Driver("remade", new TopicSource("remade", 1))))
                        .contains("the topic remade was deleted and made again");
                admin.deleteTopics(List.of("remade")).all().get();
            }
        }
    }

    /** The end of a transaction stands behind its records, and counted as one that nobody had read. */
    @Test
    void theEndOfATransactionThatRetentionDeletesIsNothingThatWasLost() throws Exception {
        topic("committed");
        TopicPartition partition = new TopicPartition("committed", 0);
        try (Admin admin = Admin.create(client());
                KafkaProducer<byte[], byte[]> producer = cluster.cluster().transactionalProducer("its writer")) {
            producer.initTransactions();
            producer.beginTransaction();
            var unused = producer.send(new ProducerRecord<>("committed", bytes("doc"), bytes("mill race")));
            producer.commitTransaction();
            try (Driver running = new Driver("committed", new TopicSource("committed", 1))) {
                running.awaitOpen();
                assertThat(Snapshot.take(cluster.cluster(), "committed", PATIENCE)
                                .documents())
                        .hasSize(1);
                while (readUpTo("committed") < 2) {
                    Thread.onSpinWait(); // it is written though nothing else is
                }
            }
            admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(2)))
                    .all()
                    .get();
            try (Driver running = new Driver("committed", new TopicSource("committed", 1))) {
                running.awaitOpen();
                assertThat(counts(Snapshot.take(cluster.cluster(), "committed", PATIENCE)))
                        .isEqualTo(Map.of("mill", 1L, "race", 1L));
            }
        }
    }

    private static long readUpTo(String topic) {
        JobsView jobs = JobsView.read(cluster.cluster());
        JobId job = jobs.continuous(cluster.cluster(), topic).spec().id();
        return Objects.requireNonNull(jobs.position(job)).sources().getOrDefault(topic + "-0", 0L);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aTextThatIsTooLargeForARecordLiesInAFileThatTheRecordNames() throws Exception {
        topic("large");
        Path files = Files.createDirectories(folder.resolve("files of records"));
        Random random = new Random(1);
        StringBuilder large = new StringBuilder();
        while (large.length() < 10 << 20) {
            large.append(text(random, 1_000)).append('\n');
        }
        Files.writeString(files.resolve("large.txt"), large);
        try (ContinuousClient client = new KafkaContinuousClient(driver);
                KafkaProducer<byte[], byte[]> producer = cluster.cluster().plainProducer()) {
            documents.put("a", "mill");
            producer.send(new ProducerRecord<>("large", bytes("a"), bytes("mill")))
                    .get();
            producer.send(reference("b", "large.txt")).get();
            producer.send(reference("c", "later.txt")).get();
            documents.put("b", large.toString());
            for (int round = 0; round < 2; round++) {
                CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
                CountDownLatch opened = new CountDownLatch(1);
                Thread running = new Thread(
                        () -> {
                            try {
                                client.run(
                                        "large",
                                        RULES,
                                        new ContinuousClient.Topic("large", files, 64 << 20),
                                        false,
                                        new ContinuousListener() {
                                            @Override
                                            public void opened(JobId job, boolean resumed) {
                                                opened.countDown();
                                            }
                                        });
                                end.complete(null);
                            } catch (RuntimeException e) {
                                end.completeExceptionally(e);
                            }
                        },
                        "driver");
                running.start();
                opened.await();
                Snapshot snapshot = Snapshot.take(cluster.cluster(), "large", PATIENCE);
                assertThat(counts(snapshot)).isEqualTo(expected());
                assertThat(snapshot.documents().keySet()).isEqualTo(documents.keySet());
                if (round == 0) {
                    assertThat(snapshot.unreadable())
                            .singleElement()
                            .asString()
                            .startsWith("c: ")
                            .contains("later.txt");
                    Files.writeString(files.resolve("later.txt"), "race race");
                    documents.put("c", "race race");
                    do {
                        snapshot = Snapshot.take(cluster.cluster(), "large", PATIENCE);
                    } while (!snapshot.unreadable().isEmpty());
                    assertThat(counts(snapshot)).isEqualTo(expected());
                    producer.send(new ProducerRecord<>("large", bytes("b"), bytes("water")))
                            .get();
                    documents.put("b", "water");
                }
                running.interrupt();
                assertThat(end).failsWithin(PATIENCE);
            }
        }
    }

    private static ProducerRecord<byte[], byte[]> reference(String id, String file) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("large", bytes(id), bytes("see the file"));
        record.headers().add("millrace-file", bytes(file));
        return record;
    }

    private static String endOf(Driver driver) {
        try {
            driver.end.join();
            return "";
        } catch (CompletionException e) {
            return String.valueOf(e.getCause());
        }
    }

    private static Map<String, Object> client() {
        return Map.of("bootstrap.servers", cluster.cluster().bootstrapServers());
    }

    private static void topic(String name) throws Exception {
        try (Admin admin = Admin.create(client())) {
            admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        }
    }

    @Test
    void editsOfFilesAreCountedAsTheyAreNow() throws Exception {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        Random random = new Random(seed);
        Path watched = Files.createDirectory(folder.resolve("watched"));
        for (int round = 0; round < 3; round++) {
            try (Driver running = new Driver("files", files(watched))) {
                running.awaitOpen();
                assertThat(running.resumed).isEqualTo(round > 0);
                for (int step = 0; step < 6; step++) {
                    for (int i = random.nextInt(20); i >= 0; i--) {
                        edit(random, watched);
                    }
                    Snapshot snapshot = Snapshot.take(cluster.cluster(), "files", PATIENCE);
                    assertThat(snapshot.documents().keySet()).isEqualTo(documents.keySet());
                    assertThat(counts(snapshot)).isEqualTo(expected());
                }
                edit(random, watched); // what the next driver finds
            }
        }
    }

    private static FolderSource files(Path watched) {
        return new FolderSource(
                List.of(watched),
                List.of(),
                List.of("*.tmp"),
                false,
                InputLimits.DEFAULT,
                1 << 20,
                Duration.ofMillis(300));
    }

    private void edit(Random random, Path watched) throws IOException {
        String id = "f" + random.nextInt(15) + (random.nextBoolean() ? "/x y" : "");
        Path file = watched.resolve(id);
        String name = id.replace(" ", "%20");
        if (Files.isDirectory(file) || file.getParent() != watched && Files.isRegularFile(file.getParent())) {
            return;
        }
        switch (random.nextInt(5)) {
            case 0 -> {
                Files.deleteIfExists(file);
                documents.remove(name);
            }
            case 1 -> {
                if (documents.containsKey(name)) {
                    String more = text(random, 4);
                    Files.writeString(file, more, StandardOpenOption.APPEND);
                    documents.merge(name, more, String::concat);
                }
            }
            case 2 -> {
                String other = "r" + random.nextInt(5);
                if (documents.containsKey(name)) {
                    Files.move(file, watched.resolve(other), StandardCopyOption.REPLACE_EXISTING);
                    documents.put(other, documents.remove(name));
                }
            }
            case 3 -> {
                List<String> names = List.copyOf(documents.keySet());
                if (names.size() > 1) {
                    String a = names.get(random.nextInt(names.size())), b = names.get(random.nextInt(names.size()));
                    swap(watched.resolve(a.replace("%20", " ")), watched.resolve(b.replace("%20", " ")), watched);
                    String text = documents.get(a);
                    documents.put(a, documents.get(b));
                    documents.put(b, text);
                }
            }
            default -> {
                Files.createDirectories(file.getParent());
                String text = text(random, random.nextInt(random.nextInt(30) == 0 ? 50_000 : 50));
                Files.writeString(file, text);
                documents.put(name, text);
            }
        }
    }

    private static void swap(Path a, Path b, Path watched) throws IOException {
        if (!a.equals(b)) {
            Path between = watched.resolve("between.tmp");
            Files.move(a, between);
            Files.move(b, a);
            Files.move(between, b);
        }
    }

    private static String text(Random random, int words) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(WORDS[random.nextInt(WORDS.length)])
                    .append((char) ('a' + random.nextInt(26)))
                    .append(random.nextInt(12) == 0 ? '\n' : ' ');
        }
        return text.toString();
    }

    private Map<String, Long> expected() {
        Map<String, Long> counts = new TreeMap<>();
        for (String text : documents.values()) {
            StringTokenizer words = new StringTokenizer(text, " \n");
            while (words.hasMoreTokens()) {
                counts.merge(words.nextToken().toLowerCase(Locale.ROOT), 1L, Long::sum);
            }
        }
        return counts;
    }

    private static Map<String, Long> counts(Snapshot snapshot) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        snapshot.counts()
                .forEach(
                        Integer.MAX_VALUE,
                        (word, from, length, count) ->
                                counts.put(new String(word, from, length, StandardCharsets.UTF_8), count));
        return counts;
    }
}
