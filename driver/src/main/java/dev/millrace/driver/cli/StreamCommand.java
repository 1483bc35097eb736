package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.LineSource;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "stream",
        description = {
            "Count the documents of a topic, or of standard input, as they come.",
            FeedCommand.KEEPS,
            "A topic's record is a document: its key the name, its value the text, no value a deletion. On standard"
                    + " input every line is a document that stays; at its end, and when all is counted, the command ends"
                    + " with 0. " + FeedCommand.ENDS,
            "Standard input cannot be read again: on Ctrl-C no more is read, and what was read is counted first. A second"
                    + " Ctrl-C does not wait for that. A snapshot has what was read by then, and not what stands in the"
                    + " pipe."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace stream --from-topic docs --bootstrap-server kafka:9092",
            "  millrace stream --from-topic docs --data-dir ./count --port 9092",
            "  millrace stream --from-topic docs --files large/ --data-dir ./count --port 9092",
            "  tail -f server.log | millrace stream -",
            "  cat notes | millrace stream - --delimiter '\\n---\\n' --data-dir ./count"
        })
final class StreamCommand extends FeedCommand {
    private static final String NEWLINE = "\\n";
    /** As brokers allow them. */
    private static final Pattern TOPIC_NAME = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    @Parameters(paramLabel = "-", arity = "0..1", description = "Standard input, a document a line.")
    private @Nullable String input;

    @Option(
            names = "--from-topic",
            order = Sections.INPUT,
            paramLabel = "TOPIC",
            description = "A topic that anyone produces documents to. On an embedded cluster it is made where it is"
                    + " missing.")
    private @Nullable String topic;

    @Option(
            names = "--files",
            order = Sections.INPUT + 2,
            paramLabel = "FOLDER",
            description =
                    "Files that are too large for a record: one with the header 'millrace-file' names a file below"
                            + " this folder, and its value is not looked at. Those that end in .gz, .bz2, .zst, .lz4 or .xz are"
                            + " decompressed.")
    private @Nullable String files;

    @Mixin
    private final DocumentSizeArgument maxDocument = new DocumentSizeArgument();

    @Option(
            names = "--delimiter",
            order = Sections.INPUT + 1,
            paramLabel = "TEXT",
            description = "What stands between two documents of standard input; \\n, \\r, \\t, \\0 and \\\\ as in C."
                    + " Default: \\n.")
    private @Nullable String delimiter;

    StreamCommand(Session session) {
        super(session);
    }

    @Override
    ContinuousClient.Feed feed() {
        if (input != null && !input.equals("-")) {
            throw usage("'stream' reads standard input, '-', or a topic, --from-topic TOPIC; for the folder or file '"
                    + input + "' there are 'watch' and 'count'");
        }
        if (input != null) {
            if (isTyped("--from-topic")) {
                throw usage("standard input, '-', and --from-topic exclude each other");
            }
            for (String option : new String[] {"--files", "--max-document-size"}) {
                if (isTyped(option)) {
                    throw usage(option + " is for the documents of a topic");
                }
            }
            byte[] behind = LineSource.delimiter(delimiter == null ? NEWLINE : delimiter);
            if (behind.length == 0) {
                throw usage("an empty --delimiter");
            }
            return new ContinuousClient.Lines(System.in, behind);
        }
        if (topic == null || topic.isEmpty()) {
            throw usage("what to count is missing: --from-topic TOPIC, or '-' for standard input");
        }
        if (!TOPIC_NAME.matcher(topic).matches() || topic.equals(".") || topic.equals("..")) {
            throw usage("'" + topic + "' cannot be the name of a topic: those are at most 249 letters, digits, '.', '_'"
                    + " and '-'");
        }
        if (isTyped("--delimiter")) {
            throw usage("--delimiter is for standard input; of a topic, every record is a document");
        }
        return new ContinuousClient.Topic(
                topic, files == null ? null : folder("--files: ", files), maxDocument.bytes());
    }

    @Override
    String asTyped() {
        if (input == null) {
            return "stream --from-topic " + ClusterArguments.quoted(String.valueOf(topic))
                    + (files == null ? "" : " --files " + ClusterArguments.quoted(files)) + maxDocument.asTyped();
        }
        return "stream -" + (delimiter == null ? "" : " --delimiter " + ClusterArguments.quoted(delimiter));
    }
}
