package dev.millrace.driver.continuous;

import dev.millrace.job.Event;

/**
 * What the driver of a continuous job said last.
 *
 * @param ageMillis how long ago: since it was read, of what is read as it comes; else by the clocks of the broker and of
 *     whoever reads, at least 0
 */
public record DriverStatus(Event.ContinuousStatus said, long ageMillis) {
    /** A driver says something at least this often, even if it is the same again. */
    static final long REPEATED_MILLIS = 5_000;

    private static final long SILENT_MILLIS = 3 * REPEATED_MILLIS;

    /** Whether a driver that runs would have said something since, so that rates are no longer true. */
    public boolean isSilent() {
        return ageMillis > SILENT_MILLIS;
    }
}
