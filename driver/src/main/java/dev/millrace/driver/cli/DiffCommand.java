package dev.millrace.driver.cli;

import dev.millrace.driver.collect.TableDiff;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "diff",
        description = {
            "Compare two tables, as 'snapshot --format tsv' and 'count --format tsv' write them.",
            "A line for each word whose count differs, the largest difference first: the word, its count in A, in B, and"
                    + " the difference, with tabs between. The exit code is 0 when there is none, and 1 when there is one."
        },
        footerHeading = "%nExample:%n",
        footer = "  millrace diff monday.tsv tuesday.tsv")
final class DiffCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "A", description = "The older table.")
    private String older = "";

    @Parameters(index = "1", paramLabel = "B", description = "The newer table.")
    private String newer = "";

    DiffCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Map<String, Long> a = table(older);
        Map<String, Long> b = table(newer);
        List<TableDiff> differences = TableDiff.of(a, b);
        new StandardOutput(session.terminal()).write(out -> {
            for (TableDiff each : differences) {
                String line = each.word() + "\t" + each.older() + "\t" + each.newer() + "\t"
                        + (each.difference() > 0 ? "+" : "") + each.difference() + "\n";
                out.write(line.getBytes(StandardCharsets.UTF_8));
            }
        });
        return differences.isEmpty() ? ExitCode.OK.code() : ExitCode.FAILED.code();
    }

    private static Map<String, Long> table(String file) {
        try {
            return TableDiff.read(Path.of(file));
        } catch (IOException | InvalidPathException e) {
            throw new MillraceException(ExitCode.USAGE, "cannot read '" + file + "': " + Failures.reason(e), e);
        }
    }
}
