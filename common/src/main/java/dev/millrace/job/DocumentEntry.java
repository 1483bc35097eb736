package dev.millrace.job;

import java.util.List;

/**
 * A document as a continuous job counts it now; the value of the documents topic, under the document's id. While
 * a change of many parts is under way, the parts are as they are counted now and all else is as it was before.
 *
 * @param version what its source calls this state of it
 * @param bytes length as stored
 * @param modifiedNanos time of last modification, nanoseconds since 1970; 0 where its source has none
 * @param parts its text in pieces, each with its own block in the ledger
 */
public record DocumentEntry(String version, long bytes, long modifiedNanos, List<Part> parts) {
    public DocumentEntry {
        parts = List.copyOf(parts);
    }

    /**
     * @param total tokens and digest of the part
     */
    public record Part(TextHash hash, BlockPosition block, PartitionTotal total, TextStats text) {}

    public PartitionTotal total() {
        PartitionTotal sum = PartitionTotal.ZERO;
        for (Part part : parts) {
            sum = sum.plus(part.total());
        }
        return sum;
    }

    /** The same content under another name, time or version. */
    public DocumentEntry renewed(String newVersion, long newBytes, long newModifiedNanos) {
        return new DocumentEntry(newVersion, newBytes, newModifiedNanos, parts);
    }
}
