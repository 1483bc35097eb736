package dev.millrace.job;

/**
 * Where the ledger holds the pairs of one part of a document. The key of that record is the task and the change that
 * wrote it, so a late copy of an older task can never overwrite a newer block.
 *
 * @param partition of the ledger topic
 * @param offset of the record, or of one before it: whoever writes block and position in one transaction knows only where
 *     the block lies at the earliest, and compaction may have left only a later copy under the same key
 * @param task number of the task that wrote it
 * @param change which of that task's changes it was
 */
public record BlockPosition(int partition, long offset, long task, int change) {
    /** No block: the part is new, or it is gone. */
    public static final BlockPosition NONE = new BlockPosition(-1, -1, -1, -1);

    public boolean isNone() {
        return partition < 0;
    }
}
