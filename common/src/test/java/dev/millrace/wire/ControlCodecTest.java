package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Compression;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import dev.millrace.kafka.ClusterSetup;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ControlCodecTest {
    private static final JobId JOB = new JobId(-2);
    private static final TextRules RULES = new TextRules("pymotw", 1, List.of("a", "日本"));

    private static byte[] json(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void everyKindComesBackAsItWas() {
        InputRange range = new InputRange("data", "a%20b", 5, 9, Long.MAX_VALUE, Long.MIN_VALUE, Compression.NONE);
        ChunkTask task = new ChunkTask(JOB, 3, 2, RULES, 16, List.of(range), 0);
        assertThat(ControlCodec.task(ControlCodec.encode(task))).isEqualTo(task);

        PartitionTotal total = new PartitionTotal(Long.MAX_VALUE, Long.MIN_VALUE);
        for (Event event : List.of(
                new Event.TaskClaimed(JOB, 1, 2, Long.MIN_VALUE, "mapper-1/2"),
                new Event.TaskDone(JOB, 1, 2, -1, "m", new TextStats(1, 2, 3), 4, List.of(1, 0), List.of(total, total)),
                new Event.TaskFailed(JOB, 1, 2, 3, "m", true, "no such file \u001b[31m"),
                new Event.PartitionDone(JOB, 1, "r", 9, total, 2),
                new Event.PartitionFailed(JOB, 1, "r", "OVERFLOW"))) {
            assertThat(ControlCodec.event(ControlCodec.encode(event))).isEqualTo(event);
        }

        InputSpec input = new InputSpec(List.of("-", "docs"), List.of("*.rst"), List.of(), true, 1);
        JobSpec spec = new JobSpec(JOB, "name", JobKind.BATCH, RULES, input, 4, "topic", 64, 4, false, 1, 2, 3);
        JobRecord job = JobRecord.open(spec).seal(7, 9, "").become(JobState.FAILED, "why");
        assertThat(ControlCodec.job(ControlCodec.encode(job))).isEqualTo(job);

        Checkpoint checkpoint = new Checkpoint(3, 99, List.of(JOB, new JobId(1)), List.of());
        assertThat(ControlCodec.checkpoint(ControlCodec.encode(checkpoint))).isEqualTo(checkpoint);
    }

    @Test
    void theFormIsTheDocumentedOne() {
        assertThat(new String(
                        ControlCodec.encode(new Event.TaskClaimed(JOB, 1, 2, 3, "mapper-1/2")), StandardCharsets.UTF_8))
                .isEqualTo("{\"type\":\"task-claimed\",\"job\":\"fffffffffffffffe\",\"task\":1,\"attempt\":2,"
                        + "\"execution\":3,\"worker\":\"mapper-1/2\",\"format\":1}");
    }

    @Test
    void aRecordWithoutAValueIsMalformedAndEndsNobody() {
        assertThatThrownBy(() -> ControlCodec.task(null)).isInstanceOf(MalformedRecordException.class);
        assertThatThrownBy(() -> ControlCodec.event(null)).isInstanceOf(MalformedRecordException.class);
    }

    /** Each mapper that took it died for want of memory, one after the other. */
    @Test
    void aTaskForMorePartitionsThanThereCanBeIsMalformed() {
        ChunkTask chunks = new ChunkTask(JOB, 3, 2, RULES, 4_000, List.of(), 0);
        String text = new String(ControlCodec.encode(chunks), StandardCharsets.UTF_8);
        assertThat(ControlCodec.task(json(text))).isEqualTo(chunks);
        assertThatThrownBy(() -> ControlCodec.task(json(text.replace("4000", "2147483647"))))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("2147483647 partitions");
        byte[] documents = ControlCodec.encode(new DocumentTask(JOB, 3, 2, RULES, 4_000, List.of(), List.of()));
        ByteBuffer.wrap(documents).putInt(1 + 8 + 8 + 4, Integer.MAX_VALUE);
        assertThatThrownBy(() -> ControlCodec.task(documents))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("2147483647 partitions");
    }

    @Test
    void aComponentOfALaterReleaseIsPassedOver() {
        assertThat(
                        ControlCodec.checkpoint(
                                json(
                                        "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":[],\"continuous\":[],\"later\":{\"x\":1}}")))
                .isEqualTo(new Checkpoint(1, 2, List.of(), List.of()));
    }

    /** The tasks ahead of a few jobs' watermarks, at some 120 bytes each, made a record that could not be written. */
    @Test
    void aCheckpointOfTenJobsWithAllTheTasksAheadThatThereMayBeFitsItsRecord() {
        List<Checkpoint.AppliedTask> ahead = LongStream.range(0, 16_384)
                .mapToObj(task -> new Checkpoint.AppliedTask(
                        10_000_000 + task, new PartitionTotal(1_000_000, Long.MIN_VALUE + task)))
                .toList();
        List<Checkpoint.Continuous> jobs = LongStream.range(0, 10)
                .mapToObj(job ->
                        new Checkpoint.Continuous(new JobId(job), 1L << 40, 10_000_000, PartitionTotal.ZERO, ahead, 0))
                .toList();
        Checkpoint checkpoint = new Checkpoint(0, 1L << 40, List.of(), jobs);
        byte[] written = ControlCodec.encode(checkpoint);
        assertThat(written.length).isLessThan(ClusterSetup.MESSAGE_BYTES);
        assertThat(ControlCodec.checkpoint(written)).isEqualTo(checkpoint);
    }

    @Test
    void anAppliedTaskIsReadAsItWasWrittenBefore() {
        String form =
                "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":[],\"continuous\":[{\"job\":\"fffffffffffffffe\","
                        + "\"next\":3,\"watermark\":4,\"totals\":{\"tokens\":5,\"digest\":6},\"applied\":[%s],\"duplicatesDropped\":7}]}";
        Checkpoint expected = new Checkpoint(
                1,
                2,
                List.of(),
                List.of(new Checkpoint.Continuous(
                        JOB,
                        3,
                        4,
                        new PartitionTotal(5, 6),
                        List.of(new Checkpoint.AppliedTask(8, new PartitionTotal(9, -10))),
                        7)));
        String before = "{\"task\":8,\"execution\":11,\"parts\":1,\"next\":1,\"total\":{\"tokens\":9,\"digest\":-10}}";
        for (String applied : List.of(before, "[8,9,-10]")) {
            assertThat(ControlCodec.checkpoint(json(String.format(form, applied))))
                    .isEqualTo(expected);
        }
        for (String applied : List.of("[8,9]", "[8,9,10,11]", "[8,9,null]", "[8,9,1.5]", "8", "{\"task\":8}")) {
            assertThatThrownBy(() -> ControlCodec.checkpoint(json(String.format(form, applied))))
                    .as(applied)
                    .isInstanceOf(MalformedRecordException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "7",
                "{}",
                "{\"partition\":1,\"position\":2,\"finished\":[]}",
                "{\"format\":2,\"partition\":1,\"position\":2,\"finished\":[]}",
                "{\"format\":\"1\",\"partition\":1,\"position\":2,\"finished\":[]}",
                "{\"format\":1,\"partition\":1,\"finished\":[]}",
                "{\"format\":1,\"partition\":1,\"position\":null,\"finished\":[]}",
                "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":null}",
                "{\"format\":1,\"partition\":1,\"position\":1.9,\"finished\":[]}",
                "{\"format\":1,\"partition\":1,\"position\":\"2\",\"finished\":[]}",
                "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":[\"xyz\"]}",
                "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":[]} trailing",
                "{\"format\":1,\"partition\":1,\"position\":2,\"finished\":["
            })
    void whatIsNotExactlyACheckpointIsRefused(String text) {
        assertThatThrownBy(() -> ControlCodec.checkpoint(json(text))).isInstanceOf(MalformedRecordException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1234567890123456", "null", "true", "[\"fffffffffffffffe\"]", "{}", "\"fffffffffffffff\""})
    void aJobIdIsAStringOf16DigitsAndNothingElse(String id) {
        assertThatThrownBy(() -> ControlCodec.event(json("{\"format\":1,\"type\":\"partition-failed\",\"job\":" + id
                        + ",\"partition\":1,\"worker\":\"r\",\"message\":\"m\"}")))
                .isInstanceOf(MalformedRecordException.class);
        assertThatThrownBy(() -> ControlCodec.checkpoint(
                        json("{\"format\":1,\"partition\":1,\"position\":2,\"finished\":[" + id + "]}")))
                .isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void aNumberThatNoTaskOrEventCanHaveIsRefused() {
        ChunkTask task = new ChunkTask(JOB, 11, 12, RULES, 13, List.of(), 14);
        for (String number : List.of("11", "12", "13", "14")) {
            assertNegativeIsRefused(number, ControlCodec.encode(task), ControlCodec::task);
        }
        PartitionTotal total = PartitionTotal.ZERO;
        for (Event event : List.of(
                new Event.TaskClaimed(JOB, 11, 12, 0, "m"),
                new Event.TaskDone(JOB, 11, 12, 0, "m", TextStats.NONE, 13, List.of(), List.of()),
                new Event.TaskFailed(JOB, 11, 12, 0, "m", true, "why"),
                new Event.PartitionDone(JOB, 11, "r", 12, total, 13),
                new Event.PartitionFailed(JOB, 11, "r", "why"))) {
            byte[] bytes = ControlCodec.encode(event);
            for (String number : List.of("11", "12", "13")) {
                if (new String(bytes, StandardCharsets.UTF_8).contains(":" + number)) {
                    assertNegativeIsRefused(number, bytes, ControlCodec::event);
                }
            }
        }
    }

    private static void assertNegativeIsRefused(String number, byte[] record, Function<byte[], ?> codec) {
        String good = new String(record, StandardCharsets.UTF_8);
        String bad = good.replace(":" + number, ":-" + number);
        assertThat(bad).isNotEqualTo(good);
        assertThatThrownBy(() -> codec.apply(json(bad))).as(bad).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void anEventOfAnUnknownKindIsRefused() {
        assertThatThrownBy(() ->
                        ControlCodec.event(json("{\"format\":1,\"type\":\"task-eaten\",\"job\":\"fffffffffffffffe\"}")))
                .isInstanceOf(MalformedRecordException.class);
    }
}
