package dev.millrace.job;

import java.util.List;

/**
 * Changes of documents that one mapper counts in one transaction, as a continuous job hands them out. The texts travel
 * with the task, one behind the other in the order of the changes, so that every run of the task reads the same.
 *
 * @param number 0 for the first task of the job; every task below a watermark is done
 * @param documents what the documents will be once all their changes are done; for the driver that takes over
 */
public record DocumentTask(
        JobId job,
        long number,
        int attempt,
        TextRules rules,
        int partitions,
        List<Target> documents,
        List<Change> changes)
        implements MapTask {

    public DocumentTask {
        if (number < 0 || attempt < 1 || partitions < 1 || partitions > MOST_PARTITIONS) {
            throw new IllegalArgumentException(
                    "task " + number + ", attempt " + attempt + ", " + partitions + " partitions");
        }
        documents = List.copyOf(documents);
        changes = List.copyOf(changes);
        for (Change change : changes) {
            if (change.document() < 0 || change.document() >= documents.size() || change.part() < 0) {
                throw new IllegalArgumentException(
                        "part " + change.part() + " of document " + change.document() + " of " + documents.size());
            }
        }
    }

    /**
     * A document as it will be.
     *
     * @param id name of the document within its job
     * @param version what its source calls this state of it
     * @param bytes length as stored; -1 where the document is deleted
     * @param modifiedNanos time of last modification, nanoseconds since 1970; 0 where its source has none
     * @param parts number of parts it will have
     */
    public record Target(String id, String version, long bytes, long modifiedNanos, int parts) {
        public boolean isDeleted() {
            return bytes < 0;
        }
    }

    /**
     * One part of a document gets another text.
     *
     * @param document index into {@link #documents}
     * @param part number of the part within its document
     * @param base the pairs counted for the part up to now
     * @param baseHash of the text that these were counted from; none where there is no base, or an earlier release did not
     *     say
     * @param hash of the new text; none where the part is removed
     * @param bytes length of the new text; -1 where the part is removed
     */
    public record Change(int document, int part, BlockPosition base, TextHash baseHash, TextHash hash, int bytes) {
        public boolean isRemoval() {
            return bytes < 0;
        }
    }

    /** Bytes of text that travel with the task. */
    public long textBytes() {
        long sum = 0;
        for (Change change : changes) {
            sum += Math.max(0, change.bytes());
        }
        return sum;
    }

    public DocumentTask withNumber(long newNumber) {
        return new DocumentTask(job, newNumber, attempt, rules, partitions, documents, changes);
    }

    public DocumentTask withAttempt(int newAttempt) {
        return new DocumentTask(job, number, newAttempt, rules, partitions, documents, changes);
    }
}
