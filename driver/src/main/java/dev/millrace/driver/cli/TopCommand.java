package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.job.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "top",
        description = {
            "Show the most frequent words of a continuous job, as they are published now.",
            "'fresh within' says how far the counts are behind the documents, 'driver silent' that no 'watch' or 'stream' is"
                    + " heard of. With --follow it goes on, also while the broker is away, until Ctrl-C (130), or until the"
                    + " job is cancelled (6) or has failed (1)."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace top --bootstrap-server kafka:9092",
            "  millrace top --follow --top 50 --job wiki --bootstrap-server kafka:9092",
            "  millrace top --follow --json --bootstrap-server kafka:9092 | jq .tokens"
        })
final class TopCommand implements Callable<Integer> {
    private static final Duration LOOK = Duration.ofMillis(200);

    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(names = "--follow", order = Sections.OUTPUT, negatable = true, description = "Go on as the counts change.")
    private @Nullable Boolean follow;

    @Option(
            names = "--top",
            order = Sections.OUTPUT + 1,
            paramLabel = "N",
            description = "Show the N most frequent words. Default: 20.")
    private int top = LiveScreen.DEFAULT_WORDS;

    @Option(
            names = "--json",
            order = Sections.OUTPUT + 2,
            negatable = true,
            description =
                    "Print a JSON object a line, with documents, tokens, changes per second, freshness, and the age of"
                            + " what the job's driver said last; null is not known.")
    private @Nullable Boolean json;

    @Mixin
    private final JobNameArgument job = new JobNameArgument();

    @Mixin
    private final ClusterArguments cluster;

    TopCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        if (top < 1) {
            throw new ParameterException(command.commandLine(), "--top must be at least 1, not " + top);
        }
        Environment environment = session.environment();
        ClusterOptions options = cluster.clusterOptions();
        boolean wantsJson = environment.flag(json, command.findOption("--json"));
        // Asked for on the command line only: to 'watch', the same name in the environment says another thing.
        boolean goesOn = follow != null && follow;
        LiveScreen screen = new LiveScreen(session.terminal(), top, wantsJson);
        try (Interrupts interrupts = new Interrupts(session.signals(), null);
                ContinuousClient client = session.continuous(options);
                LiveTable table = client.live(job.name())) {
            try {
                if (goesOn) {
                    screen.follow(table, LOOK, () -> false);
                } else {
                    table.catchUp();
                    screen.show(table.view(top));
                }
                return ExitCode.OK.code();
            } catch (RuntimeException e) {
                if (goesOn && interrupts.cause() != null) {
                    Thread.interrupted(); // or nothing could be closed in order
                    return ExitCode.INTERRUPTED.code();
                }
                throw e;
            }
        }
    }
}
