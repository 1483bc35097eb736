package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class JobStatusTest {
    private static final JobSpec SPEC = DocumentTrackerTest.SPEC;

    private final DocumentTracker tracker = new DocumentTracker(SPEC);
    private final JobStatus status = new JobStatus(SPEC, tracker);

    @Test
    void theSameIsSaidAgainNowAndThen() {
        ContinuousStatus same = status.now(0, 0);
        assertThat(status.toSay(same, 0, 1_000_000)).isNotNull();
        assertThat(status.toSay(same, 1_000, 1_001_000)).isNull();
        assertThat(status.toSay(same, 4_999, 1_004_999)).isNull();
        assertThat(Objects.requireNonNull(status.toSay(same, 5_000, 1_005_000)).atMillis())
                .isEqualTo(1_005_000);
    }

    /** A driver that ran was called silent for as long as its clock had been set back. */
    @Test
    void theSameIsSaidAgainThoughTheClockWasSetBack() {
        ContinuousStatus same = status.now(0, 0);
        assertThat(status.toSay(same, 0, 9_000_000)).isNotNull();
        assertThat(status.toSay(same, 5_000, 1_000_000)).isNotNull();
    }

    @Test
    void whatIsNewIsSaidAtOnce() {
        ContinuousStatus none = status.now(0, 0);
        assertThat(status.toSay(none, 0, 1_000_000)).isNotNull();
        tracker.restore(
                new ContinuousPosition(SPEC.id(), 0, 0, 3, 3, List.of(), List.of(new PartitionTotal(7, 7)), Map.of()));
        assertThat(Objects.requireNonNull(status.toSay(status.now(1, 0), 1, 1_000_001))
                        .tokens())
                .isEqualTo(7);
    }

    /** With reducers dead, counts seemed to be fresh within milliseconds. */
    @Test
    void countsAreAsFreshAsReducersHaveAnswered() {
        assertThat(status.ask(60_000)).as("nothing is counted").isEmpty();
        tracker.restore(
                new ContinuousPosition(SPEC.id(), 0, 0, 3, 3, List.of(), List.of(PartitionTotal.ZERO), Map.of()));
        long mark = status.ask(60_000).orElseThrow();
        assertThat(status.now(62_000, 0).freshnessMillis()).isNegative();
        assertThat(status.now(65_000, 0).freshnessMillis()).isEqualTo(5_000);
        assertThat(Objects.requireNonNull(status.toSay(status.now(65_000, 0), 65_000, 0))
                        .isBehind())
                .isTrue();
        assertThat(status.ask(80_000)).as("one mark is waited for").isEmpty();
        status.answered(new Event.PartitionBarrier(SPEC.id(), 0, "r", mark, 0, 0, PartitionTotal.ZERO));
        assertThat(status.now(81_000, 0).freshnessMillis()).isNegative();
        assertThat(status.ask(82_000)).as("nothing is new").isEmpty();
    }

    /** What stood behind an open transaction was not read, and counts seemed to be fresh within milliseconds. */
    @Test
    void countsAreAsFreshAsWhatIsThereToBeRead() {
        ContinuousStatus held = status.now(60_000, 25_000);
        assertThat(held.freshnessMillis()).isEqualTo(25_000);
        assertThat(Objects.requireNonNull(status.toSay(held, 60_000, 0)).isBehind())
                .isTrue();
        assertThat(Objects.requireNonNull(status.toSay(status.now(61_000, 0), 61_000, 1))
                        .isBehind())
                .isFalse();
    }
}
