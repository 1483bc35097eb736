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

    /**
     * A task of documents is counted; committed in one transaction with its pairs and its blocks in the ledger.
     *
     * @param parts pair batches written to each partition
     * @param totals what went to each partition: new minus old
     * @param blocks the new block of each change, in the order of the task's changes
     */
    record DocumentsDone(
            JobId job,
            long task,
            int attempt,
            long execution,
            String worker,
            List<Integer> parts,
            List<PartitionTotal> totals,
            List<Block> blocks)
            implements Event {
        public DocumentsDone {
            parts = List.copyOf(parts);
            totals = List.copyOf(totals);
            blocks = List.copyOf(blocks);
        }

        /** Whether another run of the same task came to the same, as every run must. */
        public boolean sameResultAs(DocumentsDone other) {
            return totals.equals(other.totals) && blocks.size() == other.blocks.size();
        }
    }

    /**
     * What became of one part of a document.
     *
     * @param offset of its block in the ledger; -1 where the part was removed
     * @param total tokens and digest of the whole part
     */
    record Block(int partition, long offset, PartitionTotal total, TextStats text) {}

    /** A run of a task of documents failed; nothing of it was written. */
    record DocumentsFailed(JobId job, long task, int attempt, long execution, String worker, String message)
            implements Event {}

    /** Somebody wants a consistent table: every document saved or produced before this is to be in it. */
    record BarrierAsked(JobId job, long barrier) implements Event {}

    /**
     * The driver has reached a barrier: no task is under way.
     *
     * @param documentsEnd end offset of the documents topic, which holds the documents of this barrier before it
     * @param documents number of documents
     * @param total what all tasks up to now came to
     * @param unreadable documents that could not be read and keep their last good version, and why
     */
    record BarrierReached(
            JobId job, long barrier, long documentsEnd, long documents, PartitionTotal total, List<String> unreadable)
            implements Event {
        public BarrierReached {
            unreadable = List.copyOf(unreadable);
        }
    }

    /**
     * A reducer has published everything up to a barrier.
     *
     * @param resultsEnd end offset of this partition of the results, which holds the counts of this barrier before it
     * @param words words with a count other than zero
     */
    record PartitionBarrier(
            JobId job, int partition, String worker, long barrier, long resultsEnd, long words, PartitionTotal total)
            implements Event {}

    /**
     * How a continuous job does, for people and programs that look on; published about once a second while it changes.
     * Nothing depends on it.
     *
     * @param atMillis when, by the driver's clock, milliseconds since 1970
     * @param documents counted
     * @param tokens words in them
     * @param changes that came from the sources since the driver started
     * @param changesPerSecond of these, over the last few seconds
     * @param waiting documents whose change waits for a task
     * @param openTasks handed out and not done
     * @param unreadable documents that keep their last good version
     * @param freshnessMillis how far the counts are behind the sources. While a change is not counted: the age of the oldest
     *     such change. Else: how long the last one took. The clock runs from the moment the driver was told of the change
     *     to the moment it learns that the change, and all that came before it, is counted. Where a reducer is longer
     *     behind: since when. -1 where the driver has seen no change yet
     * @param isBehind whether a change is not counted, or a reducer late
     */
    record ContinuousStatus(
            JobId job,
            long atMillis,
            long documents,
            long tokens,
            long changes,
            long changesPerSecond,
            long waiting,
            long openTasks,
            long unreadable,
            long freshnessMillis,
            boolean isBehind)
            implements Event {}

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
