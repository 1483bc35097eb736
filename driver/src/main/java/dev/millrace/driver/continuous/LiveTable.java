package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The counts of a continuous job as they are now, and now, and now. One thread. */
public interface LiveTable extends AutoCloseable {
    /** A word and its count. */
    record WordCount(String word, long count) {}

    /**
     * One look at the table.
     *
     * @param words distinct words
     * @param tokens sum of all counts
     * @param top the most frequent words, in the order of all tables
     * @param status what the job's driver said last; null where it has said nothing lately
     */
    record View(long words, long tokens, List<WordCount> top, Event.@Nullable ContinuousStatus status) {
        public View {
            top = List.copyOf(top);
        }
    }

    /** Reads all that is published now. */
    void catchUp();

    /** Waits for news, so long at most; returns whether there were any. */
    boolean poll(Duration patience);

    /** @param top most words in it */
    View view(int top);

    @Override
    void close();
}
