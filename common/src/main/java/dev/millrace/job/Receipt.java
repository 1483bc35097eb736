package dev.millrace.job;

import java.util.List;

/**
 * The proof that goes with a result. Conservation: the totals that mappers state, that reducers hold and that the
 * collected counts add up to are the same three times; a job for which they are not has failed.
 *
 * @param files input files counted
 * @param bytes their size as stored
 * @param textBytes their size after decompression
 * @param words distinct words
 * @param attempts runs of tasks that were issued, first ones included
 * @param backupTasks of these, issued because the first was late
 * @param duplicatesDropped pair batches that reducers dropped, being second copies
 * @param mapped sum over all tasks
 * @param reduced sum over all partitions
 * @param collected sum over the counts as read back
 * @param skipped tasks left out because they failed and the job allowed it: why, and which bytes of which files
 * @param notices inputs that were passed over while walking, and why
 */
public record Receipt(
        String job,
        String name,
        String millraceVersion,
        String profile,
        int profileVersion,
        int stopWords,
        long files,
        long bytes,
        long textBytes,
        long words,
        int tasks,
        int attempts,
        int backupTasks,
        long duplicatesDropped,
        long invalidSequences,
        long oversizedWords,
        PartitionTotal mapped,
        PartitionTotal reduced,
        PartitionTotal collected,
        long chunkBytes,
        int partitions,
        List<String> skipped,
        List<String> notices,
        long elapsedMillis) {

    public Receipt {
        skipped = List.copyOf(skipped);
        notices = List.copyOf(notices);
    }

    public boolean isConserved() {
        return mapped.equals(reduced) && reduced.equals(collected);
    }
}
