package dev.millrace.reducer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PartitionReducerTest {
    private static final JobId JOB = new JobId(1), OTHER = new JobId(2);

    private final PartitionReducer reducer = new PartitionReducer(0, null, 0);
    private long offset;

    private boolean apply(LaneRecord record) {
        return reducer.apply(offset++, record);
    }

    private static LaneRecord pairs(JobId job, int task, long execution, int part, int parts, Object... counts) {
        PairBlocks blocks = new PairBlocks(1);
        for (int i = 0; i < counts.length; i += 2) {
            byte[] word = ((String) counts[i]).getBytes(StandardCharsets.UTF_8);
            blocks.add(word, 0, word.length, ((Number) counts[i + 1]).longValue());
        }
        ByteBuffer block = blocks.blocks(0).get(0);
        int from = block.arrayOffset() + block.position();
        return new LaneRecord.Pairs(job, task, execution, part, parts, block.array(), from, from + block.remaining());
    }

    private static LaneRecord end(JobId job, int tasks, Map<String, Long> counts) {
        PartitionTotal total = PartitionTotal.ZERO;
        for (Map.Entry<String, Long> entry : counts.entrySet()) {
            byte[] word = entry.getKey().getBytes(StandardCharsets.UTF_8);
            total = total.plus(
                    new PartitionTotal(entry.getValue(), entry.getValue() * WordHash.h64(word, 0, word.length)));
        }
        return new LaneRecord.End(job, tasks, total);
    }

    private static Map<String, Long> counts(PartitionReducer.Ended job) {
        Map<String, Long> counts = new TreeMap<>();
        job.reduction()
                .counts()
                .forEach((word, from, length, count) ->
                        counts.put(new String(word, from, length, StandardCharsets.UTF_8), count));
        return counts;
    }

    private PartitionReducer.Ended theOnlyEnded() {
        assertThat(reducer.ended()).hasSize(1);
        return reducer.ended().get(0);
    }

    @Test
    void addsTasksUpBetweenOpenAndEnd() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "mill", 2, "race", 1));
        apply(pairs(JOB, 1, 11, 0, 2, "mill", 3));
        apply(pairs(JOB, 1, 11, 1, 2, "weir", 4));
        assertThat(reducer.ended()).isEmpty();
        apply(end(JOB, 2, Map.of("mill", 5L, "race", 1L, "weir", 4L)));
        assertThat(theOnlyEnded().failure()).isNull();
        assertThat(counts(theOnlyEnded())).isEqualTo(Map.of("mill", 5L, "race", 1L, "weir", 4L));
    }

    @Test
    void ofTwoExecutionsTheFirstCountsAlsoWhereTheyInterleave() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 2, "a", 1));
        apply(pairs(JOB, 0, 99, 0, 2, "a", 1));
        apply(pairs(JOB, 0, 10, 1, 2, "b", 1));
        apply(pairs(JOB, 0, 99, 1, 2, "b", 1));
        apply(end(JOB, 1, Map.of("a", 1L, "b", 1L)));
        assertThat(theOnlyEnded().failure()).isNull();
        assertThat(theOnlyEnded().reduction().duplicatesDropped()).isEqualTo(2);
    }

    /** A mapper that froze between its parts: the job had failed, as its run was taken for the one that counts. */
    @Test
    void aRunWhoseRestComesBehindEndDoesNotCount() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 2, "a", 1));
        apply(pairs(JOB, 0, 99, 0, 2, "a", 1));
        apply(pairs(JOB, 0, 99, 1, 2, "b", 1));
        apply(end(JOB, 1, Map.of("a", 1L, "b", 1L)));
        apply(pairs(JOB, 0, 10, 1, 2, "b", 1));
        assertThat(theOnlyEnded().failure()).isNull();
        assertThat(theOnlyEnded().reduction().duplicatesDropped()).isEqualTo(1);
    }

    /** It ended the reducer, and each one that took the partition over. */
    @Test
    void moreWordsThanATableHoldsFailTheJob() {
        JobReduction reduction = new JobReduction(0, SmallTables.ofFourWords());
        reduction.add(1, (LaneRecord.Pairs) pairs(JOB, 0, 10, 0, 1, "a", 1, "b", 1, "c", 1, "d", 1));
        assertThat(reduction.failure()).isNull();
        reduction.add(2, (LaneRecord.Pairs) pairs(JOB, 1, 11, 0, 1, "e", 1));
        assertThat(reduction.failure()).startsWith("OVERFLOW: more than").endsWith("more partitions of pairs");
    }

    /** Memory was taken for as many parts as the record said there would be. */
    @Test
    void aRecordThatClaimsTwoBillionPartsTakesNoMemoryForThem() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, Integer.MAX_VALUE, "a", 1));
        apply(end(JOB, 1, Map.of("a", 1L)));
        assertThat(theOnlyEnded().failure()).contains("DATA_LOST");
    }

    @Test
    void anExecutionWrittenTwiceAfterACommitInDoubtCountsOnce() {
        apply(new LaneRecord.Open(JOB));
        for (int twice = 0; twice < 2; twice++) {
            apply(pairs(JOB, 0, 10, 0, 2, "a", 1));
            apply(pairs(JOB, 0, 10, 1, 2, "b", 1));
        }
        apply(end(JOB, 1, Map.of("a", 1L, "b", 1L)));
        assertThat(theOnlyEnded().failure()).isNull();
    }

    @Test
    void aMissingPartFailsTheJob() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 1, 2, "b", 1));
        apply(end(JOB, 1, Map.of("b", 1L)));
        assertThat(theOnlyEnded().failure()).contains("DATA_LOST").contains("task 0");
    }

    /** With tasks skipped, one of which a frozen mapper committed all the same, it was told that data is lost. */
    @Test
    void moreTasksThanEndStatesAreNoLoss() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(pairs(JOB, 1, 11, 0, 1, "b", 1));
        apply(end(JOB, 1, Map.of("a", 1L)));
        assertThat(theOnlyEnded().failure())
                .contains("END states 1 tasks, 2 came whole")
                .contains("nothing is lost, count again")
                .doesNotContain("DATA_LOST");
    }

    @Test
    void aMissingLastPartFailsTheJob() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 2, "a", 1));
        apply(end(JOB, 1, Map.of("a", 1L)));
        assertThat(theOnlyEnded().failure()).contains("DATA_LOST").contains("1 tasks, 0 came whole");
    }

    @Test
    void totalsThatDifferFromThoseOfEndFailTheJob() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(end(JOB, 1, Map.of("b", 1L)));
        assertThat(theOnlyEnded().failure()).contains("END states");
    }

    @Test
    void aTaskTooFewFailsTheJobThoughItsTotalsAgree() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(end(JOB, 2, Map.of("a", 1L)));
        assertThat(theOnlyEnded().failure()).contains("END states 2 tasks, 1 came whole");
    }

    @Test
    void aSumBeyond63BitsFailsTheJobAndWrapsNowhere() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", Long.MAX_VALUE));
        apply(pairs(JOB, 1, 11, 0, 1, "a", 1));
        apply(end(JOB, 2, Map.of("a", 1L)));
        assertThat(theOnlyEnded().failure()).contains("OVERFLOW");
    }

    @Test
    void aMalformedBatchFailsTheJobAndNotTheReducer() {
        apply(new LaneRecord.Open(JOB));
        apply(new LaneRecord.Pairs(JOB, 0, 10, 0, 1, new byte[] {5, 'a'}, 0, 2));
        apply(end(JOB, 1, Map.of()));
        assertThat(theOnlyEnded().failure()).contains("malformed");
    }

    @Test
    void pairsOutsideOpenAndEndAreStrays() {
        apply(pairs(JOB, 0, 10, 0, 1, "early", 1));
        apply(new LaneRecord.Open(JOB));
        apply(end(JOB, 0, Map.of()));
        apply(pairs(JOB, 0, 10, 0, 1, "late", 1));
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "late", 1));
        assertThat(counts(theOnlyEnded())).isEmpty();
        assertThat(reducer.strays()).isEqualTo(3);
        assertThat(reducer.openJobs()).isZero();
    }

    @Test
    void anEndOfAJobThatNobodyOpenedIsAStrayAndChangesNothing() {
        assertThat(apply(end(JOB, 0, Map.of()))).isFalse();
        assertThat(apply(pairs(JOB, 0, 10, 0, 1, "a", 1))).isFalse();
        assertThat(apply(new LaneRecord.Cancel(JOB))).isTrue();
        assertThat(reducer.strays()).isEqualTo(2);
        assertThat(reducer.ended()).isEmpty();
        assertThat(reducer.isDirty()).isFalse();
        assertThat(reducer.checkpointAfter(List.of())).isEqualTo(new Checkpoint(0, 3, List.of(), List.of()));
    }

    /** Where a broker had lost what was told of the first one, the driver wrote them for good, and nobody answered. */
    @Test
    void anEndWrittenTwiceIsNoStrayUntilTheFirstIsAnswered() {
        assertThat(apply(new LaneRecord.Open(OTHER))).isTrue();
        assertThat(apply(new LaneRecord.Open(JOB))).isTrue();
        assertThat(apply(end(JOB, 0, Map.of()))).isTrue();
        assertThat(apply(end(JOB, 0, Map.of()))).isTrue();
        assertThat(reducer.strays()).isZero();
        reducer.published(theOnlyEnded());
        assertThat(apply(end(JOB, 0, Map.of()))).isFalse();
        assertThat(reducer.checkpointAfter(List.of()).finished()).containsExactly(JOB);
        apply(end(OTHER, 0, Map.of()));
        reducer.published(theOnlyEnded());
        // All is answered and forgotten now: nothing tells a repetition from a job whose OPEN is lost.
        assertThat(apply(end(JOB, 0, Map.of()))).isFalse();
        assertThat(reducer.strays()).isEqualTo(2);
    }

    /** Two OPENs are a commit in doubt that was done again: they stand together, far before END. */
    @Test
    void anOpenWrittenTwiceHoldsNothingBackWhereverAReducerStartsAnew() {
        List<LaneRecord> lane = List.of(
                new LaneRecord.Open(OTHER),
                new LaneRecord.Open(JOB),
                new LaneRecord.Open(JOB),
                pairs(JOB, 0, 10, 0, 1, "a", 1),
                end(JOB, 1, Map.of("a", 1L)),
                end(OTHER, 0, Map.of()));
        for (int stop = 0; stop <= lane.size(); stop++) {
            PartitionReducer first = new PartitionReducer(0, null, 0);
            for (int at = 0; at < stop; at++) {
                first.apply(at, lane.get(at));
            }
            List<PartitionReducer.Ended> ended = first.ended();
            Checkpoint checkpoint = first.checkpointAfter(ended);
            PartitionReducer second = new PartitionReducer(0, checkpoint, checkpoint.position());
            for (int at = (int) checkpoint.position(); at < lane.size(); at++) {
                assertThat(second.apply(at, lane.get(at)) || lane.get(at) instanceof LaneRecord.Pairs)
                        .isTrue();
            }
            assertThat(second.openJobs()).as("stopped before %s", stop).isZero();
            assertThat(second.checkpointAfter(second.ended()).position()).isEqualTo(lane.size());
            assertThat(second.ended())
                    .hasSize(2 - ended.size())
                    .allSatisfy(job -> assertThat(job.failure()).isNull());
        }
    }

    @Test
    void jobsInOneLaneDoNotMix() {
        apply(new LaneRecord.Open(JOB));
        apply(new LaneRecord.Open(OTHER));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(pairs(OTHER, 0, 10, 0, 1, "a", 7));
        apply(end(OTHER, 1, Map.of("a", 7L)));
        apply(end(JOB, 1, Map.of("a", 1L)));
        assertThat(reducer.ended()).allSatisfy(job -> assertThat(job.failure()).isNull());
        assertThat(reducer.ended()).map(PartitionReducer.Ended::job).containsExactly(OTHER, JOB);
    }

    @Test
    void theCheckpointStandsAtTheOldestOpenJobAndRemembersWhatEndedBehindIt() {
        apply(new LaneRecord.Open(JOB)); // offset 0
        apply(new LaneRecord.Open(OTHER)); // offset 1
        apply(end(OTHER, 0, Map.of())); // offset 2
        PartitionReducer.Ended other = theOnlyEnded();
        Checkpoint checkpoint = reducer.checkpointAfter(List.of(other));
        assertThat(checkpoint).isEqualTo(new Checkpoint(0, 0, List.of(OTHER), List.of()));
        reducer.published(other);

        PartitionReducer restarted = new PartitionReducer(0, checkpoint, 0);
        restarted.apply(0, new LaneRecord.Open(JOB));
        restarted.apply(1, new LaneRecord.Open(OTHER));
        restarted.apply(2, end(OTHER, 0, Map.of()));
        assertThat(restarted.ended()).isEmpty();
        restarted.apply(3, end(JOB, 0, Map.of()));
        assertThat(restarted.ended()).map(PartitionReducer.Ended::job).containsExactly(JOB);
        assertThat(restarted.checkpointAfter(restarted.ended())).isEqualTo(new Checkpoint(0, 4, List.of(), List.of()));
    }

    @Test
    void withoutConfirmationTheSameIsDueAgain() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(end(JOB, 1, Map.of("a", 1L)));
        PartitionReducer.Ended first = theOnlyEnded();
        assertThat(reducer.checkpointAfter(List.of()).position()).isZero();
        assertThat(theOnlyEnded()).isSameAs(first);
        reducer.published(first);
        assertThat(reducer.ended()).isEmpty();
        assertThat(reducer.checkpointAfter(List.of()).position()).isEqualTo(3);
    }

    @Test
    void aCancelledJobLeavesNothingAndFreesTheCheckpoint() {
        apply(new LaneRecord.Open(JOB));
        apply(pairs(JOB, 0, 10, 0, 1, "a", 1));
        apply(new LaneRecord.Cancel(JOB));
        apply(pairs(JOB, 1, 11, 0, 1, "a", 1));
        apply(end(JOB, 2, Map.of("a", 2L)));
        assertThat(reducer.ended()).isEmpty();
        assertThat(reducer.isDirty()).isTrue();
        assertThat(reducer.checkpointAfter(List.of()).position()).isEqualTo(5);
        reducer.saved();
        assertThat(reducer.isDirty()).isFalse();
    }

    @Test
    void anOffsetThatGoesBackIsADefect() {
        apply(new LaneRecord.Open(JOB));
        assertThatThrownBy(() -> reducer.apply(0, new LaneRecord.Open(OTHER)))
                .isInstanceOf(IllegalStateException.class);
    }
}
