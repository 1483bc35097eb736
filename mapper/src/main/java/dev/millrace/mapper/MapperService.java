package dev.millrace.mapper;

import dev.millrace.service.Metrics;
import dev.millrace.service.Service;

/** A mapper in a process of its own, with its metrics. */
public final class MapperService implements Service {
    private final Mapper mapper;

    public MapperService(MapperSettings settings, Metrics metrics) {
        mapper = new Mapper(settings);
        MapperMetrics own = mapper.metrics();
        metrics.gauge("millrace.mapper.tasks", "Tasks mapped and committed", own, MapperMetrics::tasks);
        metrics.gauge("millrace.mapper.failures", "Runs of tasks that failed", own, MapperMetrics::failures);
        metrics.gauge("millrace.mapper.bytes", "Bytes of input as stored", own, MapperMetrics::bytes);
        metrics.gauge("millrace.mapper.seconds", "Time from claim to commit, summed", own, MapperMetrics::seconds);
        metrics.bind(mapper.claims());
        for (MapperLoop loop : mapper.loops()) {
            metrics.bind(loop.consumer());
            loop.transactions().observe(metrics.latestProducer());
        }
    }

    @Override
    public void run(Runnable ready) {
        mapper.run(ready);
    }

    @Override
    public void drain() {
        mapper.drain();
    }
}
