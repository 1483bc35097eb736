package dev.millrace.reducer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;

/**
 * Gathers the parts of runs of tasks until a run is whole. Only a whole run may count: of a mapper that froze while it
 * sent its parts, the first may lie before another run of the same task, and the rest behind the END that this other one
 * led to. One thread.
 *
 * @param <R> the records that carry the parts
 */
final class WholeRuns<R> {
    private record Run(long task, long execution) {}

    /** The parts of a run that came, from this offset on. */
    private record Parts<R>(long offset, int parts, List<R> came) {}

    private final Map<Run, Parts<R>> pending = new HashMap<>();

    /** The parts of a run come in order, and all of them or none are committed: one is missing, so records are lost. */
    static final class LostPartException extends Exception {
        private static final long serialVersionUID = 1;

        LostPartException(String message) {
            super(message);
        }
    }

    /**
     * Takes the next part of a run that lies at {@code offset}; returns the run once it is whole, else nothing. A first part
     * begins the run anew.
     */
    List<R> add(long task, long execution, int part, int parts, long offset, R record) throws LostPartException {
        Run run = new Run(task, execution);
        if (part == 0) {
            // It may have come before: a killed broker can lose the end of a transaction that was given up, and its
            // records become committed with those of the next try (KAFKA-20734).
            pending.put(run, new Parts<>(offset, parts, new ArrayList<>(1)));
        }
        Parts<R> known = pending.get(run);
        if (known == null) {
            throw new LostPartException(
                    "task " + task + " came with part " + part + " of " + parts + " where part 0 was due");
        }
        if (part != known.came().size() || parts != known.parts()) {
            throw new LostPartException("task " + task + " came with part " + part + " of " + parts + " where part "
                    + known.came().size() + " of " + known.parts() + " was due");
        }
        known.came().add(record);
        if (known.came().size() < parts) {
            return List.of();
        }
        pending.remove(run);
        return known.came();
    }

    /** Whether parts of this run wait for the rest. */
    boolean waits(long task, long execution) {
        return pending.containsKey(new Run(task, execution));
    }

    /** Forgets runs that can count no more; returns the number of their parts. */
    int drop(LongPredicate tasks) {
        int[] dropped = {0};
        pending.entrySet().removeIf(each -> {
            boolean drops = tasks.test(each.getKey().task());
            dropped[0] += drops ? each.getValue().came().size() : 0;
            return drops;
        });
        return dropped[0];
    }

    /** Offset of the first part that waits for the rest of its run; the greatest long where none does. */
    long firstOffset() {
        return pending.values().stream().mapToLong(Parts::offset).min().orElse(Long.MAX_VALUE);
    }
}
