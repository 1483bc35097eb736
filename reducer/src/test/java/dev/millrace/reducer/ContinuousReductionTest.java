package dev.millrace.reducer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.SmallTables;
import dev.millrace.shuffle.WordHash;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class ContinuousReductionTest {
    private static final JobId JOB = new JobId(1);

    private PartitionReducer reducer = new PartitionReducer(0, null, 0);
    private long offset;

    private void apply(LaneRecord record) {
        reducer.apply(offset++, record);
    }

    private ContinuousReduction job() {
        return Objects.requireNonNull(reducer.continuous(JOB));
    }

    private static byte[] utf8(String word) {
        return word.getBytes(StandardCharsets.UTF_8);
    }

    private static LaneRecord delta(long task, long execution, int part, int parts, String word, long count) {
        PairBlocks blocks = new PairBlocks(1);
        blocks.add(utf8(word), 0, word.length(), count);
        ByteBuffer block = blocks.blocks(0).get(0);
        int from = block.arrayOffset() + block.position();
        return new LaneRecord.Delta(JOB, task, execution, part, parts, block.array(), from, from + block.remaining());
    }

    private static LaneRecord mark(long below, Object... counts) {
        PartitionTotal total = PartitionTotal.ZERO;
        for (int i = 0; i < counts.length; i += 2) {
            byte[] word = utf8((String) counts[i]);
            long count = (Integer) counts[i + 1];
            total = total.plus(new PartitionTotal(count, count * WordHash.h64(word, 0, word.length)));
        }
        return new LaneRecord.Watermark(JOB, below, total, 0);
    }

    private Map<String, Long> changed() {
        Map<String, Long> changed = new TreeMap<>();
        job().forEachChanged((word, from, length, count) ->
                changed.put(new String(word, from, length, StandardCharsets.UTF_8), count));
        return changed;
    }

    @Test
    void addsDifferencesAndGivesWhatHasChanged() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        apply(delta(1, 11, 0, 1, "race", 2));
        assertThat(changed()).isEqualTo(Map.of("mill", 3L, "race", 2L));
        reducer.saved();
        assertThat(reducer.isDirty()).isFalse();
        apply(delta(2, 12, 0, 1, "mill", -3));
        assertThat(changed()).isEqualTo(Map.of("mill", 0L));
        assertThat(job().words()).isEqualTo(1);
        apply(mark(3, "race", 2));
        assertThat(job().failure()).isNull();
    }

    @Test
    void copiesOfATaskCountOnceHoweverLate() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        apply(delta(0, 11, 0, 1, "mill", 3));
        apply(delta(0, 10, 0, 1, "mill", 3));
        apply(mark(1, "mill", 3));
        apply(delta(0, 12, 0, 1, "mill", 3));
        assertThat(job().count(utf8("mill"))).isEqualTo(3);
        assertThat(job().checkpoint().duplicatesDropped()).isEqualTo(3);
        assertThat(job().checkpoint().applied()).isEmpty();
    }

    /** The first part of a slow run was taken, all of the quick one dropped, and the job failed at the watermark. */
    @Test
    void aRunWhoseLastPartComesBehindTheWatermarkCountsForNothing() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 2, "mill", 1));
        apply(delta(0, 11, 0, 2, "race", 1));
        apply(delta(0, 11, 1, 2, "mill", 1));
        apply(delta(1, 12, 0, 1, "race", -1));
        apply(mark(2, "mill", 1));
        apply(delta(0, 10, 1, 2, "race", 1));
        assertThat(job().failure()).isNull();
        assertThat(job().count(utf8("mill"))).isEqualTo(1);
        assertThat(job().count(utf8("race"))).isZero();
    }

    @Test
    void aRunThatIsNotWholeIsReadAgainByTheNextOwner() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 2, "mill", 1));
        apply(delta(1, 11, 0, 1, "weir", 4));
        Checkpoint checkpoint = reducer.checkpointAfter(List.of());
        assertThat(checkpoint.position()).isEqualTo(1);

        reducer = new PartitionReducer(0, checkpoint, checkpoint.position());
        job().restore(utf8("weir"), 0, 4, 4);
        job().restored();
        offset = 1;
        apply(delta(0, 10, 0, 2, "mill", 1));
        apply(delta(1, 11, 0, 1, "weir", 4));
        apply(delta(0, 10, 1, 2, "race", 1));
        apply(mark(2, "mill", 1, "race", 1, "weir", 4));
        assertThat(job().failure()).isNull();
        assertThat(changed()).isEqualTo(Map.of("mill", 1L, "race", 1L));
        assertThat(reducer.checkpointAfter(List.of()).position()).isEqualTo(offset);
    }

    /** A try that was given up and whose end a killed broker lost; with the next one it is committed, too. */
    @Test
    void aRunThatCameInPartBeginsAnewWithItsNextTry() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 3, "mill", 1));
        apply(delta(1, 11, 0, 2, "weir", 4));
        apply(delta(0, 10, 1, 3, "race", 1));
        apply(delta(0, 10, 0, 3, "mill", 1));
        Checkpoint checkpoint = reducer.checkpointAfter(List.of());
        assertThat(checkpoint.position()).isEqualTo(2);

        reducer = new PartitionReducer(0, checkpoint, checkpoint.position());
        job().restored();
        offset = 2;
        apply(delta(1, 11, 0, 2, "weir", 4));
        apply(delta(0, 10, 1, 3, "race", 1)); // its first part lies before
        apply(delta(0, 10, 0, 3, "mill", 1));
        apply(delta(0, 10, 1, 3, "race", 1));
        apply(delta(0, 10, 2, 3, "wheel", 1));
        apply(delta(1, 11, 1, 2, "weir", 1));
        apply(mark(2, "mill", 1, "race", 1, "wheel", 1, "weir", 5));
        assertThat(job().failure()).isNull();
        assertThat(changed()).isEqualTo(Map.of("mill", 1L, "race", 1L, "wheel", 1L, "weir", 5L));
    }

    @Test
    void anIdleJobHoldsNoPositionBack() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(new LaneRecord.Open(new JobId(2)));
        apply(new LaneRecord.Cancel(new JobId(2)));
        assertThat(reducer.checkpointAfter(List.of()).position()).isEqualTo(3);
    }

    @Test
    void totalsThatDoNotAgreeFailTheJob() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        apply(mark(1, "mill", 2));
        assertThat(job().failure()).contains("the driver says");
    }

    @Test
    void publishedCountsThatAreNotTheCheckpointsFailTheJob() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        ContinuousReduction next = new ContinuousReduction(job().checkpoint());
        next.restore(utf8("mill"), 0, 4, 2);
        next.restored();
        assertThat(next.failure()).contains("DATA_LOST");
        assertThat(next.isDirty()).as("else nobody would be told").isTrue();
    }

    /** Of a stranger's record among the results every reducer that took the partition over died. */
    @Test
    void publishedCountsThatExceedAllBoundsFailTheJob() {
        apply(new LaneRecord.OpenContinuous(JOB));
        Checkpoint.Continuous checkpoint = job().checkpoint();
        ContinuousReduction sum = new ContinuousReduction(checkpoint);
        sum.restore(utf8("mill"), 0, 4, Long.MAX_VALUE);
        sum.restore(utf8("race"), 0, 4, 1);
        sum.restored();
        assertThat(sum.failure()).contains("OVERFLOW").contains("the published counts");
        ContinuousReduction step = new ContinuousReduction(checkpoint);
        step.restore(utf8("mill"), 0, 4, 1);
        step.restore(utf8("mill"), 0, 4, Long.MIN_VALUE);
        step.restored();
        assertThat(step.failure()).contains("OVERFLOW").contains("the published counts");
        assertThat(step.isDirty()).as("else nobody would be told").isTrue();
    }

    /** A tombstone that was compacted away while a slow reducer read the results failed the job for good. */
    @Test
    void countsThatWereReadForLongAndDoNotAgreeAreReadOnceMore() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        ContinuousReduction next = new ContinuousReduction(job().checkpoint());
        next.restore(utf8("mill"), 0, 4, 3);
        assertThat(next.restoresAnew(90_000_000_000L)).as("they agree").isFalse();
        next.restore(utf8("gone"), 0, 4, 1);
        assertThat(next.restoresAnew(30_000_000_000L))
                .as("nothing can be missed")
                .isFalse();
        assertThat(next.restoresAnew(90_000_000_000L)).isTrue();
        next.restore(utf8("mill"), 0, 4, 3);
        next.restored();
        assertThat(next.failure()).isNull();
        assertThat(next.words()).isEqualTo(1);
        assertThat(next.changedWords()).isZero();
    }

    @Test
    void moreWordsThanTheTablesHoldFailTheJob() {
        LiveCounts small = new LiveCounts(shard -> SmallTables.ofFourWords());
        ContinuousReduction job = new ContinuousReduction(JOB, 0, small);
        for (int task = 0; task < 64 * 4 + 1; task++) {
            job.apply(task + 1, delta(task, task, 0, 1, "w" + task, 1));
        }
        assertThat(job.failure()).startsWith("OVERFLOW: more than").endsWith("more partitions of pairs");
        ContinuousReduction restored = new ContinuousReduction(JOB, 0, small);
        restored.restore(utf8("weir"), 0, 4, 1);
        for (int word = 0; word < 64 * 4; word++) {
            restored.restore(utf8("r" + word), 0, utf8("r" + word).length, 1);
        }
        assertThat(restored.failure()).startsWith("OVERFLOW: more than");
    }

    /** The reducer died of it, and each one that took the partition over. */
    @Test
    void aWatermarkWhoseTotalExceedsAllBoundsFailsTheJob() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", 3));
        apply(new LaneRecord.Watermark(JOB, 0, new PartitionTotal(Long.MAX_VALUE, 0), 0));
        assertThat(job().failure()).contains("OVERFLOW");
    }

    /** A rebalance refused the transaction that told of it, and nobody heard of the failure. */
    @Test
    void aFailureIsToldUntilItIsCommitted() {
        apply(new LaneRecord.OpenContinuous(JOB));
        apply(delta(0, 10, 0, 1, "mill", -1));
        assertThat(job().failure()).isNotNull();
        Checkpoint refused = reducer.checkpointAfter(List.of());
        assertThat(refused.continuous()).isEmpty();
        assertThat(job().failure()).isNotNull();
        reducer.saved();
        assertThat(reducer.continuous()).isEmpty();
        assertThat(reducer.isDirty()).isFalse();
    }
}
