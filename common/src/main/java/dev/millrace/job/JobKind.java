package dev.millrace.job;

/** Whether a job ends. */
public enum JobKind {
    /** Counts its inputs once, as they are, and ends. */
    BATCH,
    /** Counts documents as they are now, while they come, change and go, until it is cancelled. */
    CONTINUOUS
}
