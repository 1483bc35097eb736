package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MillraceException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A job as people name it: by its id, or a continuous one by its name. */
final class JobReference {
    private JobReference() {}

    /** Null where that is none, and so may be a name. */
    static @Nullable JobId id(String reference) {
        try {
            return JobId.parse(reference);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /**
     * @param jobs all there are, the newest first
     * @param reference an id, else the name of a continuous job: of several, one that goes on, else the newest
     */
    static JobRecord find(List<JobRecord> jobs, String reference) {
        return jobs.stream()
                .filter(job -> job.spec().id().toString().equalsIgnoreCase(reference))
                .findFirst()
                .or(() -> jobs.stream()
                        .filter(job -> job.spec().kind() == JobKind.CONTINUOUS
                                && job.spec().name().equals(reference))
                        .min(Comparator.comparing(job -> job.state().isFinal())))
                .orElseThrow(() -> new MillraceException(
                        ExitCode.NO_SUCH_JOB,
                        "there is no job " + reference + ", neither by id nor, of continuous ones, by name;"
                                + " 'millrace list' shows those there are"));
    }
}
