package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How long the text of a file may be that is a document of a continuous job. */
final class DocumentSizeArgument {
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--max-document-size",
            order = Sections.INPUT + 3,
            paramLabel = "SIZE",
            converter = Amounts.Size.class,
            description =
                    "Longest text of a file, as in 200MiB; of one that grows beyond it the last shorter version stays"
                            + " counted, and it is listed as unreadable. The driver needs about three times as much memory."
                            + " Default: 64MiB, at most 512MiB.")
    private long bytes = ContinuousClient.DEFAULT_DOCUMENT_BYTES;

    int bytes() {
        if (bytes > ContinuousClient.MAX_DOCUMENT_BYTES) {
            throw new ParameterException(command.commandLine(), "--max-document-size may be 512MiB at most");
        }
        return (int) bytes;
    }

    /** As {@link ClusterOptions#asTyped()}. */
    String asTyped() {
        return bytes == ContinuousClient.DEFAULT_DOCUMENT_BYTES ? "" : " --max-document-size " + bytes;
    }
}
