package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Set;

/** A mark in each partition of pairs, which its reducer answers once it has published all that stands before it. */
final class ReducersAsked {
    private static final SecureRandom NUMBERS = new SecureRandom();
    private static final long AGAIN_MILLIS = 30_000;

    private final Set<Integer> behind = new HashSet<>();
    private long number;
    /** Of those that were not answered the first one. */
    private long firstMillis;

    private long lastMillis;

    /** Asks anew. Returns the number of the mark. */
    long ask(int partitions, long nowMillis) {
        number = number();
        firstMillis = isAnswered() ? nowMillis : firstMillis;
        lastMillis = nowMillis;
        for (int partition = 0; partition < partitions; partition++) {
            behind.add(partition);
        }
        return number;
    }

    /** Of a barrier: none is like another, and none is 0. */
    static long number() {
        return NUMBERS.nextLong() & Long.MAX_VALUE | 1;
    }

    void answered(Event.PartitionBarrier reached) {
        if (reached.barrier() == number) {
            behind.remove(reached.partition());
        }
    }

    boolean isAsked() {
        return number != 0;
    }

    boolean isAnswered() {
        return behind.isEmpty();
    }

    /** How long ago that was. */
    long askedMillis(long nowMillis) {
        return nowMillis - lastMillis;
    }

    /** How long an answer has been waited for. */
    long behindMillis(long nowMillis) {
        return isAnswered() ? 0 : nowMillis - firstMillis;
    }

    /** Whether to ask again: brokers may have lost an answer. */
    boolean isLate(long nowMillis) {
        return !isAnswered() && askedMillis(nowMillis) > AGAIN_MILLIS;
    }
}
