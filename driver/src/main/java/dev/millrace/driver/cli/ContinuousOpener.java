package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Makes the client for the continuous jobs of one kind of cluster. */
@FunctionalInterface
public interface ContinuousOpener {
    /**
     * The embedded cluster's own settings.
     *
     * @param dataDir where its broker keeps its data, made where missing; null for a temporary folder
     * @param port of its broker; 0 for a free one
     */
    record Home(@Nullable Path dataDir, int port) {
        static final Home TEMPORARY = new Home(null, 0);
    }

    /**
     * Connects, and for an embedded cluster starts it; closing the client stops what was started.
     *
     * @param home of no meaning with brokers that are there already
     * @throws dev.millrace.job.MillraceException with {@link dev.millrace.job.ExitCode#BROKER} where there is none
     */
    ContinuousClient open(ClusterOptions options, Home home);
}
