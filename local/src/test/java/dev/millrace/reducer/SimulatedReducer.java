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

/** Opens the product's {@link PartitionReducer} to the simulation, which stands in for its Kafka loop. */
public final class SimulatedReducer {
    private final PartitionReducer reducer;
    private final int partition;

    public SimulatedReducer(int partition, @Nullable Checkpoint checkpoint) {
        this.partition = partition;
        this.reducer = new PartitionReducer(partition, checkpoint, checkpoint == null ? 0 : checkpoint.position());
    }

    /** What one transaction of the loop holds. */
    public record Publication(
            Map<JobId, Map<String, Long>> counts, List<Event> events, Checkpoint checkpoint, Runnable confirm) {}

    public void apply(long offset, LaneRecord record) {
        reducer.apply(offset, record);
    }

    public long nextOffset() {
        return reducer.nextOffset();
    }

    public @Nullable Publication due() {
        List<PartitionReducer.Ended> ended = reducer.ended();
        if (ended.isEmpty() && !reducer.isDirty()) {
            return null;
        }
        Map<JobId, Map<String, Long>> counts = new LinkedHashMap<>();
        List<Event> events = new ArrayList<>();
        for (PartitionReducer.Ended job : ended) {
            JobReduction reduction = job.reduction();
            String failure = job.failure();
            if (failure != null) {
                events.add(new Event.PartitionFailed(job.job(), partition, "r", failure));
                continue;
            }
            Map<String, Long> words = new LinkedHashMap<>();
            reduction
                    .counts()
                    .forEach((word, from, length, count) ->
                            words.put(new String(word, from, length, StandardCharsets.UTF_8), count));
            counts.put(job.job(), words);
            events.add(new Event.PartitionDone(
                    job.job(),
                    partition,
                    "r",
                    words.size(),
                    reduction.counts().total(),
                    reduction.duplicatesDropped()));
        }
        return new Publication(counts, events, reducer.checkpointAfter(ended), () -> {
            ended.forEach(reducer::published);
            reducer.saved();
        });
    }
}
