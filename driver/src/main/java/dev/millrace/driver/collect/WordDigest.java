package dev.millrace.driver.collect;

/** The fixed 64-bit hash of a word that digests are made of. Any thread. */
@FunctionalInterface
interface WordDigest {
    /** @param word holds the word's UTF-8 bytes in {@code [from, from + length)} */
    long h64(byte[] word, int from, int length);
}
