package dev.millrace.driver.continuous;

/**
 * How a continuous job does.
 *
 * @param documents counted
 * @param tokens words in them
 * @param changes that came from the sources since the driver started
 * @param changesPerSecond of these, over the last few seconds
 * @param waiting documents whose change waits for a task
 * @param openTasks handed out and not done
 * @param unreadable documents that keep their last good version
 * @param freshnessMillis as {@link dev.millrace.job.Event.ContinuousStatus} has it
 */
public record ContinuousStatus(
        long documents,
        long tokens,
        long changes,
        long changesPerSecond,
        int waiting,
        int openTasks,
        int unreadable,
        long freshnessMillis) {}
