package dev.millrace.driver.collect;

/** Stub to be replaced: all counts of a finished job. */
public final class ResultTable {
    /**
     * Adds one word.
     *
     * @param word holds the word's UTF-8 bytes in {@code [from, from + length)}; copied
     */
    public void add(byte[] word, int from, int length, long count) {
        throw new UnsupportedOperationException();
    }

    /** Distinct words. */
    public int size() {
        throw new UnsupportedOperationException();
    }
}
