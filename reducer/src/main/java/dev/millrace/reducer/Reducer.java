package dev.millrace.reducer;

/** A reducer: one thread that reduces the partitions which the group hands to it. */
public final class Reducer {
    private final ReducerMetrics metrics = new ReducerMetrics();
    private final ReducerLoop loop;

    public Reducer(ReducerSettings settings) {
        this.loop = new ReducerLoop(settings, metrics);
    }

    /**
     * Reduces until drained.
     *
     * @param ready called once the group has told it which partitions are its own
     */
    public void run(Runnable ready) {
        loop.run(ready);
    }

    /** Any thread. */
    public void drain() {
        loop.drain();
    }

    ReducerMetrics metrics() {
        return metrics;
    }

    ReducerLoop loop() {
        return loop;
    }
}
