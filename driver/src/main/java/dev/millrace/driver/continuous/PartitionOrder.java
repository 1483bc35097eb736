package dev.millrace.driver.continuous;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;

/**
 * Which partitions of a topic may be read. Once it was given more, once or several times, documents go there that were in
 * those before, where older versions of them may be that are in no task yet. So each that came meanwhile is read once all
 * before it are in tasks, up to where they ended then. Pure.
 */
final class PartitionOrder {
    private final SourcePositions positions;
    private final NavigableSet<TopicPartition> later =
            new TreeSet<>(Comparator.comparingInt(TopicPartition::partition));
    private final Map<TopicPartition, Long> ends = new HashMap<>();

    PartitionOrder(SourcePositions positions) {
        this.positions = positions;
    }

    /** @param endsNow of all partitions */
    void added(Collection<TopicPartition> added, Map<TopicPartition, Long> endsNow) {
        later.addAll(added);
        ends.putAll(endsNow);
    }

    /** Those of all that may be read now. */
    List<TopicPartition> readable(List<TopicPartition> all) {
        while (!later.isEmpty() && isAllInTasksBefore(later.first(), all)) {
            later.remove(later.first());
        }
        return later.isEmpty()
                ? all
                : all.stream().filter(partition -> !later.contains(partition)).toList();
    }

    private boolean isAllInTasksBefore(TopicPartition added, List<TopicPartition> all) {
        return all.stream()
                .filter(each -> each.partition() < added.partition())
                .allMatch(each -> positions.isInTasks(TopicSource.name(each), ends.getOrDefault(each, 0L)));
    }
}
