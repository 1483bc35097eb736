package dev.millrace.job;

/**
 * The job as the compacted jobs topic holds it.
 *
 * @param tasks number of tasks, once sealed; before that -1
 * @param files input files planned so far; final once sealed
 * @param detail why it failed or was cancelled; of a batch job that did not, what it leaves out, as its driver writes it;
 *     else empty
 */
public record JobRecord(JobSpec spec, JobState state, int tasks, long files, String detail) {
    public static JobRecord open(JobSpec spec) {
        return new JobRecord(spec, JobState.OPEN, -1, 0, "");
    }

    /** @throws IllegalStateException where the state has no such next state */
    public JobRecord become(JobState next, String newDetail) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("job " + spec.id() + " is " + state + " and cannot become " + next);
        }
        return new JobRecord(spec, next, tasks, files, newDetail);
    }

    public JobRecord seal(int finalTasks, long finalFiles, String newDetail) {
        return new JobRecord(spec, state, finalTasks, finalFiles, detail).become(JobState.SEALED, newDetail);
    }
}
