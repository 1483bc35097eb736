package dev.millrace.local;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobClient;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.JobResult;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.driver.cli.ClusterOptions;
import dev.millrace.driver.submit.InputWalk;
import dev.millrace.driver.submit.StdinSpool;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MillraceException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Runs a job on a {@link LocalCluster} that lives as long as the job. */
final class EmbeddedEngine implements JobClient {
    static final int DEFAULT_PARTITIONS = 4;
    static final Duration BROKER_DEADLINE = Duration.ofSeconds(30);

    private final ClusterOptions options;

    EmbeddedEngine(ClusterOptions options) {
        this.options = options;
    }

    @Override
    public JobResult run(JobRequest request, JobListener listener) {
        if (!request.input().paths().contains("-")) {
            return count(request, listener);
        }
        try (StdinSpool spool = StdinSpool.of(System.in, System.getenv())) {
            InputSpec input = request.input();
            InputSpec spooled = new InputSpec(
                    spool.inPlaceOfStdin(input.paths()),
                    input.includes(),
                    input.excludes(),
                    input.followLinks(),
                    input.chunkBytes());
            return count(
                    new JobRequest(
                            request.name(),
                            spooled,
                            request.rules(),
                            request.window(),
                            request.maxAttempts(),
                            request.skipFailed()),
                    listener);
        }
    }

    private JobResult count(JobRequest request, JobListener listener) {
        InputRoots roots = InputRoots.ofArguments(paths(request.input()));
        // A misspelt path is reported at once, not after a broker has been started for it.
        InputWalk unused = new InputWalk(request.input(), roots);
        int processors = Runtime.getRuntime().availableProcessors();
        LocalCluster.Settings settings = new LocalCluster.Settings(
                EmbeddedBroker.Settings.temporary(),
                options.threads() > 0 ? options.threads() : processors,
                options.partitions() > 0 ? options.partitions() : DEFAULT_PARTITIONS,
                roots,
                InputLimits.fromEnvironment(System.getenv()));
        Thread watcher = Thread.currentThread();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        try (LocalCluster cluster = LocalCluster.start(settings, e -> {
            failure.compareAndSet(null, e);
            watcher.interrupt();
        })) {
            DriverSettings driver =
                    new DriverSettings(cluster.cluster(), roots, BROKER_DEADLINE, false, "millrace attach");
            try (KafkaJobClient client = new KafkaJobClient(driver)) {
                return client.run(request, listener);
            } catch (RuntimeException e) {
                Throwable cause = failure.get();
                if (cause != null) {
                    Thread.interrupted();
                    throw failed(cause);
                }
                throw e;
            }
        }
    }

    static MillraceException failed(Throwable cause) {
        if (cause instanceof MillraceException known) {
            return known;
        }
        if (cause instanceof OutOfMemoryError error) {
            return MillraceException.outOfMemory(error);
        }
        return new MillraceException(ExitCode.FAILED, "the embedded cluster failed: " + cause, cause);
    }

    private static List<Path> paths(InputSpec input) {
        List<Path> paths = new ArrayList<>();
        for (String path : input.paths()) {
            try {
                paths.add(Path.of(path));
            } catch (InvalidPathException e) {
                throw new MillraceException(ExitCode.USAGE, "not a path on this system: " + path, e);
            }
        }
        return paths;
    }

    @Override
    public JobResult attach(JobId job, JobListener listener) {
        throw needsCluster();
    }

    @Override
    public List<JobRecord> list() {
        throw needsCluster();
    }

    @Override
    public void cancel(JobId job) {
        throw needsCluster();
    }

    private static MillraceException needsCluster() {
        return new MillraceException(
                ExitCode.USAGE,
                "an embedded cluster has no job but the one it was started for: give --bootstrap-server");
    }

    @Override
    public void close() {
        // Each run starts and stops a cluster of its own.
    }
}
