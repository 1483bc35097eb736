package dev.millrace.text;

import java.util.Random;
import java.util.function.BiConsumer;

/** Random cases that say how to run the one that failed again. */
final class Seeds {
    private static final Long REPLAYED = Long.getLong("millrace.seed");

    private Seeds() {}

    /** Runs the cases first, first + 1, ...; or only that of {@code -Dmillrace.seed=N}. */
    static void forEach(long first, int cases, BiConsumer<Long, Random> test) {
        long from = REPLAYED == null ? first : REPLAYED;
        long to = REPLAYED == null ? first + cases : REPLAYED + 1;
        for (long seed = from; seed < to; seed++) {
            try {
                test.accept(seed, new Random(seed * 0x9E3779B97F4A7C15L));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("case with -Dmillrace.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
    }
}
