package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.DocumentCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

final class DocumentTrackerTest {
    static final JobSpec SPEC = new JobSpec(
            new JobId(1),
            "job",
            JobKind.CONTINUOUS,
            new TextRules("unicode", 1, List.of()),
            new InputSpec(List.of(), List.of(), List.of(), false, 4),
            1,
            "topic",
            8,
            2,
            false,
            0,
            0,
            0);

    private final DocumentTracker tracker = new DocumentTracker(SPEC);

    private static DocumentChange change(String id, String version, String text, long position) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new DocumentChange(id, version, bytes, bytes.length, 0, "source", position);
    }

    private void take(DocumentChange change) {
        tracker.change(change, 0);
    }

    private static List<DocumentTracker.Due> due(DocumentTracker tracker) {
        return due(tracker, 0);
    }

    /** As for a driver that hands all tasks out. */
    private static List<DocumentTracker.Due> due(DocumentTracker tracker, long nowMillis) {
        return tracker.due(nowMillis).stream()
                .map(each -> each.isDraft() ? tracker.issue(each) : each)
                .toList();
    }

    private DocumentTask theOnlyDue() {
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due).hasSize(1);
        return due.get(0).task();
    }

    /** A run of a task: its blocks lie from the offset on, and each part counts one token. */
    private static Event.DocumentsDone done(DocumentTask task, long offset, long tokens) {
        List<Event.Block> blocks = new ArrayList<>();
        for (DocumentTask.Change each : task.changes()) {
            blocks.add(
                    each.isRemoval()
                            ? new Event.Block(-1, -1, PartitionTotal.ZERO, TextStats.NONE)
                            : new Event.Block(
                                    0,
                                    offset + blocks.size(),
                                    new PartitionTotal(1, 1),
                                    new TextStats(each.bytes(), 0, 0)));
        }
        return new Event.DocumentsDone(
                SPEC.id(), task.number(), 1, offset, "m", List.of(1), List.of(new PartitionTotal(tokens, 0)), blocks);
    }

    private DocumentEntry entry(String id) {
        return Objects.requireNonNull(tracker.entry(id));
    }

    @Test
    void theNewestChangeWaitsForTheOneUnderWayAndBuildsOnIt() {
        take(change("a", "1", "one\n", 0));
        DocumentTask first = theOnlyDue();
        take(change("a", "2", "two\n", 1));
        take(change("a", "3", "three\n", 2));
        assertThat(due(tracker)).isEmpty();
        assertThat(tracker.position(0, 0).sources()).containsEntry("source", 2L);
        tracker.apply(done(first, 70, 1), 0);
        DocumentTask second = theOnlyDue();
        assertThat(second.documents().get(0).version()).isEqualTo("3");
        assertThat(second.changes().get(0).base().offset()).isEqualTo(70);
        assertThat(second.changes().get(0).baseHash())
                .isEqualTo(first.changes().get(0).hash());
        assertThat(tracker.isQuiet()).isFalse();
        tracker.apply(done(second, 80, 0), 0);
        assertThat(tracker.isQuiet()).isTrue();
        assertThat(entry("a").version()).isEqualTo("3");
        assertThat(tracker.watermark()).isEqualTo(2);
        assertThat(tracker.position(0, 0).sources()).containsEntry("source", 3L);
    }

    @Test
    void freshnessIsTheAgeOfTheOldestChangeThatIsNotCounted() {
        assertThat(tracker.freshnessMillis(5)).isEqualTo(-1);
        tracker.change(change("a", "1", "one\n", 0), 1_000);
        DocumentTask first = theOnlyDue();
        tracker.change(change("b", "1", "two\n", 1), 1_100);
        tracker.change(change("a", "2", "three\n", 2), 1_200);
        tracker.settle(1_300);
        assertThat(tracker.freshnessMillis(1_300)).isEqualTo(300);
        tracker.apply(done(first, 0, 1), 0);
        DocumentTask second = theOnlyDue();
        tracker.settle(1_400);
        assertThat(tracker.freshnessMillis(1_500))
                .as("that of b; of a one change was counted, another has come")
                .isEqualTo(400);
        tracker.apply(done(second, 1, 1), 0);
        tracker.settle(1_600);
        assertThat(tracker.freshnessMillis(9_999)).as("what the last one took").isEqualTo(400);
    }

    /** It was never settled, and its age grew for as long as that went on. */
    @Test
    void aDocumentThatChangesAllTheTimeIsAsFreshAsItsLastCountedChange() {
        tracker.change(change("a", "0", "word 0\n", 0), 0);
        for (int i = 1; i < 100; i++) {
            DocumentTask task = theOnlyDue();
            tracker.change(change("a", String.valueOf(i), "word " + i + "\n", i), 10L * i);
            tracker.apply(done(task, i, 1), 0);
            tracker.settle(10L * i + 5);
            assertThat(tracker.freshnessMillis(10L * i + 5)).isEqualTo(5);
        }
    }

    @Test
    void aSourceThatGoesBackIsRefused() {
        take(change("a", "1", "one\n", 7));
        assertThatThrownBy(() -> take(change("b", "1", "one\n", 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("position 7");
    }

    @Test
    void aSmallTaskWaitsForTheOneThatIsOutButNotForOneThatIsStuck() {
        take(change("a", "1", "one\n", 0));
        assertThat(due(tracker, 0)).hasSize(1);
        take(change("b", "1", "two\n", 1));
        assertThat(due(tracker, 499)).isEmpty();
        assertThat(due(tracker, 500)).hasSize(1);
        take(change("c", "1", "three\n", 2));
        assertThat(due(tracker, 999)).isEmpty();
        assertThat(due(tracker, 1_000)).hasSize(1);
    }

    @Test
    void onlyPartsThatDifferTravel() {
        take(change("a", "1", "abc\ndef\nghi\n", 0));
        tracker.apply(done(theOnlyDue(), 0, 3), 0);
        take(change("a", "2", "abc\nxyz\nghi\n", 1));
        assertThat(theOnlyDue().changes()).extracting(DocumentTask.Change::part).containsExactly(1);
    }

    @Test
    void theLongerTheBacklogTheMoreATaskCarriesUpToALimit() {
        for (int i = 0; i < 4; i++) {
            take(change("few-" + i, "1", "abc\n", i));
        }
        assertThat(theOnlyDue().changes()).hasSize(4);
        for (int i = 0; i < 400; i++) {
            take(change("many-" + i, "1", "abc\n", 4 + i));
        }
        assertThat(due(tracker))
                .hasSize(SPEC.window() - 1)
                .allSatisfy(each -> assertThat(each.task().changes()).hasSize(16));
    }

    /** As paths may be: a record that a broker refuses would fail the job. */
    @Test
    void namesThatAreLongerThanTheirTextsMakeMoreTasksAndNotLargerOnes() {
        for (int i = 0; i < 3_000; i++) {
            take(change("水".repeat(1_300) + i, "1", "a\n", i));
        }
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due)
                .hasSize(SPEC.window())
                .allSatisfy(each -> assertThat(ControlCodec.encode(each.task())).hasSizeLessThan(6 << 20));
    }

    @Test
    void whatIsTheSameNeedsNoTaskAndStillIsWrittenDown() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(done(theOnlyDue(), 0, 1), 0);
        tracker.takeDirty();
        take(change("a", "2", "abc\n", 1));
        assertThat(due(tracker)).isEmpty();
        assertThat(tracker.takeDirty())
                .extracting(each -> DocumentCodec.document(each.value()).version())
                .containsExactly("2");
    }

    @Test
    void aDeletionRemovesEachPartAndLeavesATombstone() {
        take(change("a", "1", "abc\ndef\n", 0));
        tracker.apply(done(theOnlyDue(), 0, 2), 0);
        tracker.takeDirty();
        take(DocumentChange.deleted("a", "2", "source", 1));
        DocumentTask task = theOnlyDue();
        assertThat(task.changes()).hasSize(2).allMatch(DocumentTask.Change::isRemoval);
        tracker.apply(done(task, 5, -2), 0);
        assertThat(tracker.takeDirty()).containsExactly(new DocumentTracker.Entry("a", null));
        assertThat(tracker.documents()).isZero();
        assertThat(tracker.total()).isEqualTo(PartitionTotal.ZERO);
    }

    private void takeCounted(DocumentChange change) {
        take(change);
        for (DocumentTracker.Due each : due(tracker)) {
            tracker.apply(done(each.task(), 100 * each.task().number(), 1), 0);
        }
        assertThat(tracker.isQuiet()).isTrue();
    }

    /** Its task named all old blocks, which a mapper loads at once: each that took it died of it, and the job stood. */
    @Test
    void ofALargeDocumentThatIsDeletedOneTaskHoldsOnlyAsMuchAsAMapperCan() {
        takeCounted(change("a", "1", "abc\n".repeat(100), 0));
        take(DocumentChange.deleted("a", "2", "source", 1));
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due)
                .hasSize(6)
                .noneMatch(DocumentTracker.Due::isWhole)
                .allSatisfy(each -> assertThat(each.task().changes())
                        .hasSizeLessThanOrEqualTo(17)
                        .allMatch(DocumentTask.Change::isRemoval));
        assertThat(due.stream().flatMap(each -> each.task().changes().stream()))
                .extracting(DocumentTask.Change::part)
                .hasSize(100)
                .doesNotHaveDuplicates();
        due.forEach(each -> tracker.apply(done(each.task(), 0, 0), 0));
        assertThat(tracker.entry("a")).isNull();
    }

    /** What is left of it made one small task, whatever had to be taken away. */
    @Test
    void ofALargeDocumentThatGetsShortOneTaskHoldsOnlyAsMuchAsAMapperCan() {
        takeCounted(change("a", "1", "abc\n".repeat(100), 0));
        take(change("a", "2", "xyz\n", 1));
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due)
                .hasSize(6)
                .allSatisfy(each -> assertThat(each.task().changes()).hasSizeLessThanOrEqualTo(17));
        due.forEach(each -> tracker.apply(done(each.task(), 900, 0), 0));
        assertThat(entry("a").version()).isEqualTo("2");
        assertThat(entry("a").parts()).hasSize(1);
    }

    @Test
    void manyDocumentsThatAreDeletedFillTasksByWhatIsCountedOfThem() {
        for (int i = 0; i < 40; i++) {
            takeCounted(change("many-" + i, "1", "abc\n", i));
        }
        for (int i = 0; i < 40; i++) {
            take(DocumentChange.deleted("many-" + i, "2", "source", 40 + i));
        }
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due)
                .as("none waits for the one before")
                .extracting(each -> each.task().changes().size())
                .containsExactly(16, 16, 8);
        due.forEach(each -> tracker.apply(done(each.task(), 0, 0), 0));
        assertThat(tracker.documents()).isZero();
    }

    /** One waited for the other, and all documents behind them for both. */
    @Test
    void largeDocumentsThatAreDeletedTogetherAreTakenAwayTogether() {
        for (int i = 0; i < 3; i++) {
            takeCounted(change("large-" + i, "1", "abc\n".repeat(10), i));
        }
        for (int i = 0; i < 3; i++) {
            take(DocumentChange.deleted("large-" + i, "2", "source", 3 + i));
        }
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due.stream().mapToInt(each -> each.task().changes().size()).sum())
                .isEqualTo(30);
        due.forEach(each -> tracker.apply(done(each.task(), 0, 0), 0));
        assertThat(tracker.documents()).isZero();
    }

    /** Its first tasks took parts away that the next driver must not take away again. */
    @Test
    void aDriverThatTakesOverAmidTheDeletionOfALargeDocumentGoesOnWithIt() {
        takeCounted(change("a", "1", "abc\n".repeat(100), 0));
        take(DocumentChange.deleted("a", "2", "source", 1));
        List<DocumentTracker.Due> due = due(tracker);
        tracker.apply(done(due.get(2).task(), 0, 0), 0);

        DocumentTracker next = new DocumentTracker(SPEC);
        List<DocumentTracker.Entry> written = tracker.takeDirty();
        next.restore(tracker.position(0, 0));
        written.forEach(each -> next.restore(each.id(), each.value()));
        due.forEach(each -> next.restore(each.task(), each.texts(), 0));
        assertThat(Objects.requireNonNull(next.entry("a")).total().tokens()).isEqualTo(83);
        assertThat(next.isQuiet()).isFalse();
        for (DocumentTracker.Due each : due) {
            next.apply(done(each.task(), 0, 0), 0);
        }
        assertThat(next.isQuiet()).isTrue();
        assertThat(next.takeDirty()).containsExactly(new DocumentTracker.Entry("a", null));
        assertThat(next.failure()).isNull();
    }

    @Test
    void aRenameKeepsTheBlocksAndNeedsADocumentAtRest() {
        take(change("a", "1", "abc\n", 0));
        DocumentTask task = theOnlyDue();
        assertThat(tracker.rename("a", change("b", "1", "abc\n", 0))).isFalse();
        tracker.apply(done(task, 9, 1), 0);
        assertThat(tracker.rename("a", change("b", "1", "abc\n", 0))).isTrue();
        assertThat(entry("b").parts().get(0).block().offset()).isEqualTo(9);
        take(change("b", "2", "", 1));
        assertThat(theOnlyDue().changes().get(0).base().offset()).isEqualTo(9);
    }

    @Test
    void anotherTextIsNoNewNameWhateverItsFileLooksLike() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(done(theOnlyDue(), 9, 1), 0);
        assertThat(tracker.rename("a", change("b", "1", "xyz\n", 0))).isFalse();
        assertThat(tracker.entry("a")).isNotNull();
        assertThat(tracker.rename("a", change("b", "1", "abc\n", 0))).isTrue();
    }

    @Test
    void nothingIsSaidToBeCountedWhileAChangeIsUnderWay() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(done(theOnlyDue(), 9, 1), 0);
        assertThat(Objects.requireNonNull(tracker.entryAtRest("a")).version()).isEqualTo("1");
        take(change("a", "2", "def\n", 1));
        assertThat(tracker.entryAtRest("a")).isNull();
        assertThat(tracker.version("a")).as("of what waits").isEqualTo("2");
        DocumentTracker.Due due = due(tracker).get(0);
        DocumentTracker next = new DocumentTracker(SPEC); // of a driver that takes over
        next.restore(tracker.position(0, 0));
        next.restore("a", DocumentCodec.encode(Objects.requireNonNull(tracker.entry("a"))));
        next.restore(due.task(), due.texts(), 0);
        assertThat(next.entry("a")).isNotNull();
        assertThat(next.entryAtRest("a")).isNull();
        assertThat(next.version("a")).isEqualTo("2");
        next.apply(done(due.task(), 12, 0), 0);
        assertThat(Objects.requireNonNull(next.entryAtRest("a")).version()).isEqualTo("2");
        assertThat(next.version("a")).isEqualTo("2");
        assertThat(next.version("b")).isNull();
    }

    /** As {@link #done}, of a task that adds a token. */
    private static Event.DocumentsDone consistent(DocumentTask task, long offset) {
        Event.DocumentsDone done = done(task, offset, 1);
        return new Event.DocumentsDone(
                done.job(),
                done.task(),
                done.attempt(),
                done.execution(),
                done.worker(),
                done.parts(),
                List.of(new PartitionTotal(1, 1)),
                done.blocks());
    }

    @Test
    void aDriverThatTakesOverFindsThatWhatItReadBelongsTogether() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(consistent(theOnlyDue(), 9), 0);
        take(change("b", "1", "def\n", 1));
        tracker.apply(consistent(theOnlyDue(), 10), 0);
        take(change("c", "1", "ghi\n", 2));
        DocumentTracker.Due due = due(tracker).get(0);

        IntToLongFunction ledgerEnd = partition -> 11;
        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(tracker.position(0, 0));
        next.restore("a", DocumentCodec.encode(Objects.requireNonNull(tracker.entry("a"))));
        assertThat(next.disagreement(ledgerEnd)).contains("documents come to").contains("tasks to");
        next.restore("b", DocumentCodec.encode(Objects.requireNonNull(tracker.entry("b"))));
        assertThat(next.disagreement(ledgerEnd)).contains("task 2 is gone");
        next.restore(due.task(), due.texts(), 0);
        assertThat(next.disagreement(ledgerEnd)).isNull();
        assertThat(next.disagreement(partition -> 10))
                .as("every driver died of it, one after the other, when b was edited")
                .contains("ledger's partition 0 ends before offset 10, where counts of b are to be");
    }

    @Test
    void oneTaskThatNobodyTakesHoldsUpTheOthersBeforeTheyFitNoRecord() {
        take(change("a", "1", "abc\n", 0));
        DocumentTask stuck = theOnlyDue();
        long done = 0, now = 0, last = 0;
        while (done < 100_000 && now - last < 10_000) {
            take(change("b", "v" + now, "abc " + now + "\n", now + 1));
            now += 1_000;
            for (DocumentTracker.Due each : due(tracker, now)) {
                if (each.task().number() != stuck.number()) {
                    tracker.apply(done(each.task(), 9, 0), now);
                    done++;
                    last = now;
                }
            }
        }
        assertThat(done * SPEC.partitions()).isBetween(10_000L, 20_000L);
        tracker.apply(done(stuck, 9, 1), now);
        assertThat(due(tracker, now + 1_000)).isNotEmpty();
    }

    @Test
    void aDocumentThatKeepsAnOldVersionIsNotRenamed() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(done(theOnlyDue(), 9, 1), 0);
        tracker.unreadable("a", "too long");
        assertThat(tracker.rename("a", change("b", "2", "abc\n", 0))).isFalse();
        assertThat(tracker.readable("a")).isTrue();
        assertThat(tracker.readable("a")).isFalse();
        tracker.unreadable("b", "too long");
        assertThat(tracker.rename("a", change("b", "2", "abc\n", 0))).isTrue();
        assertThat(tracker.unreadable()).isEmpty();
    }

    @Test
    void aLateCopyMeansNothingAndOneThatDiffersFailsTheJob() {
        take(change("a", "1", "abc\n", 0));
        take(change("b", "1", "abc\ndef\nghi\njkl\nmno\n", 1));
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due).hasSizeGreaterThan(1);
        DocumentTask last = due.get(due.size() - 1).task();
        tracker.apply(done(last, 5, 1), 0);
        tracker.apply(done(last, 6, 1), 0);
        assertThat(tracker.failure()).isNull();
        tracker.apply(done(last, 7, 2), 0);
        assertThat(tracker.failure()).contains("two runs");
    }

    @Test
    void aTaskIsTriedAgainUntilItHasFailedTooOften() {
        take(change("a", "1", "abc\n", 0));
        DocumentTask task = theOnlyDue();
        for (long execution = 0; execution < 2; execution++) {
            Event failed = new Event.DocumentsFailed(SPEC.id(), task.number(), 1, execution, "m", "no");
            tracker.apply(failed, 0);
            tracker.apply(failed, 0);
            assertThat(tracker.failure() == null).isEqualTo(execution == 0);
        }
    }

    @Test
    void aTaskThatFailedIsTriedAgainAfterAPause() {
        take(change("a", "1", "abc\n", 0));
        DocumentTask task = due(tracker, 1_000).get(0).task();
        tracker.apply(new Event.DocumentsFailed(SPEC.id(), task.number(), 1, 7, "m", "no"), 0);
        assertThat(due(tracker, 1_400)).isEmpty();
        assertThat(due(tracker, 1_600))
                .singleElement()
                .satisfies(again -> assertThat(again.task()).isEqualTo(task.withAttempt(2)));
        assertThat(due(tracker, 3_000)).isEmpty();
    }

    /** The parts that were done were forgotten with the driver, and the old ones or none taken for them. */
    @Test
    void aDriverThatTakesOverAmidADocumentOfManyTasksKnowsThePartsThatAreDone() {
        take(change("a", "1", "abc\n".repeat(20), 0));
        List<DocumentTracker.Due> due = due(tracker);
        assertThat(due).hasSizeGreaterThan(2);
        tracker.apply(done(due.get(0).task(), 100, 1), 0);

        DocumentTracker next = new DocumentTracker(SPEC);
        List<DocumentTracker.Entry> written = tracker.takeDirty();
        ContinuousPosition position = tracker.position(0, 0);
        next.restore(position);
        written.forEach(each -> next.restore(each.id(), each.value()));
        due.forEach(each -> next.restore(each.task(), each.texts(), 0));
        for (DocumentTracker.Due each : due.subList(1, due.size())) {
            next.apply(done(each.task(), 100 * (1 + each.task().number()), 1), 0);
        }
        DocumentEntry entry = Objects.requireNonNull(next.entry("a"));
        assertThat(entry.version()).isEqualTo("1");
        assertThat(entry.parts()).hasSize(20);
        assertThat(entry.parts().get(0).block().offset()).isEqualTo(100);
        assertThat(entry.total().tokens()).isEqualTo(20);
        assertThat(next.watermark()).isEqualTo(due.size());
    }

    /** Else a driver that comes after this one would not look for them again. */
    @Test
    void whatASourceIsReadUpToDoesNotPassDeletionsThatAreInNoTask() {
        take(change("a", "1", "abc\n", 5));
        take(change("b", "1", "def\n", 6));
        tracker.apply(done(theOnlyDue(), 70, 2), 0);
        tracker.sources().readUpTo("time", 1_000);
        take(DocumentChange.deleted("a", "gone", "time", 1_000));
        take(DocumentChange.deleted("b", "gone", "time", 1_001));
        tracker.sources().readUpTo("time", 500_000);
        assertThat(tracker.position(0, 0).sources()).containsEntry("time", 1_000L);
        theOnlyDue();
        assertThat(tracker.position(0, 0).sources()).containsEntry("time", 500_000L);
        tracker.sources().readUpTo("time", 400_000);
        assertThat(tracker.position(0, 0).sources()).containsEntry("time", 500_000L);
    }

    /**
     * One record that could not be read kept the position before it for weeks, and when the topic had forgotten it, no driver
     * could start any more, though all else had been counted.
     */
    @Test
    void aDriverThatTakesOverKnowsWhatIsReadForTheSakeOfTheUnreadableAlone() {
        tracker.sources().announce("source", 5);
        tracker.sources().keep("source", 5);
        take(change("a", "1", "abc\n", 6));
        assertThat(tracker.sources().doneBelow("source")).isEqualTo(6);
        tracker.apply(done(theOnlyDue(), 70, 1), 0);
        assertThat(tracker.sources().doneBelow("source")).isEqualTo(7);
        ContinuousPosition left = tracker.position(0, 0);
        assertThat(left.sources()).containsEntry("source", 5L);
        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(left);
        assertThat(next.sources().doneBelow("source")).isEqualTo(7);
        assertThat(next.sources().wasDone("source", 5)).isFalse();
        assertThat(next.sources().wasDone("source", 6)).isTrue();
        assertThat(next.sources().wasDone("source", 7)).isFalse();
        assertThat(next.position(0, 0).sources()).isEqualTo(left.sources());
        next.sources().announce("source", 5);
        next.sources().passOver("source", 5);
        next.sources().readUpTo("source", 9);
        assertThat(next.position(0, 0).sources()).isEqualTo(Map.of("source", 9L));
    }

    /** The one beyond those that are named stopped the position for good, as far as retention was concerned. */
    @Test
    void ofMoreUnreadableThanCanBeNamedItIsKnownThatAllElseIsDone() {
        for (int i = 0; i < 3_000; i++) {
            tracker.sources().announce("source", i);
            tracker.sources().keep("source", i);
        }
        ContinuousPosition left = tracker.position(0, 0);
        assertThat(left.sources()).hasSizeBetween(1_000, 1_010).containsEntry("source", 0L);
        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(left);
        assertThat(next.sources().doneBelow("source")).isEqualTo(3_000);
        assertThat(next.sources().wasDone("source", 999)).isFalse();
        assertThat(next.sources().wasDone("source", 2_000)).as("read again").isFalse();
        assertThat(next.sources().isInTasks("source", 3_000)).isFalse();
        next.sources().readUpTo("source", 2_500); // all before that is gone from the topic
        assertThat(next.position(0, 0).sources()).containsEntry("source", 2_500L);
    }

    /** A document that was deleted in between was there again, and its deletion passed for read. */
    @Test
    void whatIsToldAgainIsNotDoneAnyMore() {
        for (int i = 0; i < 3_000; i++) {
            tracker.sources().announce("source", i);
            tracker.sources().keep("source", i);
        }
        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(tracker.position(0, 0));
        next.change(change("a", "1", "abc\n", 2_000), 0);
        due(next);
        assertThat(next.sources().doneBelow("source")).isEqualTo(2_001);
    }

    @Test
    void whatIsOnlyDraftedIsReadAgainByTheNextDriver() {
        take(change("a", "1", "abc\n", 5));
        DocumentTracker.Due draft = tracker.due(0).get(0);
        take(change("b", "1", "def\n", 6));
        DocumentTracker.Due other = tracker.due(600).get(0); // the first is out for long, and does not count
        tracker.issue(other);
        assertThat(tracker.isQuiet()).isFalse();
        assertThat(tracker.openTasks()).isEqualTo(2);
        assertThat(tracker.waiting()).isZero();

        ContinuousPosition before = tracker.position(0, 0);
        assertThat(before.nextTask()).as("tasks that are issued").isEqualTo(1);
        assertThat(before.sources()).containsExactly(Map.entry("source", 5L));

        DocumentTracker.Due issued = tracker.issue(draft);
        assertThat(issued.task().number()).isEqualTo(1);
        ContinuousPosition behind = tracker.position(0, 0);
        assertThat(behind.nextTask()).isEqualTo(2);
        assertThat(behind.sources()).containsExactly(Map.entry("source", 7L));
        assertThatThrownBy(() -> tracker.issue(draft)).isInstanceOf(IllegalStateException.class);

        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(before);
        next.change(change("a", "1", "abc\n", 5), 0);
        assertThat(due(next).get(0).task().documents().get(0).id()).isEqualTo("a");
    }

    @Test
    void aSourceIsReadFromWhatItHasAnnouncedUntilThatIsInATask() {
        tracker.sources().announce("source", 3);
        tracker.sources().announce("source", 5);
        tracker.change(change("b", "1", "xyz\n", 7), 0);
        due(tracker);
        assertThat(tracker.position(0, 0).sources()).containsExactly(Map.entry("source", 3L));
        assertThatThrownBy(() -> tracker.sources().announce("source", 4)).isInstanceOf(IllegalArgumentException.class);
        tracker.sources().passOver("source", 3);
        assertThat(tracker.position(0, 0).sources()).containsExactly(Map.entry("source", 5L));
        assertThatThrownBy(() -> tracker.sources().passOver("source", 3)).isInstanceOf(IllegalArgumentException.class);
        tracker.change(change("a", "1", "abc\n", 5), 0);
        assertThat(tracker.position(0, 0).sources()).containsExactly(Map.entry("source", 5L));
        due(tracker, 1_000);
        assertThat(tracker.position(0, 0).sources()).containsExactly(Map.entry("source", 8L));
    }

    @Test
    void aTaskThatTheDriverCountsItselfIsDoneWithTheTransactionThatSaysSo() {
        take(change("a", "1", "abc\n", 0));
        DocumentTracker.Due due = due(tracker).get(0);
        assertThat(due.isWhole()).isTrue();
        tracker.apply(done(due.task(), 100, 1), 0);
        assertThat(tracker.isQuiet()).isTrue();
        assertThat(tracker.watermark()).isEqualTo(1);
        DocumentTracker.Entry written = tracker.takeDirty().get(0);

        DocumentTracker next = new DocumentTracker(SPEC);
        next.restore(tracker.position(0, 0));
        next.restore(written.id(), written.value());
        assertThat(next.isQuiet()).isTrue();
        assertThat(next.watermark()).isEqualTo(1);
        assertThat(next.total()).isEqualTo(tracker.total());
        assertThat(next.entry("a")).isEqualTo(tracker.entry("a"));
    }

    @Test
    void aTaskThatTheDriverCountsItselfHasTakenUntilItIsCommitted() {
        tracker.change(change("a", "1", "abc\n", 0), 0);
        DocumentTracker.Due draft = tracker.due(0).get(0);
        DocumentTracker.Due due = tracker.issue(draft);
        tracker.change(change("b", "1", "abc\n", 1), 0);
        tracker.apply(done(due.task(), 100, 1), 1);
        assertThat(tracker.restMillis(1)).isEqualTo(1);
        tracker.committed(due, 6);
        assertThat(tracker.restMillis(6)).isEqualTo(6);
    }

    @Test
    void aDriverThatRestsGathersUnlessThereIsABacklog() {
        take(change("a", "1", "abc\n", 0));
        tracker.apply(done(due(tracker, 100).get(0).task(), 0, 1), 110);
        take(change("b", "1", "abc\n", 1));
        assertThat(due(tracker, 119)).isEmpty();
        assertThat(tracker.mayBegin(119)).isFalse();
        assertThat(tracker.restMillis(119)).isEqualTo(1);
        List<DocumentTracker.Due> second = due(tracker, 120);
        assertThat(second).hasSize(1);
        assertThat(tracker.restMillis(120)).isZero();

        tracker.apply(done(second.get(0).task(), 9, 1), 220);
        take(change("c", "1", "abc\n", 2));
        assertThat(tracker.restMillis(220)).as("no longer than that").isEqualTo(25);
        take(change("d", "1", "abc\n".repeat(20), 3));
        assertThat(due(tracker, 230)).isNotEmpty();
    }

    @Test
    void aTaskThatHoldsOnlyPartOfAChangeIsForMappersAndSoIsOneThatIsIssuedAgain() {
        take(change("a", "1", "abc\n".repeat(20), 0));
        assertThat(due(tracker)).hasSizeGreaterThan(2).noneMatch(DocumentTracker.Due::isWhole);
        DocumentTracker other = new DocumentTracker(SPEC);
        other.change(change("b", "1", "abc\n", 0), 0);
        assertThat(due(other)).singleElement().matches(DocumentTracker.Due::isWhole);
        assertThat(due(other, 20_000)).singleElement().matches(due -> !due.isWhole());
    }

    @Test
    void aNewVersionOfTheSameTextIsWrittenDownAndCountsNothing() {
        take(change("a", "1/young", "abc\n", 0));
        DocumentTask task = theOnlyDue();
        tracker.renew("a", "1");
        tracker.apply(done(task, 9, 1), 0);
        assertThat(entry("a").version()).as("it was under way").isEqualTo("1/young");
        tracker.takeDirty();
        tracker.renew("a", "1");
        assertThat(entry("a").version()).isEqualTo("1");
        assertThat(tracker.takeDirty()).extracting(DocumentTracker.Entry::id).containsExactly("a");
        assertThat(due(tracker)).isEmpty();
        tracker.renew("gone", "1");
        assertThat(tracker.entry("gone")).isNull();
    }
}
