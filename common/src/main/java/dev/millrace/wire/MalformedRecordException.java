package dev.millrace.wire;

import org.jspecify.annotations.Nullable;

/** A record on a topic is not what this release writes there. */
public final class MalformedRecordException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedRecordException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
