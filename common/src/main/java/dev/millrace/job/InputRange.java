package dev.millrace.job;

/**
 * A stretch of one input file as it was when it was planned. A mapper counts the lines whose first byte lies in
 * {@code [startByte, endByte)}, and refuses a file whose size or time differs.
 *
 * @param root name of the folder, known to driver and mapper, that {@code path} is relative to
 * @param path path below the root, percent-encoded as in a URI so that any byte can stand in a name, with {@code /}
 * @param startByte first byte, an offset in the file as stored; 0 for a compressed file
 * @param endByte behind the last byte; the file's size for a compressed file
 * @param fileBytes size of the file as stored
 * @param modifiedNanos time of last modification, nanoseconds since 1970
 */
public record InputRange(
        String root,
        String path,
        long startByte,
        long endByte,
        long fileBytes,
        long modifiedNanos,
        Compression compression) {

    public InputRange {
        if (startByte < 0 || startByte > endByte || endByte > fileBytes) {
            throw new IllegalArgumentException(
                    "range [" + startByte + ", " + endByte + ") of a file of " + fileBytes + " bytes");
        }
    }

    /** Length in bytes as stored. */
    public long bytes() {
        return endByte - startByte;
    }

    public boolean isWholeFile() {
        return startByte == 0 && endByte == fileBytes;
    }
}
