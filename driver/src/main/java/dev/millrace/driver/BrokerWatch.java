package dev.millrace.driver;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaFuture;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the broker is gone. A consumer polls on in silence then, so while nothing arrives the cluster is asked
 * now and again whether it is there. One thread.
 */
final class BrokerWatch {
    private static final long QUIET_NANOS = 3_000_000_000L;
    private static final int PROBE_MILLIS = 3_000;

    private final Admin admin;
    private final String where;
    private final String comeBack;
    private final Duration deadline;
    private long lastAnswer = System.nanoTime();
    private long lastProbe = lastAnswer, lastTurn = lastAnswer;
    private @Nullable KafkaFuture<String> probe;

    /** @param comeBack what the user types to come back to the job */
    BrokerWatch(Admin admin, String where, String comeBack, Duration deadline) {
        this.admin = admin;
        this.where = where;
        this.comeBack = comeBack;
        this.deadline = deadline;
    }

    /**
     * Called in each turn of the driver's loop.
     *
     * @param answered whether something has just come from the broker
     * @throws MillraceException with {@link ExitCode#BROKER} once the deadline has passed without an answer
     */
    void observe(boolean answered) {
        long now = System.nanoTime();
        if (now - lastTurn > QUIET_NANOS) {
            lastAnswer += now - lastTurn; // nobody asked the broker: the machine slept, or the driver was busy
        }
        lastTurn = now;
        KafkaFuture<String> asked = probe;
        if (asked != null && asked.isDone()) {
            probe = null;
            answered |= !asked.isCompletedExceptionally();
        }
        if (answered) {
            lastAnswer = now;
        } else if (now - lastAnswer > deadline.toNanos()) {
            throw lost(null);
        } else if (probe == null && now - Math.max(lastAnswer, lastProbe) > QUIET_NANOS) {
            lastProbe = now;
            probe = admin.describeCluster(new DescribeClusterOptions().timeoutMs(PROBE_MILLIS))
                    .clusterId();
        }
    }

    MillraceException lost(@Nullable Throwable cause) {
        return new MillraceException(
                ExitCode.BROKER,
                "the broker at " + where + " has not answered for " + deadline.toSeconds()
                        + " s; nothing is lost. Start it again, then come back: " + comeBack,
                cause);
    }
}
