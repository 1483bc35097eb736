package dev.millrace.kafka;

import dev.millrace.job.JobId;

/** The topics and the groups of one Millrace installation; several may share a cluster under different prefixes. */
public record TopicNames(String prefix) {
    public static final String DEFAULT_PREFIX = "millrace.";

    /** Header of a task record that carries the document itself. */
    public static final String DOCUMENT_HEADER = "document";

    /** Compacted, one partition: job id to job record. */
    public String jobs() {
        return prefix + "jobs";
    }

    /** One partition, so that idle mappers take tasks in the order of issue: chunk tasks, for the share group. */
    public String tasks() {
        return prefix + "tasks";
    }

    /** The shuffle: pair batches, and the records in which jobs begin and end. */
    public String pairs() {
        return prefix + "pairs";
    }

    /** One partition: what mappers and reducers report. */
    public String events() {
        return prefix + "events";
    }

    /** Compacted, as many partitions as pairs: reducer state that is not a count. */
    public String checkpoints() {
        return prefix + "checkpoints";
    }

    /** Records that could not be read, as they came. */
    public String deadLetters() {
        return prefix + "dead-letters";
    }

    /** Compacted, as many partitions as pairs: word to count, 8 bytes big-endian. */
    public String results(JobId job) {
        return resultsPrefix() + job;
    }

    public String resultsPrefix() {
        return prefix + "results.";
    }

    /** Compacted: task and change to the pairs of one part of a document of a continuous job. */
    public String ledger(JobId job) {
        return prefix + "ledger." + job;
    }

    /** Compacted, one partition: document to what is counted of it now. */
    public String documents(JobId job) {
        return prefix + "documents." + job;
    }

    /** The share group of all mappers. */
    public String mapperGroup() {
        return prefix + "mappers";
    }

    /** The consumer group of all reducers. */
    public String reducerGroup() {
        return prefix + "reducers";
    }

    public String mapperTransactions(String slot) {
        return prefix + "mapper." + slot;
    }

    public String reducerTransactions(String slot) {
        return prefix + "reducer." + slot;
    }

    /** A second driver of the same job fences the first by this id. */
    public String driverTransactions(JobId job) {
        return prefix + "driver." + job;
    }

    /** Two drivers that begin a continuous job of one name fence each other by this id, so that one job comes of it. */
    public String openingTransactions(String name) {
        return prefix + "opening." + name;
    }
}
