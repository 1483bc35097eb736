package dev.millrace.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.ChunkTask;
import dev.millrace.job.Compression;
import dev.millrace.job.Event;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JobTrackerTest {
    private static final JobId JOB = new JobId(7);
    private static final TextRules RULES = new TextRules("unicode", 1, List.of());
    private static final long HOUR = 3_600_000;

    private JobTracker tracker = tracker(4, 3, false);
    private long executions;
    private long now = 1_000;

    private static JobTracker tracker(int window, int maxAttempts, boolean skipFailed) {
        InputSpec input = new InputSpec(List.of("docs"), List.of(), List.of(), false, 100);
        return new JobTracker(new JobSpec(
                JOB, "test", JobKind.BATCH, RULES, input, 2, "topic", window, maxAttempts, skipFailed, 0, 0, 0));
    }

    private static ChunkTask task(int number) {
        InputRange range =
                new InputRange("data", "docs/a.rst", number * 100L, number * 100L + 100, 10_000, 0, Compression.NONE);
        return new ChunkTask(JOB, number, 1, RULES, 2, List.of(range), 0);
    }

    private void plan(int tasks) {
        for (int i = 0; i < tasks; i++) {
            tracker.plan(task(i));
        }
        tracker.seal();
    }

    private List<Integer> due() {
        return tracker.due(now).stream().map(ChunkTask::number).toList();
    }

    private void claim(int task, int attempt, String worker) {
        tracker.apply(new Event.TaskClaimed(JOB, task, attempt, ++executions, worker), now);
    }

    private void done(int task) {
        done(task, task + 1);
    }

    private void done(int task, long tokens) {
        List<PartitionTotal> totals = List.of(new PartitionTotal(tokens, tokens * 3), PartitionTotal.ZERO);
        tracker.apply(
                new Event.TaskDone(JOB, task, 1, 1, "m/1", new TextStats(100, 1, 0), 1, List.of(1, 0), totals), now);
    }

    private void failed(int task, boolean retryable) {
        failed(task, ++executions, retryable);
    }

    private void failed(int task, long execution, boolean retryable) {
        tracker.apply(new Event.TaskFailed(JOB, task, 1, execution, "m/1", retryable, "docs/a.rst: no such file"), now);
    }

    @Test
    void publishesWithinTheWindowAndRefillsByTheQuarter() {
        tracker = tracker(8, 3, false);
        plan(20);
        assertThat(due()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(due()).isEmpty();
        done(0);
        assertThat(due()).as("one free place of eight").isEmpty();
        done(3);
        assertThat(due()).containsExactly(8, 9);
        assertThat(tracker.planned()).isEqualTo(10);
    }

    @Test
    void isMappedWhenEveryTaskOfASealedPlanIsDone() {
        tracker.plan(task(0));
        due();
        done(0);
        assertThat(tracker.isMapped()).as("the plan may go on").isFalse();
        tracker.seal();
        assertThat(tracker.isMapped()).isTrue();
    }

    @Test
    void endStatesWhatTheTasksStated() {
        plan(3);
        due();
        done(0);
        done(1);
        done(2);
        assertThat(tracker.tasksIn(0)).isEqualTo(3);
        assertThat(tracker.tasksIn(1)).isZero();
        assertThat(tracker.mapped(0)).isEqualTo(new PartitionTotal(6, 18));
        assertThat(tracker.mapped()).isEqualTo(new PartitionTotal(6, 18));
        assertThat(tracker.text()).isEqualTo(new TextStats(300, 3, 0));
    }

    @Test
    void theSameResultTwiceIsOneAndADifferentOneFailsByName() {
        plan(1);
        due();
        done(0, 5);
        done(0, 5);
        assertThat(tracker.failure()).isNull();
        assertThat(tracker.mapped(0).tokens()).isEqualTo(5);
        done(0, 6);
        assertThat(tracker.failure()).contains("differ").contains("docs/a.rst");
    }

    @Test
    void aFailureThatMayPassIsTriedAgainUntilTheAttemptsAreUsedUp() {
        plan(1);
        due();
        failed(0, true);
        assertThat(tracker.due(now)).map(ChunkTask::attempt).containsExactly(2);
        failed(0, true);
        assertThat(tracker.due(now)).map(ChunkTask::attempt).containsExactly(3);
        assertThat(tracker.failure()).isNull();
        failed(0, true);
        assertThat(tracker.failure())
                .contains("docs/a.rst")
                .contains("[0, 100)")
                .contains("no such file");
        assertThat(tracker.attempts()).isEqualTo(3);
    }

    @Test
    void aFailureThatMustComeAgainFailsTheJobAtOnce() {
        plan(1);
        due();
        failed(0, false);
        assertThat(tracker.failure()).contains("no such file");
    }

    @Test
    void aFailureOfATaskThatIsDoneMeansNothing() {
        plan(1);
        due();
        done(0);
        failed(0, false);
        assertThat(tracker.failure()).isNull();
    }

    /** The driver that came after it left the task out of the receipt, though its words were not there. */
    @Test
    void whatAnEarlierDriverHasLeftOutStaysOut() {
        tracker = tracker(4, 3, true);
        tracker.planPublished(task(0), now);
        tracker.planPublished(task(1), now);
        tracker.seal();
        tracker.skip(0, "docs/a.rst: it cannot be read");
        tracker.ended();
        failed(0, true);
        done(1);
        done(0); // late, behind END
        assertThat(due()).isEmpty();
        assertThat(tracker.isMapped()).isTrue();
        assertThat(tracker.skipped()).isEqualTo(Map.of(0, "docs/a.rst: it cannot be read"));
        assertThat(tracker.mapped(0).tokens()).isEqualTo(2);
    }

    /** A reducer that meets an END again, long after it has answered it, does not know the job. */
    @Test
    void aPartitionThatIsDoneDoesNotFailAnyMore() {
        plan(1);
        due();
        done(0);
        tracker.ended();
        tracker.apply(new Event.PartitionDone(JOB, 0, "r", 1, new PartitionTotal(1, 3), 0), now);
        tracker.apply(new Event.PartitionFailed(JOB, 0, "r", "what?"), now);
        assertThat(tracker.failure()).isNull();
        tracker.apply(new Event.PartitionFailed(JOB, 1, "r", "it is gone"), now);
        assertThat(tracker.failure()).contains("it is gone");
    }

    @Test
    void failedTasksAreSkippedIfAskedForAndCountAgainIfTheyGetDone() {
        tracker = tracker(4, 3, true);
        plan(2);
        due();
        failed(0, false);
        done(1);
        assertThat(tracker.failure()).isNull();
        assertThat(tracker.isMapped()).isTrue();
        assertThat(tracker.skipped().values()).singleElement().asString().contains("docs/a.rst");
        assertThat(tracker.mapped(0).tokens()).isEqualTo(2);
        done(0);
        assertThat(tracker.skipped()).isEmpty();
        assertThat(tracker.isMapped()).isTrue();
        assertThat(tracker.mapped(0).tokens()).isEqualTo(3);
        assertThat(tracker.progress().tasksDone()).isEqualTo(2);
    }

    @Test
    void aTaskAtWorkGetsABackupOnlyWhenItIsLate() {
        plan(2);
        due();
        claim(0, 1, "m/1");
        claim(1, 1, "m/2");
        now += 100;
        done(0);
        now += 2_000;
        assertThat(due()).as("20 times the usual, but under the floor").isEmpty();
        now += 1_500;
        assertThat(due()).containsExactly(1);
        assertThat(tracker.backups()).isOne();
        claim(1, 2, "m/1");
        now += 3_500;
        assertThat(due()).as("lateness doubles").isEmpty();
        now += 3_500;
        assertThat(due()).containsExactly(1);
        claim(1, 3, "m/1");
        now += HOUR / 10;
        assertThat(due()).as("no more than the attempts allow").isEmpty();
    }

    @Test
    void aTaskThatWaitsItsTurnIsNotLate() {
        plan(4);
        due();
        claim(0, 1, "m/1");
        now += 2_900;
        assertThat(due()).isEmpty();
        done(0);
        now += 2_900;
        claim(1, 1, "m/1");
        now += 100;
        assertThat(due()).as("tasks 2 and 3 wait behind task 1").isEmpty();
    }

    @Test
    void nothingIsLateBeforeAnyMapperHasShownUp() {
        plan(4);
        due();
        now += HOUR;
        assertThat(due()).isEmpty();
    }

    @Test
    void anOvertakenTaskIsIssuedAgainThoughNobodyClaimedIt() {
        tracker = tracker(20, 3, false);
        plan(20);
        due();
        for (int i = 1; i <= 6; i++) {
            claim(i, 1, "m/1");
            now += 1_000;
            done(i);
        }
        assertThat(due()).contains(0);
    }

    @Test
    void aWindowFullOfTasksThatTheGroupGaveUpOnMovesOn() {
        plan(8);
        assertThat(due()).containsExactly(0, 1, 2, 3);
        for (int i = 0; i < 4; i++) {
            claim(i, 1, "m/1");
        }
        now += HOUR;
        assertThat(due()).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    @Test
    void aTaskThatMappersDieOfFailsTheJob() {
        plan(1);
        due();
        for (int i = 0; i <= 15; i++) {
            claim(0, 1, "m/" + i);
        }
        assertThat(tracker.failure()).contains("never finished").contains("docs/a.rst");
    }

    @Test
    void aRepeatedEventIsOneEvent() {
        plan(1);
        due();
        for (int i = 0; i < 5; i++) {
            failed(0, 77, true);
        }
        assertThat(tracker.due(now)).map(ChunkTask::attempt).containsExactly(2);
        assertThat(due()).isEmpty();
        for (int i = 0; i < 50; i++) {
            tracker.apply(new Event.TaskClaimed(JOB, 0, 2, 78, "m/1"), now);
        }
        assertThat(tracker.failure()).isNull();
    }

    @Test
    void retriesAndBackupsTogetherStayWithinTheAttempts() {
        plan(2);
        due();
        claim(0, 1, "m/1");
        claim(1, 1, "m/2");
        now += 100;
        done(1);
        now += HOUR;
        assertThat(due()).as("a backup").containsExactly(0);
        claim(0, 2, "m/2");
        failed(0, true);
        assertThat(due()).as("a retry").containsExactly(0);
        claim(0, 3, "m/2");
        failed(0, true);
        now += 1_000;
        assertThat(due()).isEmpty();
        assertThat(tracker.failure()).as("one run is still out").isNull();
        failed(0, true);
        assertThat(tracker.failure()).contains("no such file");
        assertThat(tracker.attempts()).isEqualTo(4);
    }

    @Test
    void aTaskOfWhichNothingIsHeardAnyMoreFailsTheJob() {
        tracker = tracker(4, 1, false);
        plan(1);
        due();
        claim(0, 1, "m/1");
        long execution = executions;
        for (int minute = 0; minute < 60; minute++) {
            now += 60_000;
            tracker.apply(new Event.TaskClaimed(JOB, 0, 1, execution, "m/1"), now);
            assertThat(due()).isEmpty();
        }
        assertThat(tracker.failure()).as("its mapper still works on it").isNull();
        now += 600_000;
        due();
        assertThat(tracker.failure()).contains("docs/a.rst").contains("10 minutes");
    }

    @Test
    void aLostTaskIsIssuedAgainThoughAnEarlierOneHangsAndIsOutOfAttempts() {
        tracker = tracker(4, 1, false);
        plan(3);
        due();
        claim(0, 1, "m/1");
        claim(2, 1, "m/2");
        done(2);
        now += 60_000;
        assertThat(due()).as("nobody claimed task 1, and m/2 is idle").containsExactly(1);
    }

    @Test
    void tasksBehindStaleBackupsWaitTheirTurn() {
        tracker = tracker(8, 4, false);
        plan(16);
        due();
        claim(0, 1, "m/1");
        now += 40_000; // the broker is away
        assertThat(due()).as("the one at work, and the next in the queue").containsExactly(0, 1);
        for (int i = 0; i < 8; i++) {
            claim(i, 1, "m/1");
            now += 1_000;
            done(i);
            assertThat(due()).as("only new ones, which stand behind a backup").allMatch(task -> task >= 8);
        }
        now += 5_000;
        claim(0, 2, "m/1"); // a stale backup keeps the mapper busy
        now += 9_000;
        assertThat(due()).isEmpty();
        for (int i = 8; i < 16; i++) {
            claim(i, 1, "m/1");
            now += 2_000;
            done(i);
            assertThat(tracker.due(now)).as("nothing again").allMatch(task -> task.attempt() == 1);
        }
        assertThat(tracker.backups()).isEqualTo(2);
    }

    @Test
    void aSecondOfWorkIsOutAndNoMore() {
        tracker = tracker(64, 3, false);
        plan(100);
        assertThat(due()).hasSize(16);
        for (int i = 0; i < 12; i++) {
            claim(i, 1, "m/" + i % 2);
            now += 250;
            done(i);
        }
        assertThat(due()).as("8 of a quarter second for two threads, 4 are out").hasSize(4);
        for (int i = 12; i < 20; i++) {
            claim(i, 1, "m/" + i % 2);
            now += 2;
            done(i);
        }
        for (int i = 0; i < 50; i++) {
            due();
            int task = 20 + i;
            claim(task, 1, "m/" + i % 2);
            now += 2;
            done(task);
        }
        assertThat(tracker.progress().tasksDone()).isEqualTo(70);
    }

    @Test
    void whatEndLeftOutStaysOut() {
        tracker = tracker(4, 3, true);
        plan(1);
        due();
        failed(0, false);
        tracker.ended();
        done(0);
        assertThat(tracker.skipped()).hasSize(1);
        assertThat(tracker.mapped()).isEqualTo(PartitionTotal.ZERO);
    }

    /**
     * A backup that failed for good had the task left out, the first run counted it again, and END counts it. Who comes to
     * the job behind that reads both again.
     */
    @Test
    void whatEndCountsIsNotLeftOutByAFailureThatIsReadAgain() {
        tracker = tracker(4, 3, true);
        tracker.planPublished(task(0), now);
        tracker.seal();
        tracker.ended();
        failed(0, false);
        done(0);
        assertThat(tracker.isMapped()).isTrue();
        assertThat(tracker.skipped()).isEmpty();
        assertThat(tracker.mapped(0).tokens()).isPositive();
    }

    @Test
    void aHugeWindowPublishesEverything() {
        tracker = tracker(Integer.MAX_VALUE, 3, false);
        plan(3);
        assertThat(due()).containsExactly(0, 1, 2);
    }

    @Test
    void eventsOfTasksThatDoNotExistFailTheJob() {
        plan(1);
        done(1);
        assertThat(tracker.failure()).contains("task 1", "0 have been published");
    }

    /** A driver whose job another had taken over met the other's task in its own plan, and ended with an internal error. */
    @Test
    void eventsOfTasksThatAnotherDriverPublishedFailTheJob() {
        plan(6);
        assertThat(due()).containsExactly(0, 1, 2, 3);
        done(4);
        assertThat(tracker.failure()).contains("task 4", "4 have been published");
    }

    @Test
    void recoveredTasksArePublishedAlready() {
        tracker.planPublished(task(0), now);
        tracker.planPublished(task(1), now);
        tracker.plan(task(2));
        tracker.seal();
        assertThat(due()).containsExactly(2);
        done(0);
        done(1);
        done(2);
        assertThat(tracker.isMapped()).isTrue();
    }

    @Test
    void partitionsAreDoneOnceAndMustNotContradictThemselves() {
        plan(1);
        due();
        done(0, 5);
        PartitionTotal total = new PartitionTotal(5, 15);
        tracker.apply(new Event.PartitionDone(JOB, 0, "r", 1, total, 2), now);
        tracker.apply(new Event.PartitionDone(JOB, 0, "r2", 1, total, 0), now);
        assertThat(tracker.isReduced()).isFalse();
        tracker.apply(new Event.PartitionDone(JOB, 1, "r", 0, PartitionTotal.ZERO, 1), now);
        assertThat(tracker.isReduced()).isTrue();
        assertThat(tracker.reduced()).isEqualTo(tracker.mapped());
        assertThat(tracker.duplicatesDropped()).isEqualTo(3);
        tracker.apply(new Event.PartitionDone(JOB, 0, "r", 2, total, 0), now);
        assertThat(tracker.failure()).contains("partition 0");
    }

    @Test
    void progressCountsBytesAndRunningTasks() {
        plan(3);
        due();
        claim(0, 1, "m/1");
        claim(1, 1, "m/2");
        done(0);
        assertThat(tracker.progress()).isEqualTo(new JobProgress(100, 300, 1, 1, 3, true, 0, 2));
        assertThat(tracker.files()).isOne();
        assertThat(tracker.bytes()).isEqualTo(300);
    }
}
