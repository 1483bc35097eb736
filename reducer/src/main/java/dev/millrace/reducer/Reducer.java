package dev.millrace.reducer;

import dev.millrace.service.LoopThreads;
import java.util.List;

/** A reducer: one {@link ReducerLoop} a thread, among which the group divides its partitions as among reducers. */
public final class Reducer {
    private final List<ReducerLoop> loops;
    private final LoopThreads threads;

    public Reducer(ReducerSettings settings) {
        this.loops = LoopThreads.workers(settings.slot(), settings.threads()).stream()
                .map(worker -> new ReducerLoop(settings, worker))
                .toList();
        this.threads = new LoopThreads(loops);
    }

    /**
     * Reduces until drained.
     *
     * @param ready called once the group has told every thread which partitions are its own
     * @throws RuntimeException the failure of the first loop that failed
     */
    public void run(Runnable ready) {
        threads.run(ready);
    }

    /** Any thread. */
    public void drain() {
        threads.drain();
    }

    List<ReducerLoop> loops() {
        return loops;
    }
}
