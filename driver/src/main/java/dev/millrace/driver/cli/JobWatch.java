package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobResult;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Runs a job in front of its user: progress while it goes on, the result when it is done, and how to come back. */
final class JobWatch {
    private final Session session;
    private final ProgressReporter.Level level;
    private final @Nullable Duration limit;

    JobWatch(Session session, ProgressReporter.Level level, @Nullable Duration limit) {
        this.session = session;
        this.level = level;
        this.limit = limit;
    }

    /** What is done with a client: a job is submitted, or one is attached to. */
    @FunctionalInterface
    interface Work {
        JobResult run(JobClient client, JobListener listener);
    }

    /** @return the exit code */
    int watch(ClusterOptions options, ResultArguments.Destination destination, @Nullable JobId known, Work work) {
        ProgressReporter reporter = new ProgressReporter(session.terminal(), level, !options.isEmbedded());
        try (Interrupts interrupts = new Interrupts(session.signals(), limit)) {
            try (JobClient client = session.open(options)) {
                JobResult result = run(work, client, reporter, interrupts);
                reporter.clear();
                destination.accept(result, session.wiring().text(), level);
                return ExitCode.OK.code();
            } catch (RuntimeException e) {
                reporter.clear();
                Interrupts.Cause cause = interrupts.cause();
                JobId job = known != null ? known : reporter.job();
                // Whatever an interrupt looks like by the time it gets here.
                throw cause == null ? e : ended(cause, options, job, e);
            }
        }
    }

    private static JobResult run(Work work, JobClient client, JobListener listener, Interrupts interrupts) {
        try {
            return work.run(client, listener);
        } catch (RuntimeException e) {
            interrupts.ended();
            throw e;
        }
    }

    private MillraceException ended(
            Interrupts.Cause cause, ClusterOptions options, @Nullable JobId job, RuntimeException e) {
        String why = cause == Interrupts.Cause.SIGNAL || limit == null
                ? "interrupted"
                : "not done after " + Amounts.elapsed(limit.toMillis());
        String told = e instanceof MillraceException known && known.exitCode() == ExitCode.INTERRUPTED
                ? String.valueOf(known.getMessage())
                : "";
        String then;
        if (options.isEmbedded()) {
            then = "; the job was stopped";
        } else if (told.startsWith(JobClient.INTERRUPTED)) {
            then = "; " + told.substring(JobClient.INTERRUPTED.length()); // the driver knows whether the job can go on
        } else if (job == null) {
            then = "; no job was started";
        } else {
            then = "; job " + job + " goes on. To come back: millrace attach " + job + options.asTyped();
        }
        ExitCode code = cause == Interrupts.Cause.SIGNAL ? ExitCode.INTERRUPTED : ExitCode.TIMED_OUT;
        return new MillraceException(code, why + then, e);
    }
}
