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

    public ExitCode exitCode() {
        return exitCode;
    }
}
