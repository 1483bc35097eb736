package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PartitionLagsTest {
    private static final TopicPartition FAST = new TopicPartition("results", 0),
            SLOW = new TopicPartition("results", 1);
    private static final List<TopicPartition> BOTH = List.of(FAST, SLOW);

    private final PartitionLags lags = new PartitionLags();

    private void bothAreReadAsOf(long millis) {
        lags.ends(Map.of(FAST, 5L, SLOW, 7L), millis);
        lags.read(FAST, 5);
        lags.read(SLOW, 7);
    }

    /** A live table missed zeros of a partition that lagged for minutes, as the driver was heard of all the time. */
    @Test
    void aPartitionThatLagsIsNotTakenForReadBecauseOthersAre() {
        bothAreReadAsOf(1_000);
        assertThat(lags.readAsOfMillis(BOTH)).isEqualTo(1_000);
        for (long now = 6_000; now <= 200_000; now += 5_000) {
            lags.ends(lags.toAsk(BOTH).contains(SLOW) ? Map.of(FAST, now, SLOW, now) : Map.of(FAST, now), now);
            lags.read(FAST, now);
            lags.read(SLOW, 8);
        }
        assertThat(lags.readAsOfMillis(List.of(FAST))).isEqualTo(196_000);
        assertThat(lags.readAsOfMillis(BOTH)).isEqualTo(1_000);
        lags.read(SLOW, 6_000);
        assertThat(lags.readAsOfMillis(BOTH))
                .as("the end that was asked for first")
                .isEqualTo(6_000);
    }

    /** To stand at the last end that it knew is all that a reader can tell whose broker does not answer. */
    @Test
    void aPartitionWhoseEndIsNotAskedForIsAsOldAsItWasWhenThatWasAsked() {
        bothAreReadAsOf(1_000);
        lags.read(SLOW, 7);
        lags.ends(Map.of(FAST, 5L), 90_000);
        assertThat(lags.readAsOfMillis(BOTH)).isEqualTo(1_000);
        lags.ends(Map.of(SLOW, 7L), 95_000);
        assertThat(lags.readAsOfMillis(BOTH)).as("nothing came").isEqualTo(90_000);
    }

    @Test
    void anEndThatIsStillToBeReadIsNotAskedForAgain() {
        assertThat(lags.toAsk(BOTH)).isEqualTo(BOTH);
        assertThat(lags.readAsOfMillis(BOTH)).isZero();
        lags.ends(Map.of(FAST, 5L, SLOW, 7L), 1_000);
        lags.read(FAST, 5);
        lags.read(SLOW, 6);
        assertThat(lags.toAsk(BOTH)).containsExactly(FAST);
    }

    @Test
    void whatIsReadFromItsBeginningAgainHasToBeReadToItsEndAgain() {
        bothAreReadAsOf(1_000);
        lags.startOver(BOTH);
        lags.ends(Map.of(FAST, 5L, SLOW, 7L), 200_000);
        lags.read(FAST, 5);
        lags.read(SLOW, 2);
        assertThat(lags.readAsOfMillis(BOTH)).isEqualTo(1_000);
        lags.read(SLOW, 7);
        assertThat(lags.readAsOfMillis(BOTH)).isEqualTo(200_000);
    }
}
