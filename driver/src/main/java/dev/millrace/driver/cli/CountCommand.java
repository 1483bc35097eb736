package dev.millrace.driver.cli;

import dev.millrace.driver.JobRequest;
import dev.millrace.job.InputSpec;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "count",
        description = "Count the words of files and folders.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace count docs/",
            "  millrace count --include '*.txt' --format tsv --output counts.tsv corpus/",
            "  zcat big.gz | millrace count --top 5 -",
            "  millrace count --bootstrap-server kafka:9092 --receipt receipt.json /data"
        })
final class CountCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(
            paramLabel = "PATH",
            arity = "1..*",
            description =
                    "Files and folders to count; '-' is standard input. Files that end in .gz, .bz2, .zst, .lz4 or"
                            + " .xz are decompressed.")
    private List<String> paths = List.of();

    @Option(
            names = "--include",
            order = Sections.INPUT,
            paramLabel = "GLOB",
            description = "Of files in folders, count only those that match. May be repeated.")
    private @Nullable List<String> includes;

    @Option(
            names = "--exclude",
            order = Sections.INPUT + 1,
            paramLabel = "GLOB",
            description = "Of files in folders, count none that match. May be repeated.")
    private @Nullable List<String> excludes;

    @Option(
            names = "--follow",
            order = Sections.INPUT + 2,
            negatable = true,
            description = "Follow symbolic links in folders.")
    private @Nullable Boolean follow;

    @Option(
            names = "--chunk-size",
            order = Sections.INPUT + 3,
            paramLabel = "SIZE",
            converter = Amounts.Size.class,
            description = "Length of the chunks files are cut into, as in 16MiB, 32m or 1048576; any length gives the"
                    + " same counts. Default: 32MiB.")
    private @Nullable Long chunkBytes;

    @Mixin
    private final RulesArguments rules;

    @Mixin
    private final ResultArguments result;

    @Option(
            names = "--name",
            order = Sections.JOB,
            paramLabel = "NAME",
            description = "Name of the job, for people. Default: from the paths.")
    private @Nullable String name;

    @Option(
            names = "--window",
            order = Sections.JOB + 1,
            paramLabel = "N",
            description = "Most tasks published and not done at any time. Default: " + Defaults.WINDOW + ".")
    private int window = Defaults.WINDOW;

    @Option(
            names = "--max-attempts",
            order = Sections.JOB + 2,
            paramLabel = "N",
            description = "Runs of one task before it has failed. Default: " + Defaults.MAX_ATTEMPTS + ".")
    private int maxAttempts = Defaults.MAX_ATTEMPTS;

    @Option(
            names = "--skip-failed",
            order = Sections.JOB + 3,
            negatable = true,
            description = "Leave out tasks that have failed and say so in the receipt, in place of failing the job.")
    private @Nullable Boolean skipFailed;

    @Option(
            names = "--timeout",
            order = Sections.JOB + 4,
            paramLabel = "TIME",
            converter = Amounts.Time.class,
            description = "Give up waiting after this long, as in 90s, 10m or 2h. On a cluster the job goes on.")
    private @Nullable Duration timeout;

    @Mixin
    private final ClusterArguments cluster;

    @Option(
            names = "--threads",
            order = Sections.EMBEDDED,
            paramLabel = "N",
            description = "Mappers. Default: one a processor.")
    private @Nullable Integer threads;

    @Option(
            names = "--partitions",
            order = Sections.EMBEDDED + 1,
            paramLabel = "N",
            description = "Partitions of the pairs topic. Default: 4.")
    private @Nullable Integer partitions;

    @Mixin
    private final MessageArguments messages;

    CountCommand(Session session) {
        this.session = session;
        this.rules = new RulesArguments(session.wiring().text());
        this.result = new ResultArguments(session.terminal());
        this.cluster = new ClusterArguments(session.terminal());
        this.messages = new MessageArguments(session.terminal());
    }

    @Override
    public Integer call() {
        Environment environment = session.environment();
        InputSpec input = new InputSpec(
                paths,
                environment.list(includes, "--include"),
                environment.list(excludes, "--exclude"),
                environment.flag(follow, command.findOption("--follow")),
                chunkBytes == null ? Defaults.CHUNK_BYTES : chunkBytes);
        checkPaths();
        JobRequest request = new JobRequest(
                name == null ? nameOf(paths) : name,
                input,
                rules.rules(),
                atLeastOne("--window", window),
                atLeastOne("--max-attempts", maxAttempts),
                environment.flag(skipFailed, command.findOption("--skip-failed")));
        ProgressReporter.Level level = messages.level();
        ClusterOptions options = cluster.options(
                threads == null ? 0 : atLeastOne("--threads", threads),
                partitions == null ? 0 : atLeastOne("--partitions", partitions));
        if (!options.isEmbedded() && (isTyped("--threads") || isTyped("--partitions"))) {
            throw cluster.onlyEmbedded("--threads and --partitions are");
        }
        ResultArguments.Destination destination = result.destination();
        return new JobWatch(session, level, timeout)
                .watch(options, destination, null, (client, listener) -> client.run(request, listener));
    }

    private void checkPaths() {
        if (paths.contains("")) {
            throw usage("an empty PATH; the folder you are in is '.'");
        }
        if (paths.stream().filter("-"::equals).count() > 1) {
            throw usage("standard input, '-', can be counted only once");
        }
    }

    /** Whether the option stands on the command line, and is not only in the environment, which others share. */
    private boolean isTyped(String option) {
        return command.commandLine().getParseResult().hasMatchedOption(option);
    }

    private int atLeastOne(String option, int value) {
        if (value < 1) {
            throw usage(option + " must be at least 1, not " + value);
        }
        return value;
    }

    private ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    private static String nameOf(List<String> paths) {
        String first = paths.get(0).equals("-") ? "standard input" : paths.get(0);
        return paths.size() == 1 ? first : first + " and " + (paths.size() - 1) + " more";
    }
}
