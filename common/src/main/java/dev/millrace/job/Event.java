package dev.millrace.job;

import java.util.List;

/** What mappers and reducers report on the events topic. */
public sealed interface Event {
    JobId job();

    /**
     * A mapper has begun a task, or is still at it. Sent outside any transaction, for progress and lateness only: nothing
     * depends on it.
     *
     * @param worker slot and thread, as in {@code mapper-1/2}
     */
    record TaskClaimed(JobId job, int task, int attempt, long execution, String worker) implements Event {
        public TaskClaimed {
            checkRun(task, attempt);
        }
    }

    /**
     * A task is finished; committed in one transaction with its pairs, so both are there or neither.
     *
     * @param execution random number drawn for this run of the task
     * @param pairs (word, count) pairs written; the words, unless there were too many for memory at once
     * @param parts pair batches written to each partition
     * @param totals what went to each partition
     */
    record TaskDone(
            JobId job,
            int task,
            int attempt,
            long execution,
            String worker,
            TextStats text,
            long pairs,
            List<Integer> parts,
            List<PartitionTotal> totals)
            implements Event {
        public TaskDone {
            checkRun(task, attempt);
            if (pairs < 0) {
                throw new IllegalArgumentException(pairs + " pairs");
            }
            parts = List.copyOf(parts);
            totals = List.copyOf(totals);
        }

        public PartitionTotal total() {
            return totals.stream().reduce(PartitionTotal.ZERO, PartitionTotal::plus);
        }

        /** Whether another run of the same task gave the same counts, as every run must, however it batched them. */
        public boolean sameResultAs(TaskDone other) {
            return totals.equals(other.totals) && text.equals(other.text);
        }
    }

    /**
     * A run of a task failed.
     *
     * @param retryable false where another try must fail the same way, as with a file that is gone
     * @param message names the file and says what to do
     */
    record TaskFailed(
            JobId job, int task, int attempt, long execution, String worker, boolean retryable, String message)
            implements Event {
        public TaskFailed {
            checkRun(task, attempt);
        }
    }

    /**
     * A reducer has checked and published all counts of one partition; committed in one transaction with them.
     *
     * @param words distinct words in this partition of the results topic
     * @param duplicatesDropped pair batches of second executions, and late copies, that were not applied
     */
    record PartitionDone(
            JobId job, int partition, String worker, long words, PartitionTotal total, long duplicatesDropped)
            implements Event {
        public PartitionDone {
            checkPartition(partition);
            if (words < 0 || duplicatesDropped < 0) {
                throw new IllegalArgumentException(words + " words, " + duplicatesDropped + " duplicates");
            }
        }
    }

    /** A reducer found that what it holds is not what END states; the job must fail. */
    record PartitionFailed(JobId job, int partition, String worker, String message) implements Event {
        public PartitionFailed {
            checkPartition(partition);
        }
    }

    private static void checkRun(int task, int attempt) {
        if (task < 0 || attempt < 1) {
            throw new IllegalArgumentException("task " + task + ", attempt " + attempt);
        }
    }

    private static void checkPartition(int partition) {
        if (partition < 0) {
            throw new IllegalArgumentException("partition " + partition);
        }
    }
}
