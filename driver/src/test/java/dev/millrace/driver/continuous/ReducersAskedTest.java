package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import org.junit.jupiter.api.Test;

final class ReducersAskedTest {
    private final ReducersAsked asked = new ReducersAsked();

    private void answered(long number, int partition) {
        asked.answered(new Event.PartitionBarrier(
                JobId.parse("00112233445566dd"), partition, "r", number, 0, 0, PartitionTotal.ZERO));
    }

    @Test
    void isBehindFromTheFirstMarkThatSomebodyHasNotAnswered() {
        assertThat(asked.isAsked()).isFalse();
        assertThat(asked.isAnswered()).isTrue();
        long first = asked.ask(2, 1_000);
        answered(first, 0);
        assertThat(asked.isAnswered()).isFalse();
        assertThat(asked.behindMillis(5_000)).isEqualTo(4_000);
        answered(first + 2, 1);
        assertThat(asked.isAnswered()).isFalse();
        answered(first, 1);
        assertThat(asked.isAnswered()).isTrue();
        assertThat(asked.behindMillis(5_000)).isZero();
    }

    /** A broker that lost an answer had a stream wait at its end for good. */
    @Test
    void anAnswerThatIsLostIsAskedForAgain() {
        asked.ask(1, 0);
        assertThat(asked.isLate(30_000)).isFalse();
        assertThat(asked.isLate(30_001)).isTrue();
        long second = asked.ask(1, 30_001);
        assertThat(asked.isLate(90_001)).isFalse();
        assertThat(asked.isLate(90_002)).isTrue();
        answered(second, 0);
        assertThat(asked.isAnswered())
                .as("who answers the second has passed the first")
                .isTrue();
    }

    /** The newest mark was never answered in time, and counts seemed to fall behind without end. */
    @Test
    void whoIsAlwaysALittleBehindIsNotEverMoreBehind() {
        long first = asked.ask(1, 0);
        long second = asked.ask(1, 31_000);
        answered(first, 0);
        assertThat(asked.behindMillis(40_000)).isEqualTo(9_000);
        long third = asked.ask(1, 62_000);
        answered(second, 0);
        assertThat(asked.behindMillis(72_000)).isEqualTo(10_000);
        answered(third, 0);
        assertThat(asked.isAnswered()).isTrue();
    }
}
