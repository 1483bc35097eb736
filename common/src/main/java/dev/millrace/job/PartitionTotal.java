package dev.millrace.job;

/**
 * What goes into, or comes out of, one partition. Totals add up in any order, over tasks and over partitions.
 *
 * @param tokens sum of counts
 * @param digest sum of count x h64(word), modulo 2^64: independent of order, batching and partitioning
 */
public record PartitionTotal(long tokens, long digest) {
    public static final PartitionTotal ZERO = new PartitionTotal(0, 0);

    /** @throws ArithmeticException if the tokens exceed 63 bits */
    public PartitionTotal plus(PartitionTotal other) {
        return new PartitionTotal(Math.addExact(tokens, other.tokens), digest + other.digest);
    }
}
