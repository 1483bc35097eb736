package dev.millrace.job;

import java.util.List;

/**
 * What a reducer must know beside the pairs topic to take a partition over.
 *
 * @param position offset to read from: the first record of the oldest open job
 * @param finished jobs that ended at or behind that position; what is read of them again is passed over
 */
public record Checkpoint(int partition, long position, List<JobId> finished) {
    public Checkpoint {
        finished = List.copyOf(finished);
    }
}
