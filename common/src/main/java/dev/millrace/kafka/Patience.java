package dev.millrace.kafka;

import dev.millrace.job.MillraceException;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.TimeoutException;

/** A broker may be away for longer than one call of a client waits, and no service has to end for that. */
public final class Patience {
    private Patience() {}

    /**
     * Asks again where no broker answered in time.
     *
     * @param deadline from when on that is told
     * @throws TimeoutException where it is over, or a {@link MillraceException} with that as its cause
     */
    public static <T> T ask(Duration deadline, Supplier<T> call) {
        long began = System.nanoTime();
        while (true) {
            try {
                return call.get();
            } catch (TimeoutException | MillraceException e) {
                boolean isTimeout = e instanceof TimeoutException || e.getCause() instanceof TimeoutException;
                if (!isTimeout || System.nanoTime() - began > deadline.toNanos()) {
                    throw e;
                }
            }
        }
    }
}
