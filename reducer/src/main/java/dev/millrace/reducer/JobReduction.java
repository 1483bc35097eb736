package dev.millrace.reducer;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.WordTable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The counts of one job in one partition, from its OPEN to its END.
 *
 * <p>Of each task the first execution counts that is whole; the parts of any other one are duplicates.
 */
final class JobReduction {
    private final long openOffset;
    private final WordTable counts;
    private final Set<Integer> applied = new HashSet<>();
    private final WholeRuns<LaneRecord.Pairs> pending = new WholeRuns<>();
    private long duplicatesDropped;
    private @Nullable String failure;

    JobReduction(long openOffset) {
        this(openOffset, new WordTable());
    }

    JobReduction(long openOffset, WordTable counts) {
        this.openOffset = openOffset;
        this.counts = counts;
    }

    void add(long offset, LaneRecord.Pairs pairs) {
        if (failure != null) {
            return;
        }
        if (applied.contains(pairs.task())) {
            duplicatesDropped++;
            return;
        }
        try {
            List<LaneRecord.Pairs> run =
                    pending.add(pairs.task(), pairs.execution(), pairs.part(), pairs.parts(), offset, pairs);
            if (!run.isEmpty()) {
                applied.add(pairs.task());
                duplicatesDropped += pending.drop(task -> task == pairs.task());
                for (LaneRecord.Pairs part : run) {
                    PairBlocks.addTo(counts, part.bytes(), part.from(), part.to());
                }
            }
        } catch (WholeRuns.LostPartException e) {
            failure = "DATA_LOST: " + e.getMessage();
        } catch (ArithmeticException e) {
            failure = "OVERFLOW: " + e.getMessage();
        } catch (WordTable.FullException e) {
            failure = tooManyWords(e);
        } catch (IllegalArgumentException e) {
            failure = "task " + pairs.task() + " sent a malformed batch: " + e.getMessage();
        }
    }

    static String tooManyWords(WordTable.FullException full) {
        return "OVERFLOW: " + full.getMessage() + ", so the job needs more partitions of pairs";
    }

    /** Compares what is here with what END states; from then on {@link #failure()} tells. */
    void end(LaneRecord.End end) {
        if (failure != null) {
            return;
        }
        if (applied.size() > end.tasks()) {
            // Of a task that was given up a run became committed all the same, as a frozen mapper's may.
            failure = "END states " + end.tasks() + " tasks, " + applied.size()
                    + " came whole: a task that was left out came all the same; nothing is lost, count again";
            return;
        }
        if (applied.size() < end.tasks()) {
            failure = "DATA_LOST: END states " + end.tasks() + " tasks, " + applied.size() + " came whole";
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
