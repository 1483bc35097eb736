package dev.millrace.shuffle;

/** Takes (word, count) pairs one by one. */
@FunctionalInterface
public interface PairSink {
    /**
     * @param word array that holds the word; it belongs to the caller, who changes it once this method returns
     * @param from first byte of the word
     * @param length bytes of the word, at least 1
     * @param count may be negative or zero
     */
    void pair(byte[] word, int from, int length, long count);
}
