package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LedgerEndsTest {
    private final LedgerEnds ends = new LedgerEnds();

    @Test
    void recordsOfOnePartitionLieOneBehindTheOther() {
        ends.reach(0, 100);
        ends.reach(2, 7);
        assertThat(ends.earliest(List.of(0, 2, 0, 1, 0, 1))).containsExactly(100L, 7L, 101L, 0L, 102L, 1L);
        assertThat(ends.earliest(List.of(0))).as("nothing was sent yet").containsExactly(100L);
    }

    @Test
    void anOlderEndSaysNothing() {
        ends.reach(0, 100);
        ends.reach(0, 50);
        assertThat(ends.earliest(List.of(0))).containsExactly(100L);
    }

    @Test
    void whatMappersWroteCounts() {
        ends.reach(new Event.DocumentsDone(
                new JobId(1),
                3,
                1,
                5,
                "mapper",
                List.of(1),
                List.of(PartitionTotal.ZERO),
                List.of(
                        new Event.Block(1, 40, PartitionTotal.ZERO, TextStats.NONE),
                        new Event.Block(1, 41, PartitionTotal.ZERO, TextStats.NONE))));
        assertThat(ends.earliest(List.of(1))).containsExactly(42L);
    }
}
