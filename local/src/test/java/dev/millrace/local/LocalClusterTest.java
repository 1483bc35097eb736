package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobClaim;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.JobResult;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.ControlCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs on a real broker, mapper and reducer in this JVM, compared with a plain loop over the same files. */
final class LocalClusterTest {
    private static final String[] WORDS = {
        "mill", "Race", "WATER", "wheel", "the", "a", "grain", "stone", "Weir", "flume"
    };

    @TempDir
    static Path folder;

    private static LocalCluster cluster;
    private static KafkaJobClient client;
    private static final Map<String, Long> EXPECTED = new TreeMap<>();

    @BeforeAll
    static void start() throws IOException {
        Random random = new Random(5);
        for (int file = 0; file < 9; file++) {
            StringBuilder text = new StringBuilder();
            for (int line = random.nextInt(400); line > 0; line--) {
                boolean comment = random.nextInt(9) == 0;
                text.append(comment ? "  .. " : "");
                for (int n = random.nextInt(12); n > 0; n--) {
                    String word = WORDS[random.nextInt(WORDS.length)] + "xyz".charAt(random.nextInt(3));
                    text.append(word).append(random.nextBoolean() ? " " : ", ");
                    if (!comment) {
                        EXPECTED.merge(word.toLowerCase(Locale.ROOT), 1L, Long::sum);
                    }
                }
                text.append('\n');
            }
            Files.writeString(folder.resolve("f" + file + ".rst"), text);
        }
        InputRoots roots = InputRoots.ofArguments(List.of(folder));
        cluster = LocalCluster.start(
                new LocalCluster.Settings(EmbeddedBroker.Settings.temporary(), 2, 3, roots, InputLimits.DEFAULT),
                failure -> {
                    throw new AssertionError("a service failed", failure);
                });
        client = new KafkaJobClient(
                new DriverSettings(cluster.cluster(), roots, Duration.ofSeconds(30), true, "millrace attach"));
    }

    @AfterAll
    static void stop() {
        client.close();
        cluster.close();
    }

    private static JobRequest request(Path path, long chunkBytes) {
        return new JobRequest(
                "test",
                new InputSpec(List.of(path.toString()), List.of(), List.of(), false, chunkBytes),
                new TextRules("pymotw", TextProfile.PYMOTW.version(), List.of()),
                8,
                3,
                false);
    }

    private static Map<String, Long> counts(JobResult result) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        result.counts()
                .forEach((word, from, length, count) ->
                        counts.put(new String(word, from, length, StandardCharsets.UTF_8), count));
        return counts;
    }

    @ParameterizedTest
    @ValueSource(longs = {100, 1_000, 33_333, 32 << 20})
    void everyChunkSizeGivesTheCountsOfAPlainLoop(long chunkBytes) throws IOException {
        JobResult result = client.run(request(folder, chunkBytes), JobListener.NONE);
        assertThat(counts(result)).isEqualTo(EXPECTED);
        assertThat(result.receipt().isConserved()).isTrue();
        assertThat(result.receipt().mapped().tokens())
                .isEqualTo(EXPECTED.values().stream().mapToLong(Long::longValue).sum());
        assertThat(result.receipt().files()).isEqualTo(9);
        assertThat(result.receipt().textBytes()).isEqualTo(result.receipt().bytes());
    }

    @Test
    void jobsAtOnceDoNotMix() throws IOException {
        List<CompletableFuture<JobResult>> running = new ArrayList<>();
        for (int job = 0; job < 4; job++) {
            Path input = job % 2 == 0 ? folder : folder.resolve("f1.rst");
            running.add(CompletableFuture.supplyAsync(() -> {
                try (KafkaJobClient own = new KafkaJobClient(new DriverSettings(
                        cluster.cluster(),
                        InputRoots.ofArguments(List.of(folder)),
                        Duration.ofSeconds(30),
                        true,
                        "millrace attach"))) {
                    return own.run(request(input, 2_000), JobListener.NONE);
                }
            }));
        }
        Map<String, Long> one = counts(running.get(1).join());
        assertThat(counts(running.get(0).join())).isEqualTo(EXPECTED);
        assertThat(counts(running.get(2).join())).isEqualTo(EXPECTED);
        assertThat(counts(running.get(3).join())).isEqualTo(one).isNotEmpty();
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void aJobWhoseResultsSomebodyDeletesFailsByNameAndTheNextOneDoesNot() throws IOException {
        JobListener deleting = new DeletesResults();
        assertThatThrownBy(() -> client.run(request(folder, 100), deleting))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("millrace.results.")
                .hasMessageContaining("deleted");
        assertThat(counts(client.run(request(folder, 10_000), JobListener.NONE)))
                .isEqualTo(EXPECTED);
    }

    /** As somebody who clears up by hand, as soon as the job is there. */
    private static final class DeletesResults implements JobListener {
        @Override
        public void opened(JobId job) {
            try (ClusterSetup setup = new ClusterSetup(cluster.cluster())) {
                setup.deleteResults(job);
            }
        }
    }

    /** As the broker does to those that slept past their transactions' timeout. The reducer ended of it. */
    @Test
    @Timeout(120)
    void aMapperAndAReducerThatAreShutOutOnceStartOver() throws IOException {
        TopicNames topics = cluster.cluster().topics();
        for (String id : List.of(topics.mapperTransactions("mapper-1-1"), topics.reducerTransactions("reducer-1-1"))) {
            try (Transactions other = new Transactions(cluster.cluster(), id, Duration.ofSeconds(30))) {
                other.start();
            }
        }
        assertThat(counts(client.run(request(folder, 1_000), JobListener.NONE))).isEqualTo(EXPECTED);
    }

    /** It said that another driver had taken over, as whoever cancels shuts it out first and says so a moment later. */
    @Test
    void aDriverThatWritesWhileItsJobIsCancelledSaysThatItWas() {
        CompletableFuture<JobId> cancelled = new CompletableFuture<>();
        JobListener shutOut = new JobListener() {
            @Override
            public void opened(JobId job) {
                TopicNames topics = cluster.cluster().topics();
                new JobClaim(cluster.cluster(), job).make();
                try (Transactions first =
                        new Transactions(cluster.cluster(), topics.driverTransactions(job), Duration.ofSeconds(30))) {
                    first.start();
                }
                var unused = cancelled.completeAsync(
                        () -> {
                            client.cancel(job);
                            return job;
                        },
                        CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS));
            }
        };
        assertThatThrownBy(() -> client.run(request(folder, 100), shutOut))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANCELLED));
        assertThat(cancelled.join()).isNotNull();
    }

    @Test
    void anEmptyInputHasNoWords() throws IOException {
        Files.createFile(folder.resolve("f9.empty"));
        JobResult result = client.run(request(folder.resolve("f9.empty"), 100), JobListener.NONE);
        Files.delete(folder.resolve("f9.empty"));
        assertThat(counts(result)).isEmpty();
        assertThat(result.receipt().files()).isOne();
    }

    @Test
    void aJobWhoseResultTopicWasMadeAnewFailsByNameAndHoldsUpNoOther() throws IOException {
        JobListener spoiler = new JobListener() {
            @Override
            public void opened(JobId job) {
                makeResultsAnew(job, 1);
            }
        };
        assertThatThrownBy(() -> client.run(request(folder, 2_000), spoiler))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("millrace.results.")
                .hasMessageContaining(" has 1 partition and needs one for each of millrace.pairs, so at least ");
        assertThat(counts(client.run(request(folder, 2_000), JobListener.NONE))).isEqualTo(EXPECTED);
    }

    /** A driver that takes a job over plans nothing, and its receipt said that nothing had been passed over. */
    @Test
    void theReceiptOfWhoeverComesBackNamesWhatWasPassedOver() throws IOException {
        Path linked = Files.createDirectory(folder.resolve("linked"));
        Files.writeString(linked.resolve("a"), "mill race");
        Files.createSymbolicLink(linked.resolve("b"), linked.resolve("a"));
        CompletableFuture<JobId> opened = new CompletableFuture<>();
        JobResult first = client.run(request(linked, 2_000), new JobListener() {
            @Override
            public void opened(JobId job) {
                opened.complete(job);
            }
        });
        JobResult again = client.attach(opened.join(), JobListener.NONE);
        Files.delete(linked.resolve("b"));
        Files.delete(linked.resolve("a"));
        Files.delete(linked);
        assertThat(first.receipt().notices()).singleElement().asString().contains("link");
        assertThat(again.receipt().notices()).isEqualTo(first.receipt().notices());
        assertThat(counts(again)).isEqualTo(counts(first)).hasSize(2);
    }

    /** Nobody could come back to it, and all that came after it was kept for it. */
    @Test
    void aJobThatCannotBePlannedHasFailed() throws IOException {
        Path gone = folder.resolve("gone");
        CompletableFuture<JobId> opened = new CompletableFuture<>();
        Files.createDirectory(gone);
        Files.writeString(gone.resolve("a"), "mill");
        assertThatThrownBy(() -> client.run(request(gone, 2_000), new JobListener() {
                    @Override
                    public void opened(JobId job) {
                        try {
                            Files.delete(gone.resolve("a"));
                            Files.delete(gone);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        opened.complete(job);
                    }
                }))
                .isInstanceOf(MillraceException.class);
        assertThatThrownBy(() -> client.attach(opened.join(), JobListener.NONE))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("job " + opened.join() + " failed: ");
    }

    /** It waited for them for good. */
    @Test
    void aJobWhosePublishedCountsAreLostSaysSo() throws IOException {
        CompletableFuture<JobId> opened = new CompletableFuture<>();
        client.run(request(folder, 2_000), new JobListener() {
            @Override
            public void opened(JobId job) {
                opened.complete(job);
            }
        });
        try (ClusterSetup setup = new ClusterSetup(cluster.cluster())) {
            makeResultsAnew(opened.join(), setup.pairs().partitions());
        }
        assertThatThrownBy(() -> client.attach(opened.join(), JobListener.NONE))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(
                        "DATA_LOST: of " + EXPECTED.size() + " words that reducers have published, 0 are");
    }

    /**
     * A job as a broker left it that lost its last events: they end before the job began.
     *
     * @param ended nothing, or what became of the job since
     */
    private static JobId jobWithoutEvents(JobState... ended) throws Exception {
        TopicNames topics = cluster.cluster().topics();
        JobId job = JobId.random();
        try (ClusterSetup setup = new ClusterSetup(cluster.cluster());
                KafkaProducer<byte[], byte[]> producer = cluster.cluster().plainProducer()) {
            ClusterSetup.PairsTopic pairs = setup.pairs();
            setup.createResults(job, pairs.partitions(), 1);
            long behindAll = 1L << 40;
            JobSpec spec = new JobSpec(
                    job,
                    "test",
                    JobKind.BATCH,
                    new TextRules("pymotw", TextProfile.PYMOTW.version(), List.of()),
                    new InputSpec(List.of(folder.toString()), List.of(), List.of(), false, 100),
                    pairs.partitions(),
                    pairs.id(),
                    8,
                    3,
                    false,
                    behindAll,
                    ClusterSetup.writtenEnd(setup.admin(), new TopicPartition(topics.tasks(), 0)),
                    System.currentTimeMillis());
            JobRecord record = JobRecord.open(spec).seal(0, 0, "");
            for (JobState next : ended) {
                record = record.become(next, "");
            }
            byte[] key = job.toString().getBytes(StandardCharsets.US_ASCII);
            producer.send(new ProducerRecord<>(topics.jobs(), 0, key, ControlCodec.encode(record)))
                    .get();
        }
        return job;
    }

    /** It waited for them for good, without a word. */
    @Test
    void aJobThatWasDoneAndWhoseEventsAreLostSaysSo() throws Exception {
        JobId job = jobWithoutEvents(JobState.ENDED, JobState.DONE);
        assertThatThrownBy(() -> client.attach(job, JobListener.NONE))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("DATA_LOST: it was done, and millrace.events does not hold");
    }

    /** It advised to attach to the job, which came to the same, again and again. */
    @Test
    void aJobWhoseEventsEndBeforeItBeganIsTakenUp() throws Exception {
        JobId job = jobWithoutEvents();
        assertThatThrownBy(() -> client.attach(job, JobListener.NONE))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("does not hold what the job began with"); // as this one has no OPEN
    }

    private static void makeResultsAnew(JobId job, int partitions) {
        try (ClusterSetup setup = new ClusterSetup(cluster.cluster())) {
            setup.deleteResults(job);
            setup.createResults(job, partitions, 1);
            String results = cluster.cluster().topics().results(job);
            while (setup.partitions(results) != partitions) {
                Thread.onSpinWait(); // until the broker itself has heard of it
            }
        }
    }

    @Test
    void aJobThatNobodyKnowsHasItsOwnExitCode() {
        assertThatThrownBy(() -> client.attach(new JobId(42), JobListener.NONE))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_SUCH_JOB));
    }
}
