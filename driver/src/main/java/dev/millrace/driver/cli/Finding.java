package dev.millrace.driver.cli;

/**
 * One thing that {@code doctor} looked at.
 *
 * @param what was looked at, as in {@code transaction.version}
 * @param found what it is
 * @param advice what to do; empty at {@link Level#OK}
 */
public record Finding(Level level, String what, String found, String advice) {
    /** How bad it is. */
    public enum Level {
        OK,
        /** Works, but slower or with less room for failures than it could. */
        WARN,
        /** Jobs fail. */
        FAIL
    }

    public static Finding ok(String what, String found) {
        return new Finding(Level.OK, what, found, "");
    }

    public static Finding warn(String what, String found, String advice) {
        return new Finding(Level.WARN, what, found, advice);
    }

    public static Finding fail(String what, String found, String advice) {
        return new Finding(Level.FAIL, what, found, advice);
    }
}
