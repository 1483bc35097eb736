package dev.millrace.job;

import java.util.List;
import java.util.Map;

/**
 * Where the driver of a continuous job is; kept in the jobs topic beside the job's record, and written in the same
 * transaction as the tasks it speaks of. With it, the documents topic, and what has happened since on tasks and events, a
 * driver that takes over knows all that the one before knew.
 *
 * @param tasksStart offset in the tasks topic at or before the oldest task that is not done
 * @param eventsStart offset in the events topic: everything before is in the documents topic
 * @param nextTask number of the next task
 * @param watermark every task below is done
 * @param doneAbove tasks at or above the watermark that are done
 * @param totals by partition, what the tasks below the watermark came to
 * @param sources how far each source has been read, by its name
 */
public record ContinuousPosition(
        JobId job,
        long tasksStart,
        long eventsStart,
        long nextTask,
        long watermark,
        List<DoneTask> doneAbove,
        List<PartitionTotal> totals,
        Map<String, Long> sources) {
    public ContinuousPosition {
        doneAbove = List.copyOf(doneAbove);
        totals = List.copyOf(totals);
        sources = Map.copyOf(sources);
    }

    /** @param totals by partition, what the task came to */
    public record DoneTask(long task, List<PartitionTotal> totals) {
        public DoneTask {
            totals = List.copyOf(totals);
        }
    }
}
