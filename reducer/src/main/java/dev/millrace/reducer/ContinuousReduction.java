package dev.millrace.reducer;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.PairSink;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The counts of one continuous job in one partition. Of each task the first execution that shows up counts, as in a
 * batch; a watermark says which tasks are done, so that the set of known ones stays small, and what they must have come
 * to. Unlike a batch, what is here goes on from what has been published: the counts are those of the results topic.
 */
final class ContinuousReduction {
    /** Below this, words that have come to zero are not worth a new table. */
    private static final int FEW_WORDS = 1 << 14;

    private final JobId job;
    private WordTable counts = new WordTable();
    /** Words whose count has changed since it was published. */
    private final WordTable changed = new WordTable();

    private final TreeMap<Long, Applied> applied = new TreeMap<>();
    private long watermark;
    private PartitionTotal total = PartitionTotal.ZERO;
    private long next;
    private long words;
    private long duplicatesDropped;
    private boolean dirty;
    private @Nullable String failure;

    private static final class Applied {
        final long execution;
        final int parts;
        int next;
        PartitionTotal total = PartitionTotal.ZERO;

        Applied(long execution, int parts) {
            this.execution = execution;
            this.parts = parts;
        }
    }

    /** A job that begins at this offset. */
    ContinuousReduction(JobId job, long openOffset) {
        this.job = job;
        this.next = openOffset;
        this.dirty = true;
    }

    /** A job as its last checkpoint has it; its counts are still to come, by {@link #restore}. */
    ContinuousReduction(Checkpoint.Continuous checkpoint) {
        job = checkpoint.job();
        next = checkpoint.next();
        watermark = checkpoint.watermark();
        total = checkpoint.totals();
        duplicatesDropped = checkpoint.duplicatesDropped();
        for (Checkpoint.AppliedTask task : checkpoint.applied()) {
            Applied known = new Applied(task.execution(), task.parts());
            known.next = task.next();
            known.total = task.total();
            applied.put(task.task(), known);
        }
    }

    /** Takes one published count; the last one of a word holds. */
    void restore(byte[] word, int from, int length, long count) {
        long before = counts.get(word, from, length);
        counts.add(word, from, length, count - before);
        words += (count == 0 ? 0 : 1) - (before == 0 ? 0 : 1);
    }

    /** All counts are restored: they must be what the checkpoint says. */
    void restored() {
        PartitionTotal published = counts.total();
        if (!published.equals(total)) {
            fail("DATA_LOST: the published counts come to " + published + ", the checkpoint says " + total);
        }
    }

    /** Takes the record at {@code offset}; what is in the counts already is passed over. */
    void apply(long offset, LaneRecord record) {
        if (offset < next) {
            return;
        }
        next = offset + 1;
        if (failure != null) {
            return;
        }
        if (record instanceof LaneRecord.Delta delta) {
            dirty = true;
            add(delta);
        } else if (record instanceof LaneRecord.Watermark mark) {
            dirty = true;
            advance(mark);
        }
    }

    private void add(LaneRecord.Delta delta) {
        if (delta.task() < watermark) {
            duplicatesDropped++;
            return;
        }
        Applied task = applied.computeIfAbsent(delta.task(), n -> new Applied(delta.execution(), delta.parts()));
        if (task.execution != delta.execution() || delta.part() < task.next) {
            duplicatesDropped++;
            return;
        }
        if (delta.part() > task.next || delta.parts() != task.parts) {
            fail("DATA_LOST: task " + delta.task() + " came with part " + delta.part() + " of " + delta.parts()
                    + " where part " + task.next + " of " + task.parts + " was due");
            return;
        }
        task.next++;
        Sum sum = new Sum();
        try {
            PairBlocks.forEach(delta.bytes(), delta.from(), delta.to(), sum);
        } catch (ArithmeticException e) {
            fail("OVERFLOW: " + e.getMessage());
        } catch (IllegalArgumentException e) {
            fail("task " + delta.task() + " sent a malformed batch: " + e.getMessage());
        }
        PartitionTotal came = new PartitionTotal(sum.tokens, sum.digest);
        task.total = task.total.plus(came);
        total = total.plus(came);
    }

    /** Adds pairs to the counts and remembers what they come to. */
    private final class Sum implements PairSink {
        private long tokens;
        private long digest;

        @Override
        public void pair(byte[] bytes, int from, int length, long count) {
            long before = counts.get(bytes, from, length);
            long after = Math.addExact(before, count);
            if (after < 0) {
                fail("a word has the count " + after);
            }
            counts.add(bytes, from, length, count);
            changed.add(bytes, from, length, 0);
            words += (after == 0 ? 0 : 1) - (before == 0 ? 0 : 1);
            tokens = Math.addExact(tokens, count);
            digest += count * WordHash.h64(bytes, from, length);
        }
    }

    /** All tasks below the mark must be whole, and come to what the driver says. */
    private void advance(LaneRecord.Watermark mark) {
        if (mark.below() < watermark) {
            return;
        }
        PartitionTotal above = PartitionTotal.ZERO;
        for (Map.Entry<Long, Applied> entry : applied.entrySet()) {
            Applied task = entry.getValue();
            if (entry.getKey() >= mark.below()) {
                above = above.plus(task.total);
            } else if (task.next != task.parts) {
                fail("DATA_LOST: of task " + entry.getKey() + " only " + task.next + " of " + task.parts
                        + " parts came");
                return;
            }
        }
        if (!total.equals(above.plus(mark.total()))) {
            fail("the tasks below " + mark.below() + " came to " + total + " less " + above + ", the driver says "
                    + mark.total());
            return;
        }
        watermark = mark.below();
        applied.headMap(watermark).clear();
    }

    private void fail(String why) {
        if (failure == null) {
            failure = why;
        }
    }

    /** Gives every word whose count has changed since it was published, and its count now. */
    void forEachChanged(PairSink sink) {
        changed.forEach((word, from, length, none) -> sink.pair(word, from, length, counts.get(word, from, length)));
    }

    int changedWords() {
        return changed.size();
    }

    /** What has changed is committed, and the checkpoint with it. */
    void published() {
        changed.clear();
        dirty = false;
        if (counts.size() > FEW_WORDS && counts.size() > 2 * words) {
            WordTable held = counts;
            counts = new WordTable();
            held.forEach((word, from, length, count) -> {
                if (count != 0) {
                    counts.add(word, from, length, count);
                }
            });
        }
    }

    /** Whether there is something to publish. */
    boolean isDirty() {
        return dirty;
    }

    Checkpoint.Continuous checkpoint() {
        List<Checkpoint.AppliedTask> tasks = new ArrayList<>();
        applied.forEach((number, task) ->
                tasks.add(new Checkpoint.AppliedTask(number, task.execution, task.parts, task.next, task.total)));
        return new Checkpoint.Continuous(job, next, watermark, total, tasks, duplicatesDropped);
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
        return words;
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
