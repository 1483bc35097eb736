package dev.millrace.map;

import dev.millrace.job.DocumentTask;
import dev.millrace.job.JobId;

/** The blocks of the ledger: the pairs of each part of each document as they were counted. */
interface Blocks {
    /**
     * The block that a change has for its base.
     *
     * @throws LedgerReader.MissingBlockException if the ledger has lost it
     */
    byte[] read(JobId job, DocumentTask.Change change);
}
