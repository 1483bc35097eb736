package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.job.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "snapshot",
        description = {
            "Print a consistent table of a continuous job: of every document saved or produced before now, one version.",
            "The job's driver ('watch' or 'stream') has to run. The receipt names every document and its version; totals"
                    + " of tasks, documents and counts are compared, and a table for which they differ is not printed."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace snapshot --bootstrap-server kafka:9092",
            "  millrace snapshot wiki --format tsv --output monday.tsv --receipt monday.json --bootstrap-server kafka:9092"
        })
final class SnapshotCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Session session;

    @Parameters(
            paramLabel = "NAME",
            arity = "0..1",
            description =
                    "Name of the continuous job. Default: that in MILLRACE_JOB, else " + JobNameArgument.DEFAULT + ".")
    private @Nullable String argument;

    @Mixin
    private final ResultArguments result;

    @Option(
            names = "--timeout",
            order = Sections.JOB,
            paramLabel = "TIME",
            converter = Amounts.Time.class,
            description = "Give up waiting after this long, as in 90s, 10m or 2h. Default: 60s.")
    private Duration patience = PATIENCE;

    @Mixin
    private final ClusterArguments cluster;

    @Mixin
    private final MessageArguments messages;

    SnapshotCommand(Session session) {
        this.session = session;
        this.result = new ResultArguments(session.terminal());
        this.cluster = new ClusterArguments(session.terminal());
        this.messages = new MessageArguments(session.terminal());
    }

    @Override
    public Integer call() {
        ClusterOptions options = cluster.clusterOptions();
        String name = JobNameArgument.orDefault(argument, session.environment());
        ProgressReporter.Level level = messages.level();
        ResultArguments.Destination destination = result.destination();
        Snapshot snapshot;
        try (ContinuousClient client = session.continuous(options)) {
            if (level != ProgressReporter.Level.QUIET) {
                DriverNotice.tell(
                        session.terminal(),
                        name,
                        client.driver(name),
                        "waiting for it, " + Amounts.elapsed(patience.toMillis()) + " at most; 'millrace watch' or"
                                + " 'millrace stream' goes on with the job");
            }
            snapshot = client.snapshot(name, patience);
        }
        destination.accept(snapshot, session.wiring().text(), level);
        return ExitCode.OK.code();
    }
}
