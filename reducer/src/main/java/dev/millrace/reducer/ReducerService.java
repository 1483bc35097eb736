package dev.millrace.reducer;

import dev.millrace.service.Metrics;
import dev.millrace.service.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** A reducer in a process of its own, with its metrics. */
public final class ReducerService implements Service {
    private final Reducer reducer;

    public ReducerService(ReducerSettings settings, Metrics metrics) {
        reducer = new Reducer(settings);
        List<ReducerMetrics> own = new ArrayList<>();
        for (ReducerLoop loop : reducer.loops()) {
            own.add(loop.metrics());
            metrics.bind(loop.consumer());
            loop.transactions().observe(metrics.latestProducer());
        }
        metrics.gauge("millrace.reducer.partitions", "Partitions reduced here", own, sum(ReducerMetrics::partitions));
        metrics.gauge(
                "millrace.reducer.open.jobs",
                "Jobs begun and not ended",
                own,
                all -> all.stream().mapToInt(ReducerMetrics::openJobs).max().orElse(0));
        metrics.gauge("millrace.reducer.counts", "Counts published", own, sum(ReducerMetrics::publishedCounts));
        metrics.gauge(
                "millrace.reducer.strays", "Batches and ENDs outside any open job", own, sum(ReducerMetrics::strays));
    }

    private static ToDoubleFunction<List<ReducerMetrics>> sum(ToLongFunction<ReducerMetrics> one) {
        return all -> all.stream().mapToLong(one).sum();
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
