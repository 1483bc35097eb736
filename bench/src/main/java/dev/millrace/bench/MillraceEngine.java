package dev.millrace.bench;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.continuous.ContinuousJob;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.TopicSource;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.local.EmbeddedBroker;
import dev.millrace.local.LocalCluster;
import dev.millrace.text.TextProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A continuous job of Millrace as {@code millrace stream --from-topic} runs it, with mapper, reducer and driver. */
final class MillraceEngine implements CountingEngine {
    /** With 0 mappers count, as on a cluster. */
    private static final int DRIVER_THREADS = Integer.getInteger("driver-threads", THREADS);

    private final LocalCluster local;
    private final DriverSettings settings;
    private final JobId job;
    private final Thread driver;

    private MillraceEngine(LocalCluster local, DriverSettings settings, JobId job, Thread driver) {
        this.local = local;
        this.settings = settings;
        this.job = job;
        this.driver = driver;
    }

    /**
     * Returns when the job is open.
     *
     * @param documentPartitions of the topic that documents come in
     * @throws ExecutionException with the reason when the topic or the job cannot be made
     */
    static MillraceEngine start(int documentPartitions) throws InterruptedException, ExecutionException {
        return start(documentPartitions, Path.of("."));
    }

    /** @param readable what mappers may read, for batch jobs */
    static MillraceEngine start(int documentPartitions, Path readable) throws InterruptedException, ExecutionException {
        InputRoots roots = InputRoots.ofArguments(List.of(readable));
        LocalCluster local = LocalCluster.start(
                new LocalCluster.Settings(
                        new EmbeddedBroker.Settings(null, 0, CountingEngine.brokerProperties()),
                        THREADS,
                        WORD_PARTITIONS,
                        roots,
                        InputLimits.fromEnvironment(Map.of())),
                Throwable::printStackTrace);
        try {
            CountingEngine.createTopic(local.cluster().bootstrapServers(), DOCUMENTS, documentPartitions);
            CompletableFuture<JobId> opened = new CompletableFuture<>();
            DriverSettings settings = new DriverSettings(
                            local.cluster(), roots, Duration.ofSeconds(30), false, "millrace attach")
                    .withCountingThreads(DRIVER_THREADS);
            Thread driver = new Thread(() -> drive(settings, documentPartitions, opened), "driver");
            driver.setDaemon(true);
            driver.start();
            return new MillraceEngine(local, settings, opened.get(), driver);
        } catch (InterruptedException | ExecutionException | RuntimeException e) {
            local.close();
            throw e;
        }
    }

    private static void drive(DriverSettings settings, int documentPartitions, CompletableFuture<JobId> opened) {
        try {
            ContinuousJob.run(
                    settings,
                    "bench",
                    new TextRules("unicode", TextProfile.named("unicode").version(), List.of()),
                    new TopicSource(DOCUMENTS, documentPartitions),
                    new ContinuousListener() {
                        @Override
                        public void opened(JobId id, boolean resumed) {
                            opened.complete(id);
                        }
                    });
        } catch (MillraceException e) {
            // An interrupt is how it is closed; any other end behind the opening is one to be seen.
            if (!opened.completeExceptionally(e) && e.exitCode() != ExitCode.INTERRUPTED) {
                throw e;
            }
        }
    }

    /** For drivers of other jobs on the same cluster. */
    DriverSettings settings() {
        return settings;
    }

    ClusterSettings cluster() {
        return local.cluster();
    }

    JobId job() {
        return job;
    }

    @Override
    public String bootstrapServer() {
        return local.cluster().bootstrapServers();
    }

    @Override
    public String results() {
        return local.cluster().topics().results(job);
    }

    @Override
    public void close() {
        driver.interrupt();
        try {
            driver.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            local.close();
        }
    }
}
