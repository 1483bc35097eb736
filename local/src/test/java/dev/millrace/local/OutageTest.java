package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobClaim;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.JobResult;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousJob;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.driver.continuous.TopicSource;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.text.TextProfile;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Drivers and onlookers on a broker that goes away and comes back. */
@Timeout(180)
final class OutageTest {
    private static final Duration DEADLINE = Duration.ofSeconds(90);
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());

    @TempDir
    Path folder;

    private EmbeddedBroker broker;
    private int port;
    private ClusterSettings cluster;
    private InputRoots roots;

    @BeforeEach
    void start() throws IOException {
        broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(folder.resolve("broker"), 0, Map.of()));
        String server = broker.bootstrapServer();
        port = Integer.parseInt(server.substring(server.lastIndexOf(':') + 1));
        cluster = ClusterSettings.of(server);
        Path texts = Files.createDirectory(folder.resolve("texts"));
        Files.writeString(texts.resolve("a"), "the mill race ".repeat(100));
        roots = InputRoots.ofArguments(List.of(texts));
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(new ClusterSetup.Shape(3, 1, 1));
        }
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private void restart() {
        broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(folder.resolve("broker"), port, Map.of()));
    }

    /** A client that takes a broker of some seconds' absence for gone, as others do after a minute or so. */
    private KafkaJobClient client(Map<String, String> more) {
        return new KafkaJobClient(new DriverSettings(settings(more), roots, DEADLINE, false, "millrace attach"));
    }

    private ClusterSettings settings(Map<String, String> more) {
        Map<String, String> properties = new HashMap<>(Map.of(
                "bootstrap.servers",
                cluster.bootstrapServers(),
                "transaction.timeout.ms",
                "1000",
                "request.timeout.ms",
                "500",
                "delivery.timeout.ms",
                "1000",
                "max.block.ms",
                "1000"));
        properties.putAll(more);
        return new ClusterSettings(properties, new TopicNames(TopicNames.DEFAULT_PREFIX));
    }

    /** A job whose first tasks cannot be published, as the broker stops when it is open. */
    private final class Interrupted implements JobListener {
        private final CompletableFuture<JobId> opened = new CompletableFuture<>();

        @Override
        public void opened(JobId job) {
            broker.close();
            opened.complete(job);
        }
    }

    private CompletableFuture<JobResult> run(KafkaJobClient client, JobListener listener) {
        JobRequest request = new JobRequest(
                "test",
                new InputSpec(List.of(folder.resolve("texts").toString()), List.of(), List.of(), false, 100),
                RULES,
                8,
                3,
                false);
        return CompletableFuture.supplyAsync(
                () -> client.run(request, listener), work -> new Thread(work, "driver").start());
    }

    /** Counts what is to be counted until it is closed. */
    private final class Workers implements AutoCloseable {
        private final Mapper mapper =
                new Mapper(new MapperSettings(cluster, "mapper-1", 1, roots, InputLimits.DEFAULT, DEADLINE));
        private final Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, DEADLINE));
        private final CompletableFuture<Void> ends = CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> mapper.run(() -> {}), work -> new Thread(work, "mapper-1").start()),
                CompletableFuture.runAsync(() -> reducer.run(() -> {}), work -> new Thread(work, "reducer-1").start()));

        @Override
        public void close() {
            mapper.drain();
            reducer.drain();
            ends.join();
        }
    }

    @Test
    void aLoneDriverGoesOnWhenTheBrokerIsBack() throws Exception {
        Interrupted listener = new Interrupted();
        try (KafkaJobClient client = client(Map.of())) {
            CompletableFuture<JobResult> result = run(client, listener);
            listener.opened.get();
            restart();
            try (Workers workers = new Workers()) {
                assertThat(result.get().receipt().collected().tokens()).isEqualTo(300);
                assertThat(workers.ends).isNotDone();
            }
        }
    }

    /** It ended when one of its questions had waited for a minute or so, while its transactions wait for their deadline. */
    @Test
    void aContinuousDriverWaitsForAnswersAsLongAsForItsTransactions() throws Exception {
        ClusterSettings impatient = settings(Map.of("default.api.timeout.ms", "1000"));
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.createDocuments("docs");
        }
        CountDownLatch away = new CountDownLatch(1);
        TopicSource source = new TopicSource("docs", 1) {
            @Override
            public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
                boolean past = super.isPastBarrier(positions);
                if (past && away.getCount() > 0) {
                    broker.close(); // the next call asks for the end of a topic
                    away.countDown();
                }
                return past;
            }
        };
        CountDownLatch opened = new CountDownLatch(1);
        ContinuousListener listener = new ContinuousListener() {
            @Override
            public void opened(JobId job, boolean resumed) {
                opened.countDown();
            }
        };
        CompletableFuture<Void> end = new CompletableFuture<>();
        Thread driver = new Thread(
                () -> {
                    try {
                        ContinuousJob.run(
                                new DriverSettings(impatient, roots, DEADLINE, false, "millrace attach"),
                                "outage",
                                RULES,
                                source,
                                listener);
                    } catch (RuntimeException | Error e) {
                        end.completeExceptionally(e);
                    }
                },
                "driver");
        driver.start();
        try (Workers workers = new Workers()) {
            opened.await();
            CompletableFuture<Snapshot> snapshot =
                    CompletableFuture.supplyAsync(() -> Snapshot.take(cluster, "outage", DEADLINE));
            away.await();
            assertThat(end)
                    .as("in an outage of 4 s")
                    .satisfies(goesOn -> assertThatThrownBy(() -> goesOn.get(4, TimeUnit.SECONDS))
                            .isInstanceOf(java.util.concurrent.TimeoutException.class));
            restart();
            assertThat(snapshot.get().documents()).isEmpty();
            assertThat(end).isNotDone();
            assertThat(workers.ends).isNotDone();
        } finally {
            driver.interrupt();
            driver.join();
        }
    }

    /** It took its transactional id back when its failed transaction was tried again, and shut its successor out. */
    @Test
    void whoeverLostItsIdInAnOutageDoesNotTakeItFromItsSuccessor() throws Exception {
        ClusterSettings impatient = settings(Map.of());
        CountDownLatch away = new CountDownLatch(1), succeeded = new CountDownLatch(1);
        List<ProducerRecord<byte[], byte[]>> one =
                List.of(new ProducerRecord<>(cluster.topics().events(), 0, new byte[1], new byte[1]));
        AtomicBoolean first = new AtomicBoolean(true), claimed = new AtomicBoolean();
        try (Transactions old = new Transactions(impatient, "test.driver", DEADLINE, () -> !claimed.get());
                Transactions next = new Transactions(impatient, "test.driver", DEADLINE, claimed::get)) {
            old.observe(made -> {
                if (!first.getAndSet(false)) {
                    await(succeeded); // a second producer comes later than the successor, and shuts that out
                }
            });
            old.start();
            CompletableFuture<Void> failing = CompletableFuture.runAsync(
                    () -> old.write(one, sent -> {
                        if (away.getCount() > 0) {
                            broker.close();
                            away.countDown();
                        }
                        return one;
                    }),
                    work -> new Thread(work, "old").start());
            away.await();
            restart();
            claimed.set(true);
            next.start();
            succeeded.countDown();
            // It may have been through before its successor came, and must be fenced else.
            Throwable end = failing.handle((done, failure) -> failure).get();
            assertThat(end == null || end.getCause() instanceof Transactions.FencedException)
                    .as(String.valueOf(end))
                    .isTrue();
            next.write(one);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aClaimStandsUntilAnotherIsMade() {
        JobId job = JobId.random();
        JobClaim old = new JobClaim(cluster, job), next = new JobClaim(cluster, job);
        assertThat(old.stands()).as("of a job that is being begun").isTrue();
        old.make();
        assertThat(old.stands()).isTrue();
        try (Transactions any = new Transactions(cluster, "test.any", DEADLINE)) {
            any.start();
            any.write(List.of(new ProducerRecord<>(cluster.topics().jobs(), 0, new byte[1], null)), sent -> {
                next.make();
                assertThat(old.stands())
                        .as("where a successor's claim lies behind a transaction that is open")
                        .isFalse();
                return List.of();
            });
        }
        assertThat(next.stands()).isTrue();
        assertThat(old.stands()).isFalse();
    }

    /** It did between the moment in which another cancelled its job and that in which the other had said so. */
    @Test
    void aDriverWhoseIdIsTakenDoesNotTakeItBackBeforeTheOtherHasWritten() {
        JobId job = JobId.random();
        JobClaim old = new JobClaim(cluster, job), next = new JobClaim(cluster, job);
        List<ProducerRecord<byte[], byte[]>> one =
                List.of(new ProducerRecord<>(cluster.topics().events(), 0, new byte[1], new byte[1]));
        try (Transactions driver = new Transactions(cluster, "test.cancelled", DEADLINE, old::stands);
                Transactions canceller = new Transactions(cluster, "test.cancelled", DEADLINE, next::stands)) {
            driver.start();
            next.make();
            canceller.start();
            driver.producer().close(); // as one that is broken for good
            assertThatThrownBy(() -> driver.write(one)).isInstanceOf(Transactions.FencedException.class);
            canceller.write(one);
        }
    }

    /** It went by what it read while the other, whom it had shut out, took the id back and went by the same. */
    @Test
    void ofTwoDriversTheOneThatClaimedTheJobFirstDoesNotBeginThoughItTakesTheIdLast() {
        JobId job = JobId.random();
        JobClaim first = new JobClaim(cluster, job), last = new JobClaim(cluster, job);
        List<ProducerRecord<byte[], byte[]>> one =
                List.of(new ProducerRecord<>(cluster.topics().events(), 0, new byte[1], new byte[1]));
        try (Transactions driver = new Transactions(cluster, "test.claimed", DEADLINE, last::stands);
                Transactions late = new Transactions(cluster, "test.claimed", DEADLINE, first::stands)) {
            first.make();
            last.make();
            driver.startClaimed();
            assertThatThrownBy(late::startClaimed).isInstanceOf(Transactions.FencedException.class);
            driver.write(one);
        }
    }

    @Test
    void aDriverThatWasShutOutInAnOutageDoesNotComeBack() throws Exception {
        Interrupted listener = new Interrupted();
        // It notices later than its successor that the broker is back, while it waits for its abort.
        Map<String, String> slow =
                Map.of("reconnect.backoff.ms", "6000", "reconnect.backoff.max.ms", "6000", "max.block.ms", "20000");
        try (KafkaJobClient old = client(slow);
                KafkaJobClient successor = client(Map.of())) {
            CompletableFuture<JobResult> ended = run(old, listener);
            JobId job = listener.opened.get();
            restart();
            CompletableFuture<JobId> attached = new CompletableFuture<>();
            CompletableFuture<JobResult> result = CompletableFuture.supplyAsync(
                    () -> successor.attach(job, new JobListener() {
                        @Override
                        public void opened(JobId id) {
                            attached.complete(id);
                        }
                    }),
                    work -> new Thread(work, "successor").start());
            attached.get();
            try (Workers workers = new Workers()) {
                assertThatThrownBy(ended::get)
                        .isInstanceOf(ExecutionException.class)
                        .hasMessageContaining("another driver has taken over job " + job);
                assertThat(result.get().receipt().collected().tokens()).isEqualTo(300);
                assertThat(workers.ends).isNotDone();
            }
        }
    }

    /** It went on showing what it knew as if that were so now. */
    @Test
    void aLiveTableTellsThatTheBrokerIsAwayAndGoesOnWhenItIsBack() throws Exception {
        DriverSettings settings = new DriverSettings(cluster, roots, DEADLINE, false, "millrace attach");
        CompletableFuture<JobId> opened = new CompletableFuture<>();
        try (PipedInputStream nothing = new PipedInputStream(new PipedOutputStream());
                ContinuousClient driver = new KafkaContinuousClient(settings);
                ContinuousClient onlooker = new KafkaContinuousClient(settings);
                KafkaJobClient jobs = new KafkaJobClient(settings)) {
            CompletableFuture<Void> driving = CompletableFuture.runAsync(
                    () -> driver.run(
                            "lines",
                            RULES,
                            new ContinuousClient.Lines(nothing, new byte[] {'\n'}),
                            false,
                            new ContinuousListener() {
                                @Override
                                public void opened(JobId job, boolean resumed) {
                                    opened.complete(job);
                                }
                            }),
                    work -> new Thread(work, "driver").start());
            JobId job = opened.get();
            try (LiveTable table = onlooker.live("lines")) {
                table.catchUp();
                while (!table.view(1).isLive()) {
                    table.poll(Duration.ofMillis(100));
                }
                broker.close();
                while (table.view(1).brokerAwayMillis() == 0) {
                    table.poll(Duration.ofMillis(100));
                }
                assertThat(table.view(1).isLive()).isFalse();
                restart();
                while (!table.view(1).isLive()) {
                    table.poll(Duration.ofMillis(100));
                }
                jobs.cancel(job);
                assertThatThrownBy(() -> {
                            while (true) {
                                table.poll(Duration.ofMillis(100));
                            }
                        })
                        .isInstanceOfSatisfying(
                                MillraceException.class,
                                over -> assertThat(over.exitCode()).isEqualTo(ExitCode.CANCELLED));
            }
            assertThatThrownBy(driving::get).hasMessageContaining("was cancelled");
        }
    }
}
