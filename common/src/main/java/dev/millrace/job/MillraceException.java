package dev.millrace.job;

import org.jspecify.annotations.Nullable;

/**
 * A failure that its reader can act on: the message names the file, option, topic or broker and says what to do, and
 * the exit code says what kind it is. It is printed without a stack trace.
 */
public final class MillraceException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ExitCode exitCode;

    public MillraceException(ExitCode exitCode, String message) {
        this(exitCode, message, null);
    }

    public MillraceException(ExitCode exitCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** What ends a process that has no memory left; says how much it had, and how to give it more. */
    public static MillraceException outOfMemory(OutOfMemoryError e) {
        return new MillraceException(
                ExitCode.FAILED,
                "out of memory (" + e.getMessage() + ") with a heap of "
                        + (Runtime.getRuntime().maxMemory() >> 20)
                        + " MiB: give more with MILLRACE_JAVA_OPTS=-Xmx4g, or, in a container, by its memory limit",
                e);
    }

    public ExitCode exitCode() {
        return exitCode;
    }
}
