package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** The clock of a driver that reads; what one does that comes back late, a real broker tests. */
final class TopicHistoryTest {
    private static final TopicPartition PARTITION = new TopicPartition("docs", 0);
    private static final long KEPT = 3_600_000;

    private final DocumentTracker tracker = new DocumentTracker(new JobSpec(
            JobId.parse("00112233445566dd"),
            "wiki",
            JobKind.CONTINUOUS,
            new TextRules("unicode", 1, List.of()),
            new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1000),
            1,
            "pairs-id",
            2,
            2,
            false,
            0,
            0,
            0));
    private final TopicHistory history = new TopicHistory(
            ClusterSettings.of("nowhere:1"),
            new ClusterSetup.DocumentsTopic("id", KEPT),
            partition -> 0,
            "wiki",
            new TopicSource("docs", 1),
            tracker);

    private boolean tick(long end, long position, long nowMillis) {
        return history.tick(() -> Map.of(PARTITION, end), () -> Map.of(PARTITION, position), nowMillis);
    }

    @Test
    void theTopicIsReadUpToTheTimeOfAnEndThatWasReached() {
        tick(10, 5, 61_000);
        tick(20, 9, 62_000);
        assertThat(tracker.sourcePosition("docs@id")).isNull();
        tick(30, 10, 63_000);
        assertThat(tracker.sourcePosition("docs@id")).isEqualTo(61_000);
    }

    /** It would end for nothing if it had to be at the very end when it looks. */
    @Test
    void aDriverThatIsAlwaysALittleBehindGoesOn() {
        for (long now = 0; now < 5 * KEPT; now += 1_000) {
            tick(now / 10, now / 10 - 5, now);
        }
        assertThat(tracker.sourcePosition("docs@id")).isGreaterThan(5 * KEPT - 130_000);
    }

    @Test
    void aDriverThatHasFallenBehindFurtherThanDeletionsAreKeptEnds() {
        for (long now = 0; now < KEPT - 60_000; now += 1_000) {
            tick(now + 1, 0, now);
        }
        assertThatThrownBy(() -> tick(KEPT, 0, KEPT))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("forgets deletions after 1h: start it again");
    }

    @Test
    void itsTimeIsWrittenDownNowAndThenInAQuietTopic() {
        int written = 0;
        for (long now = 1_000; now <= KEPT; now += 1_000) {
            written += tick(0, 0, now) ? 1 : 0;
        }
        assertThat(written).isBetween(20, 25);
    }
}
