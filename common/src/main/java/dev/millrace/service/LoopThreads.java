package dev.millrace.service;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The loops of one mapper or reducer, each on a thread of its own: they start, are drained and end together. */
public final class LoopThreads {
    private final List<? extends Loop> loops;

    /** What works on one thread. */
    public interface Loop {
        /** Of this loop and no other of the cluster, and the same after a restart: {@code mapper-1/2}. Its thread's name too. */
        String worker();

        /**
         * Works until {@link #drain} is called, then finishes what it has begun and returns.
         *
         * @param ready to be called once, when it can do its work
         */
        void run(Runnable ready);

        /** Any thread, perhaps before {@code run} and more than once. */
        void drain();
    }

    public LoopThreads(List<? extends Loop> loops) {
        this.loops = List.copyOf(loops);
    }

    /** The names of the loops of a service with this slot. */
    public static List<String> workers(String slot, int threads) {
        return IntStream.rangeClosed(1, threads)
                .mapToObj(thread -> slot + "/" + thread)
                .toList();
    }

    /**
     * Runs all loops to their end. When one fails the others are drained.
     *
     * @param ready called once every loop can do its work
     * @throws RuntimeException the failure of the first loop that failed
     */
    public void run(Runnable ready) {
        AtomicInteger starting = new AtomicInteger(loops.size());
        Runnable loopReady = () -> {
            if (starting.decrementAndGet() == 0) {
                ready.run();
            }
        };
        BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
        for (Loop loop : loops) {
            Thread thread = new Thread(() -> outcomes.add(Outcome.of(() -> loop.run(loopReady))), loop.worker());
            thread.setDaemon(true);
            thread.start();
        }
        RuntimeException failure = null;
        try {
            for (int running = loops.size(); running > 0; running--) {
                Throwable ended = outcomes.take().failure();
                if (ended instanceof Error error) {
                    throw error; // out of memory, or a defect: the process is not to be trusted any more
                }
                if (ended != null && failure == null) {
                    failure = (RuntimeException) ended;
                    drain();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            drain();
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Has every loop finish what it has begun. Any thread. */
    public void drain() {
        loops.forEach(Loop::drain);
    }

    private record Outcome(@Nullable Throwable failure) {
        static Outcome of(Runnable loop) {
            try {
                loop.run();
                return new Outcome(null);
            } catch (RuntimeException | Error e) {
                return new Outcome(e);
            }
        }
    }
}
