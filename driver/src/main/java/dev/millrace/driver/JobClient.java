package dev.millrace.driver;

import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import java.util.List;

/**
 * The cluster as the command line sees it. One thread.
 *
 * <p>Every method throws {@link dev.millrace.job.MillraceException} with the exit code and a message for the user. A
 * thread interrupt makes {@code run} and {@code attach} stop watching and throw one with
 * {@link dev.millrace.job.ExitCode#INTERRUPTED}; the job itself goes on, or its message is {@link #INTERRUPTED} and
 * what becomes of the job.
 */
public interface JobClient extends AutoCloseable {
    /** What such a message begins with where the driver knows more of the job. */
    String INTERRUPTED = "interrupted; ";

    /** Submits a job and watches it to its end. */
    JobResult run(JobRequest request, JobListener listener);

    /** Takes over a job whose driver is gone, or fences it, and watches it to its end; a final job is only collected. */
    JobResult attach(JobId job, JobListener listener);

    /** All jobs the cluster remembers, the newest first. */
    List<JobRecord> list();

    /** Ends a job that is not final: nothing of it is published. */
    void cancel(JobId job);

    @Override
    void close();
}
