package dev.millrace.shuffle;

import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;

/**
 * One record of a pairs partition. A job begins and ends in the data's own lane: only pairs that stand between its
 * {@link Open} and its {@link End} count, so a late copy needs no memory to be recognised.
 */
public sealed interface LaneRecord {
    JobId job();

    /** The job begins here. A second one of the same job means nothing. */
    record Open(JobId job) implements LaneRecord {}

    /**
     * A batch of pairs: part {@code part} of the {@code parts} that one execution of a task sent to this partition.
     * The parts of an execution come in order, and all or none of them are committed.
     *
     * @param execution random number of the run; of a task the first run that is whole counts, any other is a duplicate
     * @param bytes holds the block of pairs, at least one, in {@code [from, to)}; not copied
     */
    record Pairs(JobId job, int task, long execution, int part, int parts, byte[] bytes, int from, int to)
            implements LaneRecord {
        public Pairs {
            if (task < 0 || part < 0 || part >= parts) {
                throw new IllegalArgumentException("part " + part + " of " + parts + " of task " + task);
            }
            if (from < 0 || from >= to || to > bytes.length) {
                throw new IllegalArgumentException(
                        "block of pairs [" + from + ", " + to + ") of " + bytes.length + " bytes");
            }
        }
    }

    /**
     * The job ends here.
     *
     * @param tasks tasks that have pairs in this partition
     * @param total what those tasks state that they sent here
     */
    record End(JobId job, int tasks, PartitionTotal total) implements LaneRecord {
        public End {
            if (tasks < 0) {
                throw new IllegalArgumentException("END of " + tasks + " tasks");
            }
        }
    }

    /** A continuous job begins here. A second one of the same job means nothing. */
    record OpenContinuous(JobId job) implements LaneRecord {}

    /**
     * A batch of a continuous job: counts are differences, and may be negative. Parts come as those of {@link Pairs} do.
     *
     * @param task number of the task within its job; goes on without end
     */
    record Delta(JobId job, long task, long execution, int part, int parts, byte[] bytes, int from, int to)
            implements LaneRecord {
        public Delta {
            if (task < 0 || part < 0 || part >= parts) {
                throw new IllegalArgumentException("part " + part + " of " + parts + " of task " + task);
            }
            if (from < 0 || from >= to || to > bytes.length) {
                throw new IllegalArgumentException("an empty block of task " + task);
            }
        }
    }

    /**
     * Every task of a continuous job below a number is done, and all that counts of it stands before this record.
     *
     * @param below that number
     * @param total what those tasks sent to this partition
     * @param barrier number of the barrier that this is, with no task under way; 0 where it is none
     */
    record Watermark(JobId job, long below, PartitionTotal total, long barrier) implements LaneRecord {
        public Watermark {
            if (below < 0) {
                throw new IllegalArgumentException("watermark " + below);
            }
        }
    }

    /** The job is given up: its counts are dropped. */
    record Cancel(JobId job) implements LaneRecord {}
}
