package dev.millrace.driver.continuous;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.Event;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.TextRules;
import dev.millrace.wire.ControlCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class DriverEventsTest {
    private static final JobId JOB = new JobId(7);
    private static final long HOUR = 3_600_000;

    private final DriverEvents events = new DriverEvents(new JobSpec(
            JOB,
            "wiki",
            JobKind.CONTINUOUS,
            new TextRules("unicode", 1, List.of()),
            new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1),
            4,
            "id",
            16,
            4,
            false,
            0,
            0,
            0));

    private static ConsumerRecord<byte[], byte[]> record(Event event, long ageMillis) {
        return new ConsumerRecord<>(
                "events",
                0,
                0,
                System.currentTimeMillis() - ageMillis,
                TimestampType.LOG_APPEND_TIME,
                0,
                0,
                event.job().toString().getBytes(StandardCharsets.US_ASCII),
                ControlCodec.encode(event),
                new RecordHeaders(),
                Optional.empty());
    }

    private static Event.ContinuousStatus status(JobId job, long documents) {
        return new Event.ContinuousStatus(job, 0, documents, 0, 0, 0, 0, 0, 0, -1, false);
    }

    @Test
    void onlyWhatItsOwnDriverSaysOfTheJobCounts() {
        assertThat(events.last()).isNull();
        assertThat(events.apply(record(new Event.BarrierAsked(JOB, 1), 0), true))
                .isFalse();
        assertThat(events.apply(record(status(new JobId(8), 1), 0), true)).isFalse();
        assertThat(events.last()).isNull();
    }

    @Test
    void whatWasThereBeforeIsAsOldAsItIsAndWhatComesIsNew() {
        assertThat(events.apply(record(status(JOB, 3), HOUR), true)).isTrue();
        DriverStatus old = requireNonNull(events.last());
        assertThat(old.said().documents()).isEqualTo(3);
        assertThat(old.isSilent()).isTrue();
        assertThat(old.ageMillis()).isBetween(HOUR, HOUR + 60_000);
        // The clock of the broker may be wrong: a driver that is heard now is not silent.
        assertThat(events.apply(record(status(JOB, 4), HOUR), false)).isTrue();
        assertThat(requireNonNull(events.last()).isSilent()).isFalse();
        assertThat(events.apply(record(status(JOB, 5), -HOUR), true)).isTrue();
        assertThat(requireNonNull(events.last()).ageMillis()).isBetween(0L, 60_000L);
    }

    /** A command ended as with a broker that does not answer, when a driver cleared events away at that moment. */
    @Test
    void eventsThatAreClearedAwayBeforeTheyAreReadDoNotMatter() {
        TopicPartition partition = new TopicPartition("events", 0);
        try (MockConsumer<byte[], byte[]> reader = new MockConsumer<>("none")) {
            reader.assign(List.of(partition));
            reader.updateBeginningOffsets(Map.of(partition, 0L));
            reader.seek(partition, 0);
            reader.updateBeginningOffsets(Map.of(partition, 7L));
            reader.addRecord(new ConsumerRecord<>("events", 0, 7, new byte[0], new byte[0]));
            assertThat(DriverEvents.poll(reader, partition, Duration.ZERO)).isEmpty();
            assertThat(DriverEvents.poll(reader, partition, Duration.ZERO)).hasSize(1);
        }
    }
}
