package dev.millrace.reducer;

import dev.millrace.service.Metrics;
import dev.millrace.service.Service;

/** A reducer in a process of its own, with its metrics. */
public final class ReducerService implements Service {
    private final Reducer reducer;

    public ReducerService(ReducerSettings settings, Metrics metrics) {
        reducer = new Reducer(settings);
        ReducerMetrics own = reducer.metrics();
        metrics.gauge("millrace.reducer.partitions", "Partitions reduced here", own, ReducerMetrics::partitions);
        metrics.gauge("millrace.reducer.open.jobs", "Jobs begun and not ended", own, ReducerMetrics::openJobs);
        metrics.gauge("millrace.reducer.counts", "Counts published", own, ReducerMetrics::publishedCounts);
        metrics.gauge("millrace.reducer.strays", "Batches and ENDs outside any open job", own, ReducerMetrics::strays);
        metrics.bind(reducer.loop().consumer());
        reducer.loop().transactions().observe(metrics.latestProducer());
    }

    @Override
    public void run(Runnable ready) {
        reducer.run(ready);
    }

    @Override
    public void drain() {
        reducer.drain();
    }
}
