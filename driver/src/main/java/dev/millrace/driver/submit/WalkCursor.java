package dev.millrace.driver.submit;

import dev.millrace.job.InputRange;
import java.util.List;

/**
 * How far a plan has been published: the next driver of a job goes on behind it.
 *
 * @param last the last range of the last published task
 * @param times how often its file has been begun: more than once where several arguments reach it
 */
public record WalkCursor(InputRange last, int times) {
    public WalkCursor {
        if (times < 1) {
            throw new IllegalArgumentException("a cursor that was passed " + times + " times");
        }
    }

    /** @param published in their order; at least one */
    static WalkCursor behind(List<InputRange> published) {
        InputRange last = published.get(published.size() - 1);
        // By name: the file may have changed from one argument to the next.
        long begun = published.stream()
                .filter(each -> each.startByte() == 0
                        && each.root().equals(last.root())
                        && each.path().equals(last.path()))
                .count();
        return new WalkCursor(last, Math.toIntExact(begun));
    }
}
