package dev.millrace.driver.cli;

/** What options are where nobody says. */
public final class Defaults {
    /** Any length gives the same counts; see the benchmarks for why this one. */
    public static final long CHUNK_BYTES = 32L << 20;

    public static final String TOPIC_PREFIX = "millrace.";
    /** Tasks published and not done. */
    public static final int WINDOW = 64;

    public static final int MAX_ATTEMPTS = 4;

    private Defaults() {}
}
