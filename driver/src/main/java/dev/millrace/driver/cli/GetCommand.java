package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousJson;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.job.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "get",
        description = {
            "Print how often words are there now, in the documents of a continuous job.",
            "A word a line: the word, a tab, its count. Words are taken exactly as given: counted ones are lower-case."
                    + " A word that no document holds has the count 0, and the exit code is 0 all the same."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace get mill race --bootstrap-server kafka:9092",
            "  millrace get --json --job wiki water --bootstrap-server kafka:9092"
        })
final class GetCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(paramLabel = "WORD", arity = "1..*", description = "Words.")
    private List<String> words = List.of();

    @Option(
            names = "--json",
            order = Sections.OUTPUT,
            negatable = true,
            description = "Print an array of objects, as 'count --format json' does.")
    private @Nullable Boolean json;

    @Mixin
    private final JobNameArgument job = new JobNameArgument();

    @Mixin
    private final ClusterArguments cluster;

    GetCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        boolean wantsJson = session.environment().flag(json, command.findOption("--json"));
        Map<String, Long> counts;
        try (ContinuousClient client = session.continuous(cluster.clusterOptions())) {
            DriverNotice.tell(session.terminal(), job.name(), client.driver(job.name()), DriverNotice.AS_OF_THEN);
            counts = client.counts(job.name(), words);
        }
        StandardOutput out = new StandardOutput(session.terminal());
        if (wantsJson) {
            List<LiveTable.WordCount> list = new ArrayList<>();
            counts.forEach((word, count) -> list.add(new LiveTable.WordCount(word, count)));
            out.write(to -> ContinuousJson.write(list, to));
        } else {
            StringBuilder lines = new StringBuilder();
            counts.forEach((word, count) ->
                    lines.append(Visible.text(word)).append('\t').append(count).append('\n'));
            out.write(to -> to.write(lines.toString().getBytes(StandardCharsets.UTF_8)));
        }
        return ExitCode.OK.code();
    }
}
