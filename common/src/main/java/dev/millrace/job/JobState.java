package dev.millrace.job;

/**
 * Where a job stands.
 *
 * <pre>
 *   OPEN ──walk ends──▶ SEALED ──all tasks done──▶ ENDED ──all partitions done, checked──▶ DONE
 *     └──────────────────┴───────────────┬──────────┴──▶ FAILED, CANCELLED
 * </pre>
 */
public enum JobState {
    /** Tasks are still being planned. */
    OPEN,
    /** The number of tasks is final. */
    SEALED,
    /** END stands in every partition. */
    ENDED,
    DONE,
    FAILED,
    CANCELLED;

    public boolean isFinal() {
        return this == DONE || this == FAILED || this == CANCELLED;
    }

    public boolean mayBecome(JobState next) {
        return switch (this) {
            case OPEN -> next == SEALED || next == FAILED || next == CANCELLED;
            case SEALED -> next == ENDED || next == FAILED || next == CANCELLED;
            case ENDED -> next == DONE || next == FAILED || next == CANCELLED;
            case DONE, FAILED, CANCELLED -> false;
        };
    }
}
