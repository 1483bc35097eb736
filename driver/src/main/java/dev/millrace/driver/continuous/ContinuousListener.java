package dev.millrace.driver.continuous;

import dev.millrace.job.JobId;

/** Is told what happens to a continuous job. Called on the driver's thread, so it must return at once. */
public interface ContinuousListener {
    ContinuousListener NONE = new ContinuousListener() {};

    /** @param resumed whether the job was there before */
    default void opened(JobId job, boolean resumed) {}

    /** Called about once a second. */
    default void status(ContinuousStatus status) {}

    /** Something a user should know. */
    default void notice(String message) {}
}
