package dev.millrace.driver;

/**
 * How far a job is. Bytes are bytes as stored; planned figures grow until {@code sealed}.
 *
 * @param partitionsDone reducers' partitions that are checked and published
 */
public record JobProgress(
        long bytesDone,
        long bytesPlanned,
        int tasksDone,
        int tasksRunning,
        int tasksPlanned,
        boolean sealed,
        int partitionsDone,
        int partitions) {}
