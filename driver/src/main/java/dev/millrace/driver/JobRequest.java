package dev.millrace.driver;

import dev.millrace.job.InputSpec;
import dev.millrace.job.TextRules;

/**
 * What a user asks for when a job is submitted.
 *
 * @param name for people; need not be unique
 * @param window most tasks published and not done at any time
 * @param maxAttempts runs of one task before it counts as failed
 * @param skipFailed leave a task out that failed for good, and say so in the receipt, in place of failing the job
 */
public record JobRequest(
        String name, InputSpec input, TextRules rules, int window, int maxAttempts, boolean skipFailed) {}
