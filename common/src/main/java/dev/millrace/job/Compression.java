package dev.millrace.job;

/** How an input file is compressed. A compressed file is one chunk: none of these formats can be entered midway. */
public enum Compression {
    NONE,
    GZIP,
    BZIP2,
    ZSTD,
    LZ4,
    XZ
}
