package dev.millrace.job;

/** The documented exit codes of every Millrace process. */
public enum ExitCode {
    OK(0),
    FAILED(1),
    USAGE(2),
    NO_SUCH_JOB(3),
    BROKER(4),
    TIMED_OUT(5),
    CANCELLED(6),
    INTERRUPTED(130);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
