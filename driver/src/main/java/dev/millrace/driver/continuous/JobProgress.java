package dev.millrace.driver.continuous;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Where the driver of a continuous job is in the topics, and what goes out in one transaction. Pure: offsets come in as
 * arguments.
 */
final class JobProgress {
    private final JobSpec spec;
    private final DocumentTracker tracker;
    private long tasksStart, eventsNext;
    /** An end of the tasks topic, and the number of the task that was the next then. */
    private long tasksEnd, tasksEndNext;

    private long markedWatermark = -1;

    JobProgress(JobSpec spec, DocumentTracker tracker) {
        this.spec = spec;
        this.tracker = tracker;
        tasksStart = spec.tasksStart();
        eventsNext = spec.eventsStart();
        tasksEnd = tasksStart;
    }

    /**
     * What one transaction holds.
     *
     * @param watermarks by partition; none where nothing is to be said
     */
    record Batch(
            List<DocumentTracker.Due> tasks,
            List<DocumentTracker.Entry> documents,
            List<LaneRecord.Watermark> watermarks,
            ContinuousPosition position) {}

    /** Takes what an earlier driver has left; entries and tasks are the tracker's. */
    void restore(ContinuousPosition position) {
        tasksStart = position.tasksStart();
        eventsNext = position.eventsStart();
        tasksEnd = tasksStart;
        tasksEndNext = position.watermark();
        tracker.restore(position);
    }

    /** Every event before has been taken. */
    void eventsTaken(long next) {
        eventsNext = next;
    }

    /** Whether reducers have not heard of the present watermark. */
    boolean isUnmarked() {
        return tracker.watermark() > markedWatermark;
    }

    /**
     * Everything that the driver has decided since the last time, and the position that it leads to.
     *
     * @param atBarrier number of the barrier that this is; 0 for none
     * @param tasksEndNow asked for an end of the tasks topic before this transaction
     */
    Batch batch(List<DocumentTracker.Due> due, long atBarrier, boolean mark, LongSupplier tasksEndNow) {
        List<DocumentTracker.Entry> documents = tracker.takeDirty();
        List<LaneRecord.Watermark> watermarks = new ArrayList<>();
        if (mark) {
            if (tracker.watermark() >= tasksEndNext) {
                tasksStart = tasksEnd;
                tasksEnd = tasksEndNow.getAsLong();
                tasksEndNext = tracker.nextTask()
                        - due.stream()
                                .filter(each -> each.task().attempt() == 1)
                                .count();
            }
            if (atBarrier != 0 || isUnmarked()) {
                markedWatermark = tracker.watermark();
                for (PartitionTotal total : tracker.totals()) {
                    watermarks.add(new LaneRecord.Watermark(spec.id(), markedWatermark, total, atBarrier));
                }
            }
        }
        return new Batch(due, documents, watermarks, tracker.position(tasksStart, eventsNext));
    }

    long tasksStart() {
        return tasksStart;
    }

    long eventsNext() {
        return eventsNext;
    }
}
