package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;

/** Makes the client of one kind of cluster: one that is reached over the network, or one that runs in this process. */
@FunctionalInterface
public interface ClusterOpener {
    /**
     * Connects, and for an embedded cluster starts it; closing the client stops what was started.
     *
     * @throws dev.millrace.job.MillraceException with {@link dev.millrace.job.ExitCode#BROKER} where there is none
     */
    JobClient open(ClusterOptions options);
}
