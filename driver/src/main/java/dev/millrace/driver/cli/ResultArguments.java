package dev.millrace.driver.cli;

import dev.millrace.driver.JobResult;
import dev.millrace.driver.collect.OutputFile;
import dev.millrace.driver.collect.ResultTable;
import dev.millrace.driver.collect.TableFormat;
import dev.millrace.driver.continuous.ContinuousJson;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.job.Receipt;
import dev.millrace.job.TextRules;
import dev.millrace.wire.ReceiptJson;
import java.nio.file.Path;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What becomes of a result. */
final class ResultArguments {
    private final Terminal terminal;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--top",
            order = Sections.OUTPUT,
            paramLabel = "N",
            description = "Print the N most frequent words. Default: 20 for a table, all for other formats.")
    private @Nullable Integer top;

    @Option(
            names = "--format",
            order = Sections.OUTPUT + 1,
            paramLabel = "table|tsv|csv|json",
            converter = FormatArgument.class,
            description = "Form of the result. Default: table.")
    private TableFormat format = TableFormat.TABLE;

    @Option(
            names = "--output",
            order = Sections.OUTPUT + 2,
            paramLabel = "FILE",
            description = "Write the result to this file, whole or not at all, in place of standard output.")
    private @Nullable String output;

    @Option(
            names = "--receipt",
            order = Sections.OUTPUT + 3,
            paramLabel = "FILE",
            description = "Write the receipt of the job to this file, as JSON.")
    private @Nullable String receipt;

    ResultArguments(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Where results go, found out before the job starts. */
    Destination destination() {
        if (top != null && top < 1) {
            throw new ParameterException(command.commandLine(), "--top must be at least 1, not " + top);
        }
        OutputFile outputFile = output == null || output.equals("-") ? null : OutputFile.at(output);
        OutputFile receiptFile = receipt == null ? null : OutputFile.at(receipt);
        if (outputFile != null
                && receiptFile != null
                && absolute(outputFile.path()).equals(absolute(receiptFile.path()))) {
            throw new ParameterException(command.commandLine(), "--output and --receipt name one file");
        }
        return new Destination(terminal, format, top == null ? 0 : top, outputFile, receiptFile);
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** The places a result goes to. */
    record Destination(
            Terminal terminal,
            TableFormat format,
            int top,
            @Nullable OutputFile output,
            @Nullable OutputFile receipt) {

        /** Writes the files first: of a table that is seen, the files are there. */
        void accept(JobResult result, TextCatalog text, ProgressReporter.Level level) {
            check(result);
            if (receipt != null) {
                Receipt written = result.receipt();
                String unicode = text.unicodeVersion(written.profile(), written.profileVersion());
                receipt.write(out -> ReceiptJson.write(new ReceiptJson.Written(written, unicode), out));
            }
            table(result.counts());
            if (level != ProgressReporter.Level.QUIET) {
                ReceiptSummary.lines(result.receipt()).forEach(terminal::line);
            }
        }

        /** The same for a table of a continuous job, whose totals have been compared as it was read. */
        void accept(Snapshot snapshot, TextCatalog text, ProgressReporter.Level level) {
            if (receipt != null) {
                TextRules rules = snapshot.job().rules();
                String unicode = text.unicodeVersion(rules.profile(), rules.version());
                receipt.write(out -> ContinuousJson.write(snapshot, unicode, out));
            }
            table(snapshot.counts());
            if (level != ProgressReporter.Level.QUIET) {
                terminal.line(Amounts.number(snapshot.documents().size(), "document") + ": "
                        + Amounts.number(snapshot.total().tokens(), "token") + ", "
                        + Amounts.number(snapshot.counts().size(), "distinct word") + "; digest "
                        + HexFormat.of().toHexDigits(snapshot.total().digest())
                        + ", the same by tasks, documents and counts");
                for (String each : snapshot.unreadable()) {
                    terminal.complain("in its last good version: " + each);
                }
            }
        }

        private void table(ResultTable counts) {
            OutputFile.Content content = out -> format.write(counts, top, out);
            if (output != null) {
                output.write(content);
            } else {
                new StandardOutput(terminal).write(content);
            }
        }

        /** Whoever ran the job has checked this; here it guards the way from there to the printed table. */
        private static void check(JobResult result) {
            Receipt receipt = result.receipt();
            if (!receipt.isConserved()
                    || !receipt.collected().equals(result.counts().total())
                    || receipt.words() != result.counts().size()) {
                throw new MillraceException(
                        ExitCode.FAILED,
                        "job " + receipt.job() + ": the counts do not add up to what was mapped: mapped "
                                + receipt.mapped() + ", reduced " + receipt.reduced() + ", collected "
                                + receipt.collected() + ", to be printed "
                                + result.counts().total() + "; nothing was printed, please report this");
            }
        }
    }
}
