package dev.millrace.driver.continuous;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * How far a reader is behind in each of its partitions, in time: where each ends is asked for now and then, and when
 * that is read, all is that was there when it was asked. That others answer says nothing of one whose broker does
 * not, and that a reader stands at the last end it knew says nothing of now. Pure.
 */
final class PartitionLags {
    /** An end that is still to be read. */
    private record End(long offset, long askedMillis) {}

    private final Map<TopicPartition, End> ends = new HashMap<>();
    private final Map<TopicPartition, Long> next = new HashMap<>();
    /** All that was there then is read. */
    private final Map<TopicPartition, Long> readAsOfMillis = new HashMap<>();

    /** Those whose end is to be asked for: all others have one that is still to be read. */
    List<TopicPartition> toAsk(Collection<TopicPartition> partitions) {
        return partitions.stream().filter(each -> !ends.containsKey(each)).toList();
    }

    /** @param askedMillis when they were asked for, by a clock that goes on while the machine sleeps */
    void ends(Map<TopicPartition, Long> told, long askedMillis) {
        told.forEach((partition, offset) -> {
            ends.put(partition, new End(offset, askedMillis));
            settle(partition);
        });
    }

    /** @param offset of the next record to be read */
    void read(TopicPartition partition, long offset) {
        next.put(partition, offset);
        settle(partition);
    }

    private void settle(TopicPartition partition) {
        End end = ends.get(partition);
        if (end != null && next.getOrDefault(partition, -1L) >= end.offset) {
            readAsOfMillis.put(partition, end.askedMillis);
            ends.remove(partition);
        }
    }

    /** These are read from their beginning again; how far they were behind is what holds until then. */
    void startOver(Collection<TopicPartition> partitions) {
        next.keySet().removeAll(partitions);
        ends.keySet().removeAll(partitions);
    }

    /** Until when all these have been read at least, in milliseconds since 1970; 0 where one has never been. */
    long readAsOfMillis(Collection<TopicPartition> partitions) {
        return partitions.stream()
                .mapToLong(each -> readAsOfMillis.getOrDefault(each, 0L))
                .min()
                .orElse(0);
    }
}
