package dev.millrace.driver;

import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;

/** Is told what happens to a job. Called on the driver's thread, so it must return at once. */
public interface JobListener {
    JobListener NONE = new JobListener() {};

    /** The job is on the cluster under this id, and survives this process from now on. */
    default void opened(JobId job) {}

    /** Called at each change and at least twice a second. */
    default void progress(JobProgress progress) {}

    /** A mapper began to run a task. */
    default void claimed(ChunkTask task, Event.TaskClaimed event) {}

    /** Something a user should know that does not end the job: an input passed over, a task tried again. */
    default void notice(String message) {}
}
