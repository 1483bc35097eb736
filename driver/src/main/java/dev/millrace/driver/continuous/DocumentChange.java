package dev.millrace.driver.continuous;

import org.jspecify.annotations.Nullable;

/**
 * What a source says of one document: this is its text now.
 *
 * @param id name of the document within the job
 * @param version what the source calls this state of it
 * @param text all of it, decompressed; null where the document is gone
 * @param bytes length as stored
 * @param modifiedNanos time of last modification, nanoseconds since 1970; 0 where the source has none
 * @param source name of the source as far as it can be read again from a position; empty where it cannot
 * @param position where the source had this change
 */
@SuppressWarnings("ArrayRecordComponent") // carried once, never compared
public record DocumentChange(
        String id,
        String version,
        byte @Nullable [] text,
        long bytes,
        long modifiedNanos,
        String source,
        long position) {

    public static DocumentChange deleted(String id, String version, String source, long position) {
        return new DocumentChange(id, version, null, -1, 0, source, position);
    }

    public boolean isDeletion() {
        return text == null;
    }

    int textBytes() {
        return text == null ? 0 : text.length;
    }
}
