package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.DriverStatus;
import org.jspecify.annotations.Nullable;

/** Tells people that nobody drives the continuous job they ask about, or that nobody reduces. */
final class DriverNotice {
    static final String AS_OF_THEN =
            "counts are as it left them, and stay so until 'millrace watch' or 'millrace stream'"
                    + " goes on with the job";

    /** What a cluster that works hardly takes. */
    private static final long LATE_MILLIS = 10_000;

    private DriverNotice() {}

    /** @param then what that means for what was asked */
    static void tell(Terminal terminal, String job, @Nullable DriverStatus driver, String then) {
        if (driver == null || driver.isSilent()) {
            terminal.complain("the driver of the job " + job + " has not been heard of"
                    + (driver == null ? " lately" : " for " + Amounts.rough(driver.ageMillis())) + ": " + then);
        } else if (driver.said().isBehind() && driver.said().freshnessMillis() > LATE_MILLIS) {
            terminal.complain("the counts of the job " + job + " are "
                    + Amounts.rough(driver.said().freshnessMillis())
                    + " behind its documents: if that goes on, look whether mappers and reducers are"
                    + " running (files that records name are read one after the other)");
        }
    }
}
