package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousJson;
import dev.millrace.driver.continuous.Holders;
import dev.millrace.job.ExitCode;
import java.nio.charset.StandardCharsets;
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
        name = "why",
        description = {
            "Print which documents of a continuous job hold a word now, and how often.",
            "A document a line, most occurrences first: the count, a tab, the document. They add up to what 'get' says."
                    + " The job's whole ledger is read for it."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace why mill --bootstrap-server kafka:9092",
            "  millrace why --top 5 --job wiki water --bootstrap-server kafka:9092"
        })
final class WhyCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(paramLabel = "WORD", description = "The word, exactly as it is counted.")
    private String word = "";

    @Option(
            names = "--top",
            order = Sections.OUTPUT,
            paramLabel = "N",
            description = "Print the N documents with the most. Default: all.")
    private @Nullable Integer top;

    @Option(
            names = "--json",
            order = Sections.OUTPUT + 1,
            negatable = true,
            description = "Print a JSON object. 'document' is the exact id, of a file percent-encoded; 'name' what is"
                    + " printed without --json.")
    private @Nullable Boolean json;

    @Mixin
    private final JobNameArgument job = new JobNameArgument();

    @Mixin
    private final ClusterArguments cluster;

    @Mixin
    private final MessageArguments messages;

    WhyCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
        this.messages = new MessageArguments(session.terminal());
    }

    @Override
    public Integer call() {
        if (top != null && top < 1) {
            throw new ParameterException(command.commandLine(), "--top must be at least 1, not " + top);
        }
        boolean wantsJson = session.environment().flag(json, command.findOption("--json"));
        int limit = top == null ? Integer.MAX_VALUE : top;
        ProgressReporter.Level level = messages.level();
        Holders holders;
        try (ContinuousClient client = session.continuous(cluster.clusterOptions())) {
            if (level != ProgressReporter.Level.QUIET) {
                DriverNotice.tell(session.terminal(), job.name(), client.driver(job.name()), DriverNotice.AS_OF_THEN);
            }
            holders = client.holders(job.name(), word);
        }
        StandardOutput out = new StandardOutput(session.terminal());
        if (wantsJson) {
            out.write(to -> ContinuousJson.write(holders, limit, to));
        } else {
            StringBuilder lines = new StringBuilder();
            holders.documents().stream()
                    .limit(limit)
                    .forEach(each -> lines.append(each.count())
                            .append('\t')
                            .append(each.name())
                            .append('\n'));
            out.write(to -> to.write(lines.toString().getBytes(StandardCharsets.UTF_8)));
        }
        if (level != ProgressReporter.Level.QUIET) {
            session.terminal()
                    .line(Visible.text(holders.word()) + ": " + Amounts.number(holders.count(), "occurrence") + " in "
                            + Amounts.number(holders.documents().size(), "document"));
        }
        return ExitCode.OK.code();
    }
}
