package dev.millrace.mapper;

import java.util.concurrent.atomic.LongAdder;

/** What a mapper has done since it started. Any thread. */
final class MapperMetrics {
    private final LongAdder tasks = new LongAdder(), failures = new LongAdder(), bytes = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    void taskDone(long taskBytes, long taskNanos) {
        tasks.increment();
        bytes.add(taskBytes);
        nanos.add(taskNanos);
    }

    void taskFailed() {
        failures.increment();
    }

    long tasks() {
        return tasks.sum();
    }

    long failures() {
        return failures.sum();
    }

    long bytes() {
        return bytes.sum();
    }

    double seconds() {
        return nanos.sum() / 1e9;
    }
}
