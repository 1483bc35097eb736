package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MillraceException;
import java.util.Comparator;
import java.util.List;

/** A job as people name it: by its id, or a continuous one by its name. */
final class JobReference {
    private JobReference() {}

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
