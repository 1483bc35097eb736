package dev.millrace.driver.collect;

import java.io.IOException;

/** Takes words one by one, in the order of whoever hands them out. */
@FunctionalInterface
public interface WordSink {
    /**
     * @param bytes holds the word's UTF-8 bytes in {@code [from, from + length)}; only to be read, and only during the
     *     call
     */
    void accept(byte[] bytes, int from, int length, long count) throws IOException;
}
