package dev.millrace.job;

/** What a mapper is given to do. */
public sealed interface MapTask permits ChunkTask, DocumentTask {
    /**
     * Partitions of pairs an installation may have. Kafka makes 10,000 in one request, and each has one of
     * checkpoints beside it; a mapper has memory for each.
     */
    int MOST_PARTITIONS = 4_000;

    JobId job();

    /** 1 for the first issue. */
    int attempt();

    TextRules rules();

    /** Partitions of the pairs topic, pinned for the job; {@link #MOST_PARTITIONS} at most. */
    int partitions();
}
