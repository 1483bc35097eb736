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
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Opens the product's {@link DocumentTracker} and {@link JobProgress} to the simulation, which stands in for Kafka. */
public final class SimulatedContinuousDriver {
    private final DocumentTracker tracker;
    private final JobProgress progress;
    private final LedgerEnds ends = new LedgerEnds();
    /** Drafts that its threads count. */
    private final List<DocumentTracker.Due> begun = new ArrayList<>();

    public SimulatedContinuousDriver(JobSpec spec) {
        tracker = new DocumentTracker(spec);
        progress = new JobProgress(spec, tracker);
    }

    @SuppressWarnings("ArrayRecordComponent")
    public record Task(DocumentTask task, byte[] texts) {}

    @SuppressWarnings("ArrayRecordComponent")
    public record Entry(String id, byte @Nullable [] value) {}

    /**
     * @param own tasks that the driver has counted itself
     * @param before the position without those
     */
    public record Batch(
            List<Task> tasks,
            List<DocumentTask> own,
            List<Entry> documents,
            List<LaneRecord.Watermark> watermarks,
            ContinuousPosition before,
            ContinuousPosition position) {}

    /** The end of a partition of the ledger, as the broker says. */
    public void reach(int partition, long end) {
        ends.reach(partition, end);
    }

    public void restore(ContinuousPosition position) {
        progress.restore(position);
    }

    public void restore(String id, byte @Nullable [] value) {
        tracker.restore(id, value);
    }

    public void restore(DocumentTask task, byte[] texts, long now) {
        tracker.restore(task, texts, now);
    }

    public @Nullable String disagreement() {
        return tracker.disagreement(ends::end);
    }

    public long tasksStart() {
        return progress.tasksStart();
    }

    public long eventsNext() {
        return progress.eventsNext();
    }

    public @Nullable Long sourcePosition(String source) {
        return tracker.sources().next(source);
    }

    public void taken(long offset) {
        progress.eventsTaken(offset + 1);
    }

    public void apply(Event event, long now) {
        if (event instanceof Event.DocumentsDone done) {
            ends.reach(done);
        }
        tracker.apply(event, now);
    }

    public void change(String id, String version, byte @Nullable [] text, String source, long position) {
        tracker.change(
                text == null
                        ? DocumentChange.deleted(id, version, source, position)
                        : new DocumentChange(id, version, text, text.length, 0, source, position),
                0);
    }

    public boolean rename(String from, String to, String version, byte[] text) {
        return tracker.rename(from, new DocumentChange(to, version, text, text.length, 0, "", 0));
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

    /** What the driver's process counts itself. */
    public interface Counting {
        boolean begins();

        /** Of a task that was begun, now or before; asked in each turn. */
        boolean isDone();

        /** False where it cannot be counted here. */
        boolean count(Task task);

        /** What became of the tasks that could, and are written in this turn, in their order. */
        List<Event.DocumentsDone> done(Function<List<Integer>, List<Long>> earliest);
    }

    /** As the product's loop does: tasks that are due or counted, and all else that has been decided. Null for nothing. */
    public @Nullable Batch publish(long now, boolean flush, LongSupplier tasksEnd, Counting counting) {
        List<DocumentTracker.Due> handedOut = new ArrayList<>();
        for (DocumentTracker.Due each : tracker.due(now)) {
            if (!each.isDraft()) {
                handedOut.add(each);
            } else if (each.isWhole() && counting.begins()) {
                begun.add(each);
            } else {
                handedOut.add(tracker.issue(each));
            }
        }
        List<DocumentTask> own = new ArrayList<>();
        for (DocumentTracker.Due each : List.copyOf(begun)) {
            if (counting.isDone()) {
                begun.remove(each);
                DocumentTracker.Due issued = tracker.issue(each);
                Task task = new Task(issued.task(), issued.texts());
                if (counting.count(task)) {
                    own.add(issued.task());
                } else {
                    handedOut.add(issued);
                }
            }
        }
        if (!flush && handedOut.isEmpty() && own.isEmpty()) {
            return null;
        }
        ContinuousPosition before = tracker.position(progress.tasksStart(), progress.eventsNext());
        if (!own.isEmpty()) {
            counting.done(ends::earliest).forEach(each -> tracker.apply(each, now));
        }
        return batch(handedOut, own, 0, flush, tasksEnd, before);
    }

    public Batch barrier(long number, LongSupplier tasksEnd) {
        ContinuousPosition before = tracker.position(progress.tasksStart(), progress.eventsNext());
        return batch(List.of(), List.of(), number, true, tasksEnd, before);
    }

    private Batch batch(
            List<DocumentTracker.Due> due,
            List<DocumentTask> own,
            long barrier,
            boolean mark,
            LongSupplier tasksEnd,
            ContinuousPosition before) {
        JobProgress.Batch batch = progress.batch(due, barrier, mark, tasksEnd);
        List<Task> tasks = new ArrayList<>();
        batch.tasks().forEach(each -> tasks.add(new Task(each.task(), each.texts())));
        return new Batch(tasks, own, entries(batch.documents()), batch.watermarks(), before, batch.position());
    }

    private static List<Entry> entries(List<DocumentTracker.Entry> entries) {
        return entries.stream().map(each -> new Entry(each.id(), each.value())).toList();
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
