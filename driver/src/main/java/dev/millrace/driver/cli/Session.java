package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.driver.continuous.ContinuousClient;
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
            throw withoutEmbedded();
        }
        return embedded.open(options);
    }

    ContinuousClient continuous(ClusterOptions options) {
        return continuous(options, ContinuousOpener.Home.TEMPORARY);
    }

    ContinuousClient continuous(ClusterOptions options, ContinuousOpener.Home home) {
        ContinuousOpener embedded = wiring.embeddedContinuous();
        if (!options.isEmbedded()) {
            return wiring.continuous().open(options, home);
        }
        if (embedded == null) {
            throw withoutEmbedded();
        }
        return embedded.open(options, home);
    }

    private static MillraceException withoutEmbedded() {
        return new MillraceException(
                ExitCode.USAGE, "this program has no embedded cluster: give --bootstrap-server HOST:PORT");
    }

    Environment environment() {
        return new Environment(terminal.environment());
    }
}
