package dev.millrace.driver.submit;

import dev.millrace.job.Compression;

/**
 * A file to be counted, as it was when the walk came by.
 *
 * @param root name of the folder that {@code path} is relative to
 * @param path below the root, percent-encoded
 * @param fromByte where planning begins: 0, or behind what an earlier driver of the job has published
 * @param fileBytes size as stored
 * @param modifiedNanos nanoseconds since 1970
 */
public record PlannedFile(
        String root, String path, long fromByte, long fileBytes, long modifiedNanos, Compression compression) {
    public PlannedFile {
        if (fromByte < 0 || fromByte > fileBytes) {
            throw new IllegalArgumentException("from byte " + fromByte + " of a file of " + fileBytes + " bytes");
        }
    }

    /** Bytes as stored that are still to be planned. */
    long bytes() {
        return fileBytes - fromByte;
    }
}
