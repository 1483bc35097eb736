package dev.millrace.driver.submit;

/** A random case that tells how to run it again when it fails. */
@FunctionalInterface
interface SeededCase {
    void run() throws Exception;

    static void of(long seed, SeededCase body) {
        try {
            body.run();
        } catch (Exception | AssertionError e) {
            throw new AssertionError("failed with -Dmillrace.seed=" + seed + ": " + e.getMessage(), e);
        }
    }
}
