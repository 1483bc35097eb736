package dev.millrace.job;

/** What a mapper is given to do. */
public sealed interface MapTask permits ChunkTask, DocumentTask {
    JobId job();

    /** 1 for the first issue. */
    int attempt();

    TextRules rules();

    /** Partitions of the pairs topic, pinned for the job. */
    int partitions();
}
