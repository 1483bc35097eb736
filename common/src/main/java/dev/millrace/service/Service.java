package dev.millrace.service;

/** A mapper or a reducer as its process sees it: one loop with an orderly end. */
public interface Service {
    /**
     * Works until {@link #drain} is called, then finishes what it has begun and returns. Called once, on a thread of
     * its own.
     *
     * @param ready to be called, on any thread, once it can do its work: until then it counts as starting
     * @throws Exception when it cannot go on; a {@link dev.millrace.job.MillraceException} gives the exit code
     */
    void run(Runnable ready) throws Exception;

    /** Tells {@link #run} to take no new work and return. Called from another thread, perhaps before run, at most once. */
    void drain();

    /**
     * How it does at this moment; asked by any thread, so it must answer at once. The host adds DRAINING and FAILED
     * after the end of run by itself.
     */
    default Health health() {
        return Health.of(HealthState.RUNNING);
    }
}
