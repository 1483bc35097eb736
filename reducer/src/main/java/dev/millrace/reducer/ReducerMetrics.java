package dev.millrace.reducer;

import java.util.Collection;

/** What one loop holds and has done. Written by it, read by any thread. */
final class ReducerMetrics {
    private volatile int partitions, openJobs;
    private volatile long strays, published;

    void observe(Collection<PartitionReducer> reducers) {
        partitions = reducers.size();
        openJobs = reducers.stream().mapToInt(PartitionReducer::openJobs).max().orElse(0);
        strays = reducers.stream().mapToLong(PartitionReducer::strays).sum();
    }

    /** Only the loop's thread calls this. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void published(long counts) {
        published += counts;
    }

    int partitions() {
        return partitions;
    }

    int openJobs() {
        return openJobs;
    }

    long strays() {
        return strays;
    }

    long publishedCounts() {
        return published;
    }
}
