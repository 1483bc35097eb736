package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;

/** What all commands of one run share. */
record Session(Wiring wiring, Terminal terminal, Interrupts.Signals signals) {
    JobClient open(ClusterOptions options) {
        ClusterOpener embedded = wiring.embedded();
        if (!options.isEmbedded()) {
            return wiring.kafka().open(options);
        }
        if (embedded == null) {
            throw new MillraceException(
                    ExitCode.USAGE, "this program has no embedded cluster: give --bootstrap-server HOST:PORT");
        }
        return embedded.open(options);
    }

    Environment environment() {
        return new Environment(terminal.environment());
    }
}
