package dev.millrace.driver.continuous;

import java.util.ArrayDeque;
import java.util.Deque;

/** How fast changes come, over the last five seconds. Pure: time comes in as an argument, in milliseconds of any clock. */
final class ChangeRate {
    private static final long RATE_MILLIS = 5_000;

    /** How many changes there had been at a time. */
    private record Sample(long millis, long changes) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    /**
     * Changes a second; 0 the first time, as there is nothing to compare with.
     *
     * @param changes there have been up to now
     */
    long perSecond(long changes, long nowMillis) {
        samples.addLast(new Sample(nowMillis, changes));
        while (samples.size() > 2 && nowMillis - samples.getFirst().millis > RATE_MILLIS) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        return Math.round((changes - first.changes) * 1e3 / Math.max(1_000, nowMillis - first.millis));
    }
}
