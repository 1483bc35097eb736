package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.MillraceException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

final class ResultsReadingTest {
    private final List<String> done = new ArrayList<>();
    private long nowMillis;

    private void read(Long... tookMillis) {
        Queue<Long> took = new ArrayDeque<>(List.of(tookMillis));
        ResultsReading.inTime(
                "wiki",
                () -> nowMillis,
                () -> {
                    nowMillis += took.remove();
                    done.add("read");
                },
                () -> done.add("forgotten"));
    }

    @Test
    void whatIsReadInTimeIsReadOnce() {
        read(100_000L);
        assertThat(done).containsExactly("read");
    }

    /** Words that had gone to zero meanwhile kept their counts, over a slow network. */
    @Test
    void whatTookLongIsReadAgain() {
        read(100_001L, 9L);
        assertThat(done).containsExactly("read", "forgotten", "read");
    }

    @Test
    void whatTakesLongEachTimeIsNotBelieved() {
        assertThatThrownBy(() -> read(300_000L, 200_000L))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("the counts of the job wiki took 200 s to read");
    }
}
