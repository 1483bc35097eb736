package dev.millrace.driver;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/** What is asked of a cluster, as the command line reports it where Kafka's clients throw. */
public final class ClusterCall {
    private ClusterCall() {}

    /** @throws MillraceException BROKER in place of what Kafka's clients throw, INTERRUPTED of a thread that is */
    public static <T extends @Nullable Object> T answer(ClusterSettings cluster, Supplier<T> work) {
        try {
            return work.get();
        } catch (InterruptException e) {
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        } catch (KafkaException e) {
            throw new MillraceException(
                    ExitCode.BROKER,
                    "the cluster " + cluster.bootstrapServers() + " does not answer as it should: " + e.getMessage(),
                    e);
        }
    }
}
