package dev.millrace.driver.continuous;

/**
 * How a continuous job does.
 *
 * @param documents counted
 * @param tokens words in them
 * @param changes that came from the sources since the driver started
 * @param waiting documents whose change waits for a task
 * @param openTasks handed out and not done
 * @param unreadable documents that keep their last good version
 */
public record ContinuousStatus(long documents, long tokens, long changes, int waiting, int openTasks, int unreadable) {}
