package dev.millrace.driver;

import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens the product's {@link JobTracker} to the simulation, which stands in for its Kafka loop. */
public final class SimulatedDriver {
    private final JobTracker tracker;

    public SimulatedDriver(JobSpec spec) {
        tracker = new JobTracker(spec);
    }

    public void recovered(ChunkTask task, long now) {
        tracker.planPublished(task, now);
    }

    public void plan(ChunkTask task) {
        tracker.plan(task);
    }

    public void seal() {
        tracker.seal();
    }

    public int planned() {
        return tracker.taskCount();
    }

    public int unpublished() {
        return tracker.planned();
    }

    public List<ChunkTask> due(long now) {
        return tracker.due(now);
    }

    public void apply(Event event, long now) {
        tracker.apply(event, now);
    }

    public boolean isMapped() {
        return tracker.isMapped();
    }

    public boolean isReduced() {
        return tracker.isReduced();
    }

    public int tasksIn(int partition) {
        return tracker.tasksIn(partition);
    }

    public PartitionTotal mapped(int partition) {
        return tracker.mapped(partition);
    }

    public boolean conserves(PartitionTotal collected) {
        return collected.equals(tracker.mapped()) && collected.equals(tracker.reduced());
    }

    public int backups() {
        return tracker.backups();
    }

    public @Nullable String failure() {
        return tracker.failure();
    }
}
