package dev.millrace.reducer;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.shuffle.LaneRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens the product's {@link ContinuousReduction}, within its {@link PartitionReducer}, to the simulation. */
public final class SimulatedContinuousReducer {
    private final PartitionReducer reducer;
    private final int partition;
    private final JobId job;

    public SimulatedContinuousReducer(int partition, JobId job, @Nullable Checkpoint checkpoint) {
        this.partition = partition;
        this.job = job;
        this.reducer = new PartitionReducer(partition, checkpoint, checkpoint == null ? 0 : checkpoint.position());
    }

    /** What one transaction of the loop holds. */
    public record Publication(Map<String, Long> counts, List<Event> events, Checkpoint checkpoint, Runnable confirm) {}

    public void restore(String word, long count) {
        ContinuousReduction continuous = reducer.continuous(job);
        if (continuous != null) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            continuous.restore(bytes, 0, bytes.length, count);
        }
    }

    public void restored() {
        reducer.continuous().forEach(ContinuousReduction::restored);
    }

    public void apply(long offset, LaneRecord record) {
        reducer.apply(offset, record);
    }

    public long nextOffset() {
        return reducer.nextOffset();
    }

    public boolean isDirty() {
        return reducer.isDirty();
    }

    /** What is said of a barrier just applied; null where it is passed over. */
    public Event.@Nullable PartitionBarrier reached(long barrier, long offset, long resultsEnd) {
        ContinuousReduction continuous = reducer.continuous(job);
        return continuous == null || continuous.failure() != null || continuous.next() != offset + 1
                ? null
                : new Event.PartitionBarrier(
                        job, partition, "r", barrier, resultsEnd, continuous.words(), continuous.total());
    }

    public Publication publication() {
        Map<String, Long> counts = new LinkedHashMap<>();
        List<Event> events = new ArrayList<>();
        for (ContinuousReduction continuous : reducer.continuous()) {
            String failure = continuous.failure();
            if (failure != null) {
                events.add(new Event.PartitionFailed(job, partition, "r", failure));
            } else {
                continuous.forEachChanged((word, from, length, count) ->
                        counts.put(new String(word, from, length, StandardCharsets.UTF_8), count));
            }
        }
        return new Publication(counts, events, reducer.checkpointAfter(List.of()), reducer::saved);
    }
}
