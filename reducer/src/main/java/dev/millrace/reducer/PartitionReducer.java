package dev.millrace.reducer;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.JobId;
import dev.millrace.shuffle.LaneRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a reducer decides about one partition: pure, driven record by record. Not safe for use by several threads.
 *
 * <p>Nothing here depends on whether a transaction went through. A job that ended waits in {@link #ended()} until its
 * publication is confirmed by {@link #published}; the same records read again from the last checkpoint lead to the
 * same state, so a reducer that starts anew runs the code that runs every day.
 */
final class PartitionReducer {
    private final int partition;
    private final Map<JobId, JobReduction> open = new LinkedHashMap<>();
    private final List<Ended> ended = new ArrayList<>();
    private final Map<JobId, Long> finished = new LinkedHashMap<>();
    private final Map<JobId, ContinuousReduction> continuous = new LinkedHashMap<>();
    private long nextOffset;
    private long strays;
    private boolean dirty;

    /** A job whose END has been read: to be published, or to be reported as failed. */
    record Ended(JobId job, JobReduction reduction, long endOffset) {
        @Nullable
        String failure() {
            return reduction.failure();
        }
    }

    /** Begins at the checkpoint's position; {@code null} where the partition was never reduced. */
    PartitionReducer(int partition, @Nullable Checkpoint checkpoint, long firstOffset) {
        this.partition = partition;
        this.nextOffset = firstOffset;
        if (checkpoint != null) {
            // Where exactly they ended no longer matters: they stay known until the position has passed this point.
            checkpoint.finished().forEach(job -> finished.put(job, Long.MAX_VALUE));
            checkpoint.continuous().forEach(job -> continuous.put(job.job(), new ContinuousReduction(job)));
        }
    }

    /**
     * Takes the record at {@code offset}, which must be behind all taken before.
     *
     * <p>A second OPEN means nothing while its job is known: open, waiting for its publication, or finished at or behind
     * the position. One of a job that is forgotten would open it for ever. None can come: a driver repeats an OPEN only
     * until the write returns (a commit in doubt, done again), and writes END or CANCEL behind that; another driver of
     * the job fences the first before it writes, and never writes OPEN. So no OPEN stands behind its job's END.
     *
     * @return false for a stray, of a job that is not open and not known as ended: it is a late copy, or its job's OPEN is
     *     lost; for pairs of a batch, and for an END that was answered, also where it is known as ended
     */
    boolean apply(long offset, LaneRecord record) {
        if (offset < nextOffset) {
            throw new IllegalStateException("partition " + partition + ": offset " + offset + " behind " + nextOffset);
        }
        nextOffset = offset + 1;
        JobId job = record.job();
        if (record instanceof LaneRecord.OpenContinuous && !finished.containsKey(job)) {
            continuous.computeIfAbsent(job, id -> new ContinuousReduction(id, offset));
        }
        ContinuousReduction running = continuous.get(job);
        if (running != null) {
            if (record instanceof LaneRecord.Cancel) {
                drop(running);
            } else {
                running.apply(offset, record);
            }
            return true;
        }
        if (record instanceof LaneRecord.Open) {
            if (!finished.containsKey(job) && !hasEnded(job)) {
                open.computeIfAbsent(job, id -> new JobReduction(offset));
            }
            return true;
        }
        JobReduction reduction = open.get(job);
        if (reduction == null) {
            if (record instanceof LaneRecord.Pairs) {
                strays++;
                return false;
            } else if (record instanceof LaneRecord.Delta) {
                strays++;
                return finished.containsKey(job);
            } else if (finished.containsKey(job)) {
                Long before = finished.put(job, offset);
                dirty = true;
                boolean isReadAgain = before != null && before == Long.MAX_VALUE; // by who took the partition over
                if (record instanceof LaneRecord.End && !isReadAgain) {
                    strays++;
                    return false; // its driver asks again, so the answer may be lost
                }
            } else if (record instanceof LaneRecord.Watermark || record instanceof LaneRecord.End && !hasEnded(job)) {
                strays++;
                return false;
            }
        } else if (record instanceof LaneRecord.Pairs pairs) {
            reduction.add(offset, pairs);
        } else if (record instanceof LaneRecord.End end) {
            reduction.end(end);
            open.remove(job);
            ended.add(new Ended(job, reduction, offset));
        } else if (record instanceof LaneRecord.Cancel) {
            open.remove(job);
            finished.put(job, offset);
            dirty = true;
        }
        return true;
    }

    /** The record at {@code offset} is nothing that concerns a job. */
    void passOver(long offset) {
        nextOffset = offset + 1;
    }

    /** Something beside the counts is to be published, together with the position. */
    void needsPublication() {
        dirty = true;
    }

    /** The continuous job is over, well or badly: what still comes of it is stray. */
    void drop(ContinuousReduction job) {
        continuous.remove(job.job());
        finished.put(job.job(), nextOffset - 1);
        dirty = true;
    }

    /** Jobs without an end, in the order in which they began. */
    Collection<ContinuousReduction> continuous() {
        return List.copyOf(continuous.values());
    }

    /** Offset of the first record that no continuous job has in its counts; 0 where there is none. */
    long readUpTo() {
        return continuous.values().stream()
                .mapToLong(ContinuousReduction::next)
                .max()
                .orElse(0);
    }

    @Nullable
    ContinuousReduction continuous(JobId job) {
        return continuous.get(job);
    }

    /** Words of continuous jobs whose counts are to be published. */
    int changedWords() {
        int words = 0;
        for (ContinuousReduction job : continuous.values()) {
            words += job.changedWords();
        }
        return words;
    }

    /** Bytes of these words. */
    long changedBytes() {
        long bytes = 0;
        for (ContinuousReduction job : continuous.values()) {
            bytes += job.changedBytes();
        }
        return bytes;
    }

    private boolean hasEnded(JobId job) {
        return ended.stream().anyMatch(e -> e.job().equals(job));
    }

    /** Jobs whose END has been read and whose publication is not confirmed, in the order of their ENDs. */
    List<Ended> ended() {
        return List.copyOf(ended);
    }

    /** The job's counts, or its failure, are committed together with {@link #checkpointAfter} of it. */
    void published(Ended job) {
        ended.remove(job);
        finished.put(job.job(), job.endOffset());
        prune();
    }

    /** Whether the checkpoint has changed without a publication, as by a cancelled job, or has to go out anyway. */
    boolean isDirty() {
        return dirty || continuous.values().stream().anyMatch(ContinuousReduction::isDirty);
    }

    /** The present checkpoint is committed, and that a continuous job has failed. */
    void saved() {
        continuous().stream().filter(job -> job.failure() != null).forEach(this::drop);
        dirty = false;
        continuous.values().forEach(ContinuousReduction::published);
        prune();
    }

    private void prune() {
        long position = position(List.of());
        finished.values().removeIf(end -> end != Long.MAX_VALUE && end < position);
    }

    /** What must be committed together with the publication of these jobs. */
    Checkpoint checkpointAfter(List<Ended> jobs) {
        long position = position(jobs);
        List<JobId> known = new ArrayList<>();
        finished.forEach((job, end) -> {
            if (end >= position) {
                known.add(job);
            }
        });
        for (Ended job : jobs) {
            if (job.endOffset() >= position) {
                known.add(job.job());
            }
        }
        continuous.values().stream().filter(job -> job.failure() != null).forEach(job -> known.add(job.job()));
        return new Checkpoint(
                partition,
                position,
                known,
                continuous.values().stream()
                        .filter(job -> job.failure() == null)
                        .map(ContinuousReduction::checkpoint)
                        .toList());
    }

    /**
     * Offset from which a new reducer must read: the OPEN of the oldest job that is not finished, or the first part of a run
     * that is not whole.
     */
    private long position(List<Ended> done) {
        long position = nextOffset;
        for (JobReduction reduction : open.values()) {
            position = Math.min(position, reduction.openOffset());
        }
        for (ContinuousReduction job : continuous.values()) {
            position = Math.min(position, job.readFrom());
        }
        for (Ended job : ended) {
            if (!done.contains(job)) {
                position = Math.min(position, job.reduction().openOffset());
            }
        }
        return position;
    }

    int partition() {
        return partition;
    }

    /** Offset of the next record to take. */
    long nextOffset() {
        return nextOffset;
    }

    /** Batches and ENDs read outside their job's OPEN and END. */
    long strays() {
        return strays;
    }

    int openJobs() {
        return open.size() + continuous.size();
    }
}
