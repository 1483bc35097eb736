package dev.millrace.local;

import dev.millrace.job.ExitCode;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.utils.internals.Exit;
import org.jspecify.annotations.Nullable;

/**
 * Says why the JVM ends when Kafka ends it. On a fault it cannot survive (a full disk, a broken log) Kafka exits or
 * halts with status 1 and says so only in its log; here it goes to standard error and out with {@link ExitCode#BROKER}.
 */
final class BrokerFaults {
    private static final AtomicBoolean INSTALLED = new AtomicBoolean();

    private BrokerFaults() {}

    static void install() {
        if (INSTALLED.compareAndSet(false, true)) {
            Exit.setExitProcedure((status, message) -> halt(message));
            Exit.setHaltProcedure((status, message) -> halt(message));
        }
    }

    /** Halts without shutdown hooks: they would wait for the very broker that has failed. */
    private static void halt(@Nullable String message) {
        System.err.println("millrace: the embedded broker has failed"
                + (message == null ? "" : ": " + message)
                + "; most often its disk is full or its folder was removed (MILLRACE_LOG_LEVEL=INFO says more)");
        Runtime.getRuntime().halt(ExitCode.BROKER.code());
    }
}
