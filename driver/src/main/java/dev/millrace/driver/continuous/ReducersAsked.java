package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Marks in all partitions of pairs, which their reducers answer once they have published all that stands before. An answer may
 * be lost with its broker, so they are asked again where none comes; who answers one mark has passed those before.
 */
final class ReducersAsked {
    private static final SecureRandom NUMBERS = new SecureRandom();
    /** The first time; then twice as long each time. */
    private static final long AGAIN_MILLIS = 30_000;

    private static final int MOST_TIMES_DOUBLED = 4;

    /** A mark that not all have answered, nor a later one. */
    private record Mark(long number, long millis, Set<Integer> behind) {}

    private final Deque<Mark> waitedFor = new ArrayDeque<>();
    private long lastMillis;
    private boolean isAsked;

    /** Asks anew. Returns the number of the mark. */
    long ask(int partitions, long nowMillis) {
        Mark mark = new Mark(number(), nowMillis, new HashSet<>());
        for (int partition = 0; partition < partitions; partition++) {
            mark.behind.add(partition);
        }
        waitedFor.add(mark);
        lastMillis = nowMillis;
        isAsked = true;
        return mark.number;
    }

    /** Of a barrier: none is like another, and none is 0. */
    static long number() {
        return NUMBERS.nextLong() & Long.MAX_VALUE | 1;
    }

    void answered(Event.PartitionBarrier reached) {
        if (waitedFor.stream().anyMatch(mark -> mark.number == reached.barrier())) {
            for (Mark mark : waitedFor) {
                mark.behind.remove(reached.partition());
                if (mark.number == reached.barrier()) {
                    break;
                }
            }
            waitedFor.removeIf(mark -> mark.behind.isEmpty());
        }
    }

    boolean isAsked() {
        return isAsked;
    }

    boolean isAnswered() {
        return waitedFor.isEmpty();
    }

    /** How long ago they were asked last. */
    long askedMillis(long nowMillis) {
        return nowMillis - lastMillis;
    }

    /** How long an answer has been waited for. */
    long behindMillis(long nowMillis) {
        Mark first = waitedFor.peek();
        return first == null ? 0 : nowMillis - first.millis;
    }

    /** Whether to ask again. */
    boolean isLate(long nowMillis) {
        int times = waitedFor.size();
        return times > 0 && askedMillis(nowMillis) > AGAIN_MILLIS << Math.min(times - 1, MOST_TIMES_DOUBLED);
    }
}
