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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
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
    private final TopicHistory history = history(KEPT);
    private final List<String> told = new ArrayList<>();

    private void told(String notice) {
        told.add(notice);
    }

    private TopicHistory history(long keptMillis) {
        return new TopicHistory(
                ClusterSettings.of("nowhere:1"),
                new ClusterSetup.DocumentsTopic("id", keptMillis),
                partition -> 100,
                "wiki",
                "begin anew",
                new TopicSource("docs", 1),
                tracker);
    }

    private boolean tick(long end, long position, long nowMillis) {
        tracker.sources().readUpTo("docs-0", position); // nothing waits
        return history.tick(() -> Map.of(PARTITION, end), () -> Map.of(PARTITION, position), nowMillis);
    }

    @Test
    void theTopicIsReadUpToTheTimeOfAnEndThatWasReached() {
        tick(10, 5, 61_000);
        tick(20, 9, 62_000);
        assertThat(tracker.sources().next("docs@id")).isNull();
        tick(30, 10, 63_000);
        assertThat(tracker.sources().next("docs@id")).isEqualTo(61_000);
    }

    /** Its next driver would find neither the deletion nor that it has to look for one. */
    @Test
    void theTimeDoesNotPassADeletionThatIsReadAndInNoTask() {
        tracker.change(DocumentChange.deleted("a", "0@4", "docs-0", 4), 0);
        for (long now = 61_000; now < KEPT / 2; now += 1_000) {
            tick(10, 10, now);
        }
        assertThat(tracker.sources().next("docs@id")).isNull();
        tracker.due(KEPT / 2); // of nothing that is counted
        tick(10, 10, KEPT / 2);
        assertThat(tracker.sources().next("docs@id")).isEqualTo(61_000);
    }

    @Test
    void aClockThatIsSetBackMakesNothingSeemRead() {
        tick(10, 10, KEPT / 2); // it was ahead
        tick(10, 10, KEPT / 2 + 1_000);
        assertThat(tracker.sources().next("docs@id")).isEqualTo(KEPT / 2);
        for (long now = 0; now < 200_000; now += 1_000) {
            tick(10, 10, now);
        }
        assertThat(tracker.sources().next("docs@id")).isBetween(100_000L, 200_000L);
        assertThatThrownBy(() -> tick(10, 10, 2 * KEPT)).isInstanceOf(MillraceException.class);
    }

    @Test
    void aTopicThatForgetsSoonEndsADriverThatStoodStillForAsLong() {
        TopicHistory soon = history(120_000);
        soon.tick(() -> Map.of(PARTITION, 1L), () -> Map.of(PARTITION, 1L), 30_000);
        assertThatThrownBy(() -> soon.tick(Map::of, () -> Map.of(PARTITION, 1L), 130_000))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("forgets deletions after 2m");
    }

    /** It was read on from where the old one had been read. */
    @Test
    void aTopicThatIsMadeAgainWhileItIsReadEndsTheDriver() {
        history.checkSame("id");
        history.checkSame(null);
        assertThatThrownBy(() -> history.checkSame("another"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("the topic docs was deleted and made again")
                .hasMessageContaining("begin anew");
    }

    /** It would end for nothing if it had to be at the very end when it looks. */
    @Test
    void aDriverThatIsAlwaysALittleBehindGoesOn() {
        for (long now = 0; now < 5 * KEPT; now += 1_000) {
            tick(now / 10, now / 10 - 5, now);
        }
        assertThat(tracker.sources().next("docs@id")).isGreaterThan(5 * KEPT - 130_000);
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

    /** What was read is in memory, though it is in no task yet. */
    @Test
    void whatIsDeletedBehindADriverThatHasReadItIsNotLost() {
        tracker.change(DocumentChange.deleted("a", "0@4", "docs-0", 4), 0);
        history.check(PARTITION, 10, 8, this::told);
        assertThat(told).isEmpty();
        assertThatThrownBy(() -> history.check(PARTITION, 10, 12, this::told))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("records 10 to 11 of docs-0 were deleted before they were read");
    }

    /** The driver ended, and had told nobody why, though all that was gone had been dealt with. */
    @Test
    void whatIsDeletedBeforeItIsReadAgainIsLostOnlyWhereItWasNotDealtWith() {
        tracker.sources().restore(Map.of("docs-0", 5L, "docs-0#below", 20L, "docs-0#open@5", 5L));
        history.check(PARTITION, 6, 12, this::told);
        assertThat(told)
                .singleElement()
                .asString()
                .startsWith("records 6 to 11 of docs-0 were deleted; what could not be read of them keeps its last");
        assertThat(tracker.sources().next("docs-0")).isEqualTo(12);
        assertThatThrownBy(() -> history.check(PARTITION, 12, 22, this::told))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("records 20 to 21 of docs-0 were deleted before they were read");
    }

    private static ConsumerRecord<byte[], byte[]> record(long offset, int epoch) {
        return new ConsumerRecord<>(
                "docs",
                0,
                offset,
                ConsumerRecord.NO_TIMESTAMP,
                TimestampType.NO_TIMESTAMP_TYPE,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                null,
                new byte[0],
                new RecordHeaders(),
                Optional.of(epoch));
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        history.taking(PARTITION, List.of(record));
        tracker.sources().told("docs-0", record.offset());
        tracker.sources().release("docs-0", record.offset());
        history.taken(PARTITION, List.of(record));
    }

    /** With transactions that was never so, and a driver that came back did not see that the broker had lost records. */
    @Test
    void aDriverReadsOnWithTheEpochOfTheLastRecordThoughItsTransactionEndsBehindIt() {
        take(record(98, 3));
        tracker.sources().readUpTo("docs-0", 100);
        assertThat(history.start(PARTITION, 100)).isEqualTo(new OffsetAndMetadata(99, Optional.of(3), ""));
        assertThat(history.start(PARTITION, 99)).isEqualTo(new OffsetAndMetadata(99, Optional.of(3), ""));
        assertThat(history.start(PARTITION, 50)).as("read again").isEqualTo(new OffsetAndMetadata(50));
    }

    /** It is passed over where it is read again, and retention may delete it before. */
    @Test
    void anEndOfATransactionThatIsDeletedIsNoLoss() {
        take(record(98, 3));
        tracker.sources().readUpTo("docs-0", 100);
        history.outOfRange(PARTITION, 99, 100, this::told);
        assertThat(told).isEmpty();
        assertThatThrownBy(() -> history.outOfRange(PARTITION, 99, 101, this::told))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("records 100 to 100 of docs-0 were deleted before they were read");
    }

    /** It was taken for what an earlier driver had done. */
    @Test
    void aRecordInThePlaceOfTheEndOfATransactionIsTaken() {
        tracker.sources().restore(Map.of("docs-0", 5L, "docs-0#below", 22L, "docs-0#read", 20L, "docs-0#epoch", 3L));
        history.taking(PARTITION, List.of(record(5, 3), record(20, 4)));
        assertThat(tracker.sources().wasDone("docs-0", 19)).isTrue();
        assertThat(tracker.sources().wasDone("docs-0", 20)).isFalse();
        tracker.sources().restore(Map.of("docs-0", 22L, "docs-0#below", 0L));
        take(record(20, 4));
        assertThat(tracker.sources().next("docs-0")).isEqualTo(21);
    }

    /** It was passed over as what an earlier driver had done, where that one had left something before it undone. */
    @Test
    void anotherRecordThanWasReadEndsTheDriver() {
        tracker.sources().restore(Map.of("docs-0", 5L, "docs-0#below", 20L, "docs-0#read", 20L, "docs-0#epoch", 3L));
        history.taking(PARTITION, List.of(record(5, 2), record(18, 3)));
        assertThatThrownBy(() -> history.taking(PARTITION, List.of(record(19, 4))))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("docs-0 has another record at offset 19 than was read there");
    }

    /** By the time its end was asked for it had grown again, and what came in the place of what was lost was not read. */
    @Test
    void aTopicThatWasShorterAMomentAgoEndsTheDriver() {
        assertThatThrownBy(() -> history.outOfRange(PARTITION, 100, 0, this::told))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("docs-0 ended before offset 100, and had been read up to there")
                .hasMessageContaining("begin anew");
    }

    @Test
    void itsTimeIsWrittenDownNowAndThenInAQuietTopic() {
        int written = 0;
        for (long now = 1_000; now <= KEPT; now += 1_000) {
            written += tick(0, 0, now) ? 1 : 0;
        }
        assertThat(written).isBetween(20, 25);
    }

    /** Each moved the time on by a millisecond, so that of many the next driver did not look for those that were left. */
    @Test
    void theTimeDoesNotPassDeletionsThatAreMadeUpFor() {
        List<String> gone =
                IntStream.range(0, 100_000).mapToObj(i -> "doc-" + i).toList();
        history.delete(gone, 5 * KEPT);
        assertThat(tracker.position(0, 0).sources().get("docs@id")).isLessThan(5 * KEPT);
        assertThat(tracker.due(0)).as("of nothing that is counted").isEmpty();
        assertThat(tracker.position(0, 0).sources()).containsEntry("docs@id", 5L * KEPT);
    }
}
