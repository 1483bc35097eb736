package dev.millrace.job;

import java.util.List;

/**
 * What a reducer must know beside the pairs topic to take a partition over.
 *
 * @param position offset to read from: the first record of the oldest open job
 * @param finished jobs that ended at or behind that position; what is read of them again is passed over
 * @param continuous jobs without an end, which go on from what they have published
 */
public record Checkpoint(int partition, long position, List<JobId> finished, List<Continuous> continuous) {
    public Checkpoint {
        finished = List.copyOf(finished);
        continuous = List.copyOf(continuous);
    }

    /**
     * A continuous job in this partition. Its counts are those in the results topic.
     *
     * @param next offset of the first record that is not in the counts
     * @param watermark every task below is done: what comes of one is a late copy
     * @param totals what was applied of all tasks
     * @param applied tasks at or above the watermark that were applied; there may be thousands
     * @param duplicatesDropped batches of second runs that were not applied
     */
    public record Continuous(
            JobId job,
            long next,
            long watermark,
            PartitionTotal totals,
            List<AppliedTask> applied,
            long duplicatesDropped) {
        public Continuous {
            applied = List.copyOf(applied);
        }
    }

    /** @param total what was applied of it */
    public record AppliedTask(long task, PartitionTotal total) {}
}
