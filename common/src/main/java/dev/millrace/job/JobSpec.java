package dev.millrace.job;

/**
 * What a job is; it never changes once the job is open.
 *
 * @param name for people; of continuous jobs that run, no two have the same
 * @param partitions partitions of the pairs topic when the job began: a change fails the job
 * @param pairsTopicId Kafka's id of the pairs topic, so that a topic made anew is not taken for the old one
 * @param window most tasks that are published and not done at any time
 * @param maxAttempts runs of one task before it fails
 * @param skipFailed whether a task that failed for good is left out (and named in the receipt) or fails the job
 * @param eventsStart offset in the events topic before the job's first event
 * @param tasksStart offset in the tasks topic before the job's first task
 * @param createdMillis milliseconds since 1970
 */
public record JobSpec(
        JobId id,
        String name,
        JobKind kind,
        TextRules rules,
        InputSpec input,
        int partitions,
        String pairsTopicId,
        int window,
        int maxAttempts,
        boolean skipFailed,
        long eventsStart,
        long tasksStart,
        long createdMillis) {}
