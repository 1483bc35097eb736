package dev.millrace.driver.continuous;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The counts of a continuous job as they are now, and now, and now. One thread. */
public interface LiveTable extends AutoCloseable {
    /** A word and its count. */
    record WordCount(String word, long count) {}

    /**
     * One look at the table.
     *
     * @param words distinct words
     * @param tokens sum of all counts
     * @param top the most frequent words, in the order of all tables
     * @param driver what the job's driver said last; null where it has said nothing lately
     * @param brokerAwayMillis how long the broker has not answered; 0 while it does
     * @param lagMillis how long ago the counts here were those that are published; 0 while they keep up
     */
    record View(
            long words,
            long tokens,
            List<WordCount> top,
            @Nullable DriverStatus driver,
            long brokerAwayMillis,
            long lagMillis) {
        public View {
            top = List.copyOf(top);
        }

        /** Whether the driver is heard of, so that what it says of rates and freshness is true now. */
        public boolean isLive() {
            return driver != null && !driver.isSilent() && brokerAwayMillis == 0;
        }

        /** How far the counts here are behind the sources at least, as published ones are too; -1 where not known. */
        public long freshnessMillis() {
            return driver == null ? -1 : Math.max(driver.said().freshnessMillis(), lagMillis == 0 ? -1 : lagMillis);
        }
    }

    /**
     * Reads all that is published now.
     *
     * @throws dev.millrace.job.MillraceException as {@link #poll} does, and BROKER where the broker is away
     */
    void catchUp();

    /**
     * Waits for news, so long at most; returns whether there were any, as also that the driver or the broker has fallen
     * silent or is back. A broker that is away is waited for.
     *
     * @throws dev.millrace.job.MillraceException CANCELLED when the job is cancelled, FAILED when it has failed
     */
    boolean poll(Duration patience);

    /** @param top most words in it */
    View view(int top);

    @Override
    void close();
}
