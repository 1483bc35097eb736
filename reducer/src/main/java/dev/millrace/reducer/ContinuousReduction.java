package dev.millrace.reducer;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.PairSink;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The counts of one continuous job in one partition. Of each task the first execution that is here with all its
 * parts counts; a watermark says which tasks are done, so that the set of known ones stays small, and what they must have come
 * to. Unlike a batch, what is here goes on from what has been published: the counts are those of the results topic.
 */
final class ContinuousReduction {
    /** Half of the time that compaction leaves tombstones to those who read results ({@code delete.retention.ms}). */
    private static final long LONG_RESTORE_NANOS = 60_000_000_000L;

    private final JobId job;
    private LiveCounts counts;
    private final TreeMap<Long, Checkpoint.AppliedTask> applied = new TreeMap<>();
    /** Runs of which parts are still to come; those lie between records of others, even behind a watermark. */
    private final WholeRuns<LaneRecord.Delta> pending = new WholeRuns<>();

    private long watermark;
    private PartitionTotal total = PartitionTotal.ZERO;
    private long next;
    private long duplicatesDropped;
    private boolean dirty;
    private boolean isNew;
    private @Nullable String failure;

    /** A job that begins at this offset. */
    ContinuousReduction(JobId job, long openOffset) {
        this(job, openOffset, new LiveCounts());
    }

    ContinuousReduction(JobId job, long openOffset, LiveCounts counts) {
        this.job = job;
        this.counts = counts;
        this.next = openOffset;
        this.dirty = true;
        this.isNew = true;
    }

    /** A job as its last checkpoint has it; its counts are still to come, by {@link #restore}. */
    ContinuousReduction(Checkpoint.Continuous checkpoint) {
        job = checkpoint.job();
        counts = new LiveCounts();
        next = checkpoint.next();
        watermark = checkpoint.watermark();
        total = checkpoint.totals();
        duplicatesDropped = checkpoint.duplicatesDropped();
        checkpoint.applied().forEach(task -> applied.put(task.task(), task));
    }

    /** Takes one published count, of which anyone may have written any; the last one of a word holds. */
    void restore(byte[] word, int from, int length, long count) {
        if (failure != null) {
            return;
        }
        try {
            counts.restore(word, from, length, count);
        } catch (ArithmeticException e) {
            fail("OVERFLOW: among the published counts, " + e.getMessage());
        } catch (WordTable.FullException e) {
            fail(JobReduction.tooManyWords(e));
        }
    }

    /**
     * Whether the counts, all of which are restored, are to be restored once more before {@link #restored} is told:
     * they are not what the checkpoint says, and whoever reads for so long may have missed what takes a word out of
     * the results. If so, what was restored is forgotten.
     */
    boolean restoresAnew(long readNanos) {
        if (failure != null || readNanos < LONG_RESTORE_NANOS || agrees()) {
            return false;
        }
        counts = new LiveCounts();
        return true;
    }

    private boolean agrees() {
        try {
            return counts.total().equals(total);
        } catch (ArithmeticException e) {
            return false;
        }
    }

    /** All counts are restored: they must be what the checkpoint says. */
    void restored() {
        try {
            PartitionTotal published = counts.total();
            if (!published.equals(total)) {
                fail("DATA_LOST: the published counts come to " + published + ", the checkpoint says " + total);
            }
        } catch (ArithmeticException e) {
            fail("OVERFLOW: the published counts come to more than 63 bits, the checkpoint says " + total);
        }
    }

    /**
     * Takes the record at {@code offset}. What is in the counts already is passed over; but of a run that was not whole,
     * the parts are gathered again.
     */
    void apply(long offset, LaneRecord record) {
        boolean again = offset < next;
        if (!again) {
            next = offset + 1;
        }
        if (failure != null) {
            return;
        }
        if (record instanceof LaneRecord.Delta delta) {
            dirty |= !again;
            add(offset, delta, again);
        } else if (!again && record instanceof LaneRecord.Watermark mark) {
            dirty = true;
            advance(mark);
        }
    }

    /** The first run that is whole counts: of another one the rest may come later than tasks that build on this one. */
    private void add(long offset, LaneRecord.Delta delta, boolean again) {
        if (delta.task() < watermark || applied.containsKey(delta.task())) {
            duplicatesDropped += again ? 0 : 1;
            return;
        }
        if (again && delta.part() > 0 && !pending.waits(delta.task(), delta.execution())) {
            return; // it began before where reading again does, and then anew
        }
        try {
            List<LaneRecord.Delta> run =
                    pending.add(delta.task(), delta.execution(), delta.part(), delta.parts(), offset, delta);
            if (!run.isEmpty()) {
                sum(run);
                duplicatesDropped += pending.drop(task -> task == delta.task());
            }
        } catch (WholeRuns.LostPartException e) {
            fail("DATA_LOST: " + e.getMessage());
        }
    }

    private void sum(List<LaneRecord.Delta> run) {
        Sum sum = new Sum();
        LaneRecord.Delta first = run.get(0);
        try {
            for (LaneRecord.Delta part : run) {
                PairBlocks.forEach(part.bytes(), part.from(), part.to(), sum);
            }
        } catch (ArithmeticException e) {
            fail("OVERFLOW: " + e.getMessage());
        } catch (WordTable.FullException e) {
            fail(JobReduction.tooManyWords(e));
        } catch (IllegalArgumentException e) {
            fail("task " + first.task() + " sent a malformed batch: " + e.getMessage());
        }
        PartitionTotal came = new PartitionTotal(sum.tokens, sum.digest);
        applied.put(first.task(), new Checkpoint.AppliedTask(first.task(), came));
        try {
            total = total.plus(came);
        } catch (ArithmeticException e) {
            fail("OVERFLOW: " + e.getMessage());
        }
    }

    /** Adds pairs to the counts and remembers what they come to. */
    private final class Sum implements PairSink {
        private long tokens;
        private long digest;

        @Override
        public void pair(byte[] bytes, int from, int length, long count) {
            long hash = WordHash.h64(bytes, from, length);
            long after = counts.add(hash, bytes, from, length, count);
            if (after < 0) {
                fail("a word has the count " + after);
            }
            tokens = Math.addExact(tokens, count);
            digest += count * hash;
        }
    }

    /** All tasks below the mark must come to what the driver says. */
    private void advance(LaneRecord.Watermark mark) {
        if (mark.below() < watermark) {
            return;
        }
        try {
            PartitionTotal above = PartitionTotal.ZERO;
            for (Checkpoint.AppliedTask task : applied.tailMap(mark.below()).values()) {
                above = above.plus(task.total());
            }
            if (!total.equals(above.plus(mark.total()))) {
                fail("the tasks below " + mark.below() + " came to " + total + " less " + above + ", the driver says "
                        + mark.total());
                return;
            }
        } catch (ArithmeticException e) {
            fail("OVERFLOW: the tasks below " + mark.below() + ": " + e.getMessage());
            return;
        }
        watermark = mark.below();
        applied.headMap(watermark).clear();
        duplicatesDropped += pending.drop(task -> task < watermark);
    }

    /** It cannot go on, which is to be published. */
    void fail(String why) {
        if (failure == null) {
            failure = why;
            dirty = true;
        }
    }

    /** Gives every word whose count has changed since it was published, and its count now. */
    void forEachChanged(PairSink sink) {
        counts.forEachChanged(sink);
    }

    int changedWords() {
        return counts.changedWords();
    }

    long changedBytes() {
        return counts.changedBytes();
    }

    /** What has changed is committed, and the checkpoint with it. */
    void published() {
        counts.settle();
        dirty = false;
        isNew = false;
    }

    /** Whether nothing of it has been published yet: nobody has looked whether its results can be written. */
    boolean isNew() {
        return isNew;
    }

    /** Whether there is something to publish, be it a failure. */
    boolean isDirty() {
        return dirty;
    }

    Checkpoint.Continuous checkpoint() {
        return new Checkpoint.Continuous(job, next, watermark, total, List.copyOf(applied.values()), duplicatesDropped);
    }

    /** Offset of the first part of a run that is not whole, which whoever takes over must read again; else the greatest. */
    long readFrom() {
        return failure != null ? Long.MAX_VALUE : pending.firstOffset();
    }

    JobId job() {
        return job;
    }

    /** Offset of the first record that is not in the counts. */
    long next() {
        return next;
    }

    /** Words with a count other than zero. */
    long words() {
        return counts.words();
    }

    PartitionTotal total() {
        return total;
    }

    long count(byte[] word) {
        return counts.get(word, 0, word.length);
    }

    @Nullable
    String failure() {
        return failure;
    }
}
