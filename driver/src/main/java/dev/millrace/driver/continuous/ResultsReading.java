package dev.millrace.driver.continuous;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.function.LongSupplier;

/**
 * Whoever reads the results of a job has to be through within two minutes ({@code delete.retention.ms}): of a word that
 * goes to zero meanwhile, behind what was read of it, compaction may have left nothing when the reader gets there.
 */
final class ResultsReading {
    /** Less than a topic of results keeps the zero of a word, see ClusterSetup. */
    static final long ZEROS_KEPT_MILLIS = 100_000;

    private ResultsReading() {}

    /**
     * Reads, and once more where that took too long: the network may have been slow, or the machine slept.
     *
     * @param wallMillis a clock that goes on while the machine sleeps
     * @param forget what was read
     * @throws MillraceException TIMED_OUT where it took too long both times
     */
    static void inTime(String job, LongSupplier wallMillis, Runnable reading, Runnable forget) {
        long took = took(wallMillis, reading);
        if (took > ZEROS_KEPT_MILLIS) {
            forget.run();
            took = took(wallMillis, reading);
        }
        if (took > ZEROS_KEPT_MILLIS) {
            throw new MillraceException(
                    ExitCode.TIMED_OUT,
                    "the counts of the job " + job + " took " + took / 1_000
                            + " s to read, and as long before: words that"
                            + " went meanwhile may have been missed; read them nearer to the brokers");
        }
    }

    private static long took(LongSupplier wallMillis, Runnable reading) {
        long began = wallMillis.getAsLong();
        reading.run();
        return wallMillis.getAsLong() - began;
    }
}
