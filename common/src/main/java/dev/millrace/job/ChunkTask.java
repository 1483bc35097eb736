package dev.millrace.job;

import java.util.List;

/**
 * One unit of mapping: some ranges of files, or a document that travels beside the task (then {@code inputs} is empty).
 *
 * @param number 0 for the first task of the job
 * @param attempt 1 for the first issue, more for a backup or a retry. For people: machines tell runs apart by their
 *     execution id
 * @param partitions partitions of the pairs topic, pinned for the job
 * @param inlineBytes length of the document beside the task, 0 where there is none
 */
public record ChunkTask(
        JobId job, int number, int attempt, TextRules rules, int partitions, List<InputRange> inputs, int inlineBytes)
        implements MapTask {

    public ChunkTask {
        if (number < 0 || attempt < 1 || partitions < 1 || partitions > MOST_PARTITIONS || inlineBytes < 0) {
            throw new IllegalArgumentException("task " + number + ", attempt " + attempt + ", " + partitions
                    + " partitions, document of " + inlineBytes + " bytes");
        }
        inputs = List.copyOf(inputs);
    }

    /** Bytes as stored: what progress is measured in. */
    public long bytes() {
        long sum = inlineBytes;
        for (InputRange input : inputs) {
            sum += input.bytes();
        }
        return sum;
    }

    public ChunkTask withAttempt(int newAttempt) {
        return new ChunkTask(job, number, newAttempt, rules, partitions, inputs, inlineBytes);
    }
}
