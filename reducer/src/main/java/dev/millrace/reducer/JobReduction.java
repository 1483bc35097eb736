package dev.millrace.reducer;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.WordTable;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The counts of one job in one partition, from its OPEN to its END.
 *
 * <p>Of each task the first execution that shows up counts. Its parts come in order; parts of any other execution, and
 * parts that were there already, are duplicates.
 */
final class JobReduction {
    private final long openOffset;
    private final WordTable counts = new WordTable();
    private final Map<Integer, Applied> applied = new HashMap<>();
    private long duplicatesDropped;
    private @Nullable String failure;

    JobReduction(long openOffset) {
        this.openOffset = openOffset;
    }

    private static final class Applied {
        final long execution;
        final int parts;
        int next;

        Applied(long execution, int parts) {
            this.execution = execution;
            this.parts = parts;
        }
    }

    void add(LaneRecord.Pairs pairs) {
        if (failure != null) {
            return;
        }
        Applied task = applied.computeIfAbsent(pairs.task(), n -> new Applied(pairs.execution(), pairs.parts()));
        if (task.execution != pairs.execution() || pairs.part() < task.next) {
            duplicatesDropped++;
            return;
        }
        if (pairs.part() > task.next || pairs.parts() != task.parts) {
            failure = "DATA_LOST: task " + pairs.task() + " came with part " + pairs.part() + " of " + pairs.parts()
                    + " where part " + task.next + " of " + task.parts + " was due";
            return;
        }
        task.next++;
        try {
            PairBlocks.addTo(counts, pairs.bytes(), pairs.from(), pairs.to());
        } catch (ArithmeticException e) {
            failure = "OVERFLOW: " + e.getMessage();
        } catch (IllegalArgumentException e) {
            failure = "task " + pairs.task() + " sent a malformed batch: " + e.getMessage();
        }
    }

    /** Compares what is here with what END states; from then on {@link #failure()} tells. */
    void end(LaneRecord.End end) {
        if (failure != null) {
            return;
        }
        for (Map.Entry<Integer, Applied> entry : applied.entrySet()) {
            if (entry.getValue().next != entry.getValue().parts) {
                failure = "DATA_LOST: of task " + entry.getKey() + " only " + entry.getValue().next + " of "
                        + entry.getValue().parts + " parts came";
                return;
            }
        }
        if (applied.size() != end.tasks()) {
            failure = "END states " + end.tasks() + " tasks, " + applied.size() + " came";
            return;
        }
        try {
            PartitionTotal total = counts.total();
            if (!total.equals(end.total())) {
                failure = "END states " + end.total() + ", the counts come to " + total;
            }
        } catch (ArithmeticException e) {
            failure = "OVERFLOW: " + e.getMessage();
        }
    }

    long openOffset() {
        return openOffset;
    }

    WordTable counts() {
        return counts;
    }

    long duplicatesDropped() {
        return duplicatesDropped;
    }

    @Nullable
    String failure() {
        return failure;
    }
}
