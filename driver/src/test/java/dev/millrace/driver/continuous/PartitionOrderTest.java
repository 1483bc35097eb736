package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

final class PartitionOrderTest {
    private static final TopicPartition FIRST = new TopicPartition("docs", 0),
            SECOND = new TopicPartition("docs", 1),
            THIRD = new TopicPartition("docs", 2),
            FOURTH = new TopicPartition("docs", 3);

    private final SourcePositions positions = new SourcePositions();
    private final PartitionOrder order = new PartitionOrder(positions);

    @Test
    void allThatWereThereFromTheBeginningAreReadAtOnce() {
        List<TopicPartition> all = List.of(FIRST, SECOND, THIRD);
        assertThat(order.readable(all)).isEqualTo(all);
    }

    @Test
    void eachThatWasAddedIsReadOnceAllBeforeItAreInTasks() {
        List<TopicPartition> all = List.of(FIRST, SECOND, THIRD, FOURTH);
        order.added(List.of(THIRD, FOURTH), Map.of(FIRST, 2L, SECOND, 0L, THIRD, 1L, FOURTH, 5L));
        positions.readUpTo(TopicSource.name(SECOND), 0);
        assertThat(order.readable(all)).containsExactly(FIRST, SECOND);

        positions.told(TopicSource.name(FIRST), 0);
        positions.told(TopicSource.name(FIRST), 1);
        positions.release(TopicSource.name(FIRST), 0);
        assertThat(order.readable(all)).as("one is read, and in no task").containsExactly(FIRST, SECOND);

        positions.told(TopicSource.name(FIRST), 2);
        positions.release(TopicSource.name(FIRST), 1);
        assertThat(order.readable(all))
                .as("what came behind is waited for by nobody")
                .containsExactly(FIRST, SECOND, THIRD);

        positions.readUpTo(TopicSource.name(THIRD), 1);
        assertThat(order.readable(all)).isEqualTo(all);
    }

    @Test
    void whatCouldNotBeReadKeepsNoPartitionFromBeingRead() {
        order.added(List.of(SECOND), Map.of(FIRST, 1L, SECOND, 1L));
        positions.announce(TopicSource.name(FIRST), 0);
        assertThat(order.readable(List.of(FIRST, SECOND))).containsExactly(FIRST);
        positions.keep(TopicSource.name(FIRST), 0);
        assertThat(order.readable(List.of(FIRST, SECOND))).containsExactly(FIRST, SECOND);
    }
}
