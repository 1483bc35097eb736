package dev.millrace.driver.continuous;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Opens the product's {@link DocumentTracker} and {@link JobProgress} to the simulation, which stands in for Kafka. */
public final class SimulatedContinuousDriver {
    private final DocumentTracker tracker;
    private final JobProgress progress;

    public SimulatedContinuousDriver(JobSpec spec) {
        tracker = new DocumentTracker(spec);
        progress = new JobProgress(spec, tracker);
    }

    @SuppressWarnings("ArrayRecordComponent")
    public record Task(DocumentTask task, byte[] texts) {}

    @SuppressWarnings("ArrayRecordComponent")
    public record Entry(String id, byte @Nullable [] value) {}

    /** @param inline the task that the driver has counted itself */
    public record Batch(
            List<Task> tasks,
            @Nullable Task inline,
            List<Entry> documents,
            List<LaneRecord.Watermark> watermarks,
            ContinuousPosition position) {}

    public void restore(ContinuousPosition position) {
        progress.restore(position);
    }

    public void restore(String id, byte @Nullable [] value) {
        tracker.restore(id, value);
    }

    public void restore(DocumentTask task, byte[] texts, long now) {
        tracker.restore(task, texts, now);
    }

    public long tasksStart() {
        return progress.tasksStart();
    }

    public long eventsNext() {
        return progress.eventsNext();
    }

    public @Nullable Long sourcePosition(String source) {
        return tracker.sourcePosition(source);
    }

    public void taken(long offset) {
        progress.eventsTaken(offset + 1);
    }

    public void apply(Event event, long now) {
        tracker.apply(event, now);
    }

    public void change(String id, String version, byte @Nullable [] text, String source, long position) {
        tracker.change(
                text == null
                        ? DocumentChange.deleted(id, version, source, position)
                        : new DocumentChange(id, version, text, text.length, 0, source, position),
                0);
    }

    public boolean rename(String from, String to, String version) {
        return tracker.rename(from, to, version, 0);
    }

    public @Nullable DocumentEntry entry(String id) {
        return tracker.entry(id);
    }

    public Iterable<String> ids() {
        return tracker.ids();
    }

    public boolean hasRoom() {
        return tracker.hasRoom();
    }

    public boolean isQuiet() {
        return tracker.isQuiet();
    }

    public boolean wantsFlush() {
        return tracker.isDirty() || progress.isUnmarked();
    }

    /**
     * As the product's loop does: tasks that are due, and all else that has been decided. Null for nothing.
     *
     * @param countsItself whether the driver counts a task itself; it is not asked behind one that it does
     */
    public @Nullable Batch publish(
            long now, boolean flush, LongSupplier tasksEnd, Predicate<? super Task> countsItself) {
        List<DocumentTracker.Due> due = tracker.due(now);
        if (!flush && due.isEmpty()) {
            return null;
        }
        List<DocumentTracker.Due> handedOut = new ArrayList<>();
        Task inline = null;
        for (DocumentTracker.Due each : due) {
            Task task = new Task(each.task(), each.texts());
            if (inline == null && each.isWhole() && countsItself.test(task)) {
                inline = task;
            } else {
                handedOut.add(each);
            }
        }
        return batch(handedOut, inline, 0, flush, tasksEnd);
    }

    public Batch barrier(long number, LongSupplier tasksEnd) {
        return batch(List.of(), null, number, true, tasksEnd);
    }

    private Batch batch(
            List<DocumentTracker.Due> due, @Nullable Task inline, long barrier, boolean mark, LongSupplier tasksEnd) {
        JobProgress.Batch batch = progress.batch(due, barrier, mark, tasksEnd);
        List<Task> tasks = new ArrayList<>();
        batch.tasks().forEach(each -> tasks.add(new Task(each.task(), each.texts())));
        return new Batch(tasks, inline, entries(batch.documents()), batch.watermarks(), batch.position());
    }

    private static List<Entry> entries(List<DocumentTracker.Entry> entries) {
        return entries.stream().map(each -> new Entry(each.id(), each.value())).toList();
    }

    public List<Entry> entriesAfter(Event.DocumentsDone done) {
        return entries(tracker.entriesAfter(done));
    }

    public void committed(Event.DocumentsDone done, long now) {
        tracker.committed(done, now);
    }

    public long documents() {
        return tracker.documents();
    }

    public PartitionTotal total() {
        return tracker.total();
    }

    public @Nullable String failure() {
        return tracker.failure();
    }

    @Override
    public String toString() {
        return "waiting " + tracker.waiting() + " open " + tracker.openTasks() + " watermark " + tracker.watermark()
                + " next " + tracker.nextTask();
    }
}
