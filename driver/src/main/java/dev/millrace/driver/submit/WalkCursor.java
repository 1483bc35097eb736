package dev.millrace.driver.submit;

import dev.millrace.job.InputRange;

/**
 * How far a plan has been published: the next driver of a job goes on behind it.
 *
 * @param last the last range of the last published task
 * @param times how often that very range has been published, counting this one: more than once where two arguments
 *     reach the same file
 */
public record WalkCursor(InputRange last, int times) {
    public WalkCursor {
        if (times < 1) {
            throw new IllegalArgumentException("a cursor that was passed " + times + " times");
        }
    }
}
