package dev.millrace.driver.continuous;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * How far the counts of a continuous job are behind its sources, and how fast changes come. What is measured stands at
 * {@link dev.millrace.job.Event.ContinuousStatus}. Pure: time comes in as an argument, in milliseconds of any clock.
 */
final class Freshness {
    private static final long RATE_MILLIS = 5_000;
    private static final long SAMPLE_MILLIS = 500;

    private final Map<String, Long> since = new LinkedHashMap<>();
    private final Deque<long[]> samples = new ArrayDeque<>();
    private long changes;
    private long lastMillis = -1;

    /** A change of a document has come in. */
    void changed(String id, long nowMillis) {
        since.putIfAbsent(id, nowMillis);
        changes++;
        sample(nowMillis);
    }

    /** Takes away, oldest first, what is counted by now. */
    void counted(Predicate<String> isUnderWay, long nowMillis) {
        Iterator<Map.Entry<String, Long>> oldest = since.entrySet().iterator();
        while (oldest.hasNext()) {
            Map.Entry<String, Long> each = oldest.next();
            if (isUnderWay.test(each.getKey())) {
                return;
            }
            lastMillis = nowMillis - each.getValue();
            oldest.remove();
        }
    }

    /** Age of the oldest change that is not counted, else what the last one took; -1 where there was none. */
    long millis(long nowMillis) {
        return since.isEmpty()
                ? lastMillis
                : nowMillis - since.values().iterator().next();
    }

    /** Over the last five seconds. */
    long changesPerSecond(long nowMillis) {
        sample(nowMillis);
        long[] first = samples.getFirst();
        long passed = Math.max(1_000, nowMillis - first[0]);
        return Math.round((changes - first[1]) * 1e3 / passed);
    }

    private void sample(long nowMillis) {
        if (samples.isEmpty() || nowMillis - samples.getLast()[0] >= SAMPLE_MILLIS) {
            samples.addLast(new long[] {nowMillis, samples.isEmpty() ? 0 : changes});
        }
        while (samples.size() > 1 && nowMillis - samples.getFirst()[0] > RATE_MILLIS) {
            samples.removeFirst();
        }
    }
}
