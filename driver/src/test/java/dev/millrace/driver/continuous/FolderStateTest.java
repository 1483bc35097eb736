package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.continuous.FolderState.Now;
import dev.millrace.driver.continuous.FolderState.Step;
import dev.millrace.driver.continuous.FolderState.Told;
import dev.millrace.input.FileLook;
import dev.millrace.input.FileVersion;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What follows from looks at files whose times no file system would give on demand. */
final class FolderStateTest {
    private static final long MILLI = 1_000_000;
    private static final long OLD = 1_000_000_000_123_456_789L;

    private FolderState state = new FolderState();
    private long nanos = 77;
    private long wallNanos = 1_800_000_000_987_654_321L;
    private long folderModified = OLD, folderChanged = OLD;
    private FolderWalk.@Nullable Folder inner;
    private boolean unreadable, isOfContent;
    private long tryMillis;
    private String text = "text";
    /** What was to be told of the last that was read. */
    private @Nullable Told told;

    private Now now() {
        return new Now(nanos, wallNanos);
    }

    private void pass(long millis) {
        nanos += millis * MILLI;
        wallNanos += millis * MILLI;
    }

    private static FileVersion file(long modified, long changed) {
        return new FileVersion(3, modified, changed, "(dev=1,ino=5)");
    }

    private static FolderWalk.Folder folder(String id, long modified, long changed, String key) {
        return new FolderWalk.Folder(
                Path.of("/watched", id),
                id,
                id,
                new FileLook(FileLook.Kind.FOLDER, 4_096, modified, changed, key),
                null);
    }

    private List<Step> scan(Map<String, FileVersion> files) {
        state.beginScan(now());
        state.folder(folder("", folderModified, folderChanged, "(dev=1,ino=2)"), now());
        if (inner != null) {
            state.folder(inner, now());
        }
        if (inner != null && files.isEmpty()) {
            state.empty(inner);
        }
        files.forEach((id, version) -> state.scanned(id, version, now()));
        state.endScan();
        return steps();
    }

    /** All are carried out. */
    private List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        for (Step step = state.next(); step != null; step = state.next()) {
            if (step instanceof Step.Read read && unreadable) {
                Now begun = now();
                pass(tryMillis);
                state.unreadable(read.id(), read.version(), isOfContent, begun, now());
            } else if (step instanceof Step.Read read) {
                told = state.read(read.id(), read.version(), text.getBytes(StandardCharsets.UTF_8), now());
            } else if (step instanceof Step.Rename rename) {
                state.renamed(rename.from(), rename.to(), rename.version(), new byte[0], now());
            }
            if (!(step instanceof Step.Filled)) {
                steps.add(step);
            }
        }
        return steps;
    }

    /** An archive had given the file its size and time, and the file system its place: it went unread. */
    @Test
    void anotherFileOfTheSameSizeTimeAndPlaceIsRead() {
        scan(Map.of("a", file(OLD, OLD)));
        pass(5_000);
        FileVersion other = file(OLD, wallNanos - 1_000 * MILLI);
        assertThat(scan(Map.of("a", other))).containsExactly(new Step.Read("a", other));
        assertThat(scan(Map.of("a", other))).isEmpty();
    }

    /** It counted as settled at once, and what was written to it within the same step of its time went unread. */
    @Test
    void aFileThatWasJustWrittenAndGivenAnOldTimeHasNotSettled() {
        FileVersion fresh = file(OLD, wallNanos);
        assertThat(scan(Map.of("a", fresh))).isEmpty();
        assertThat(state.agrees()).isFalse();
        pass(99);
        state.hinted("a", fresh, now());
        assertThat(steps()).isEmpty();
        pass(1);
        state.hinted("a", fresh, now());
        assertThat(steps()).containsExactly(new Step.Read("a", fresh));
    }

    @Test
    void aChangeInWholeSecondsSettlesSlowly() {
        FileVersion fresh = file(OLD, wallNanos - wallNanos % 1_000_000_000);
        scan(Map.of("a", fresh));
        pass(1_000);
        assertThat(scan(Map.of("a", fresh))).isEmpty();
        pass(1_100);
        assertThat(scan(Map.of("a", fresh))).containsExactly(new Step.Read("a", fresh));
    }

    @Test
    void whereChangesHaveNoTimeTheOtherTimeHasToDo() {
        FileVersion fresh = file(wallNanos, 0);
        assertThat(scan(Map.of("a", fresh))).isEmpty();
        pass(100);
        assertThat(scan(Map.of("a", fresh))).containsExactly(new Step.Read("a", fresh));
    }

    @Test
    void aRenameIsToldAsOneThoughItIsAChange() {
        scan(Map.of("a", file(OLD, OLD)));
        pass(5_000);
        FileVersion renamed = file(OLD, wallNanos);
        state.hinted("b", renamed, now());
        assertThat(scan(Map.of("b", renamed))).isEmpty();
        pass(100);
        state.hinted("b", renamed, now());
        assertThat(steps()).isEmpty();
        assertThat(state.wantsScan()).isTrue();
        assertThat(state.nextRestless()).isEqualTo(nanos + 5_000 * MILLI); // that scan comes before
        assertThat(scan(Map.of("b", renamed))).containsExactly(new Step.Rename("a", "b", renamed));
    }

    @Test
    void aRenameThatSettlesSlowlyIsNoDeletion() {
        scan(Map.of("a", file(OLD, OLD)));
        pass(5_000);
        FileVersion renamed = file(OLD, wallNanos - wallNanos % 1_000_000_000);
        for (int scans = 0; scans < 10; scans++) {
            assertThat(scan(Map.of("b", renamed))).isEmpty();
            assertThat(state.agrees()).isFalse();
            pass(100);
        }
        pass(1_100);
        assertThat(scan(Map.of("b", renamed))).containsExactly(new Step.Rename("a", "b", renamed));
        assertThat(scan(Map.of("b", renamed))).isEmpty();
    }

    @Test
    void whatAReleaseToldThatKnewNoTimesOfChangesIsReadAgainAndKeepsItsName() {
        FileVersion a = file(OLD, OLD), b = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        state.restore("a", OLD + "/3/(dev=1,ino=5)", false);
        state.restore("old", OLD + "/4/(dev=1,ino=6)", false);
        assertThat(scan(Map.of("a", a, "b", b)))
                .containsExactlyInAnyOrder(new Step.Read("a", a), new Step.Rename("old", "b", b));
    }

    @Test
    void whatWasToldBeforeIsNotReadAgain() {
        FileVersion a = file(OLD, OLD);
        state.restore("a", FolderState.version(a), false);
        assertThat(scan(Map.of("a", a))).isEmpty();
        FileVersion changed = file(OLD, OLD + 1);
        state = new FolderState();
        state.restore("a", FolderState.version(a), false);
        assertThat(scan(Map.of("a", changed))).containsExactly(new Step.Read("a", changed));
    }

    @Test
    void aFileThatIsMendedToWhatIsCountedIsReadableAgain() {
        FileVersion good = file(OLD, 0), bad = file(OLD + 1, 0);
        scan(Map.of("a", good));
        state.unreadable("a", bad, false, now(), now());
        assertThat(scan(Map.of("a", good))).containsExactly(new Step.Mended("a"));
    }

    /** Mounted from the same file system it had the same device, and all in it was deleted when it was unmounted. */
    @Test
    void anUnmountedFolderOfTheSameDeviceKeepsAll() {
        inner = folder("in/", wallNanos, wallNanos, "(dev=1,ino=9)");
        scan(Map.of("in/a", file(OLD, OLD)));
        pass(5_000);
        inner = folder("in/", OLD, OLD, "(dev=1,ino=3)");
        assertThat(scan(Map.of()))
                .containsExactly(new Step.Unreadable(
                        "/watched/in", "it is empty, and not the folder that it was; what was counted of it is kept"));
        for (int scans = 0; scans < 3; scans++) {
            assertThat(scan(Map.of())).isEmpty();
        }
        inner = folder("in/", wallNanos, wallNanos, "(dev=1,ino=9)");
        assertThat(scan(Map.of("in/a", file(OLD, OLD)))).containsExactly(new Step.Mended("/watched/in"));
    }

    @Test
    void aFolderThatWasDeletedAndMadeAgainIsEmpty() {
        long second = wallNanos - wallNanos % 1_000_000_000;
        for (long made : new long[] {wallNanos + 1_000 * MILLI, second}) {
            state = new FolderState();
            inner = folder("in/", OLD, OLD, "(dev=1,ino=9)");
            scan(Map.of("in/a", file(OLD, OLD)));
            inner = folder("in/", made, made, "(dev=1,ino=3)");
            assertThat(scan(Map.of())).isEmpty();
            assertThat(scan(Map.of())).containsExactly(new Step.Deleted("in/a"));
        }
    }

    /** Time of its own or not: whoever moves an empty folder there changes it. */
    @Test
    void anOldFolderThatWasMovedThereIsEmpty() {
        inner = folder("in/", OLD, OLD, "(dev=1,ino=9)");
        scan(Map.of("in/a", file(OLD, OLD)));
        inner = folder("in/", OLD, wallNanos, "(dev=1,ino=3)");
        assertThat(scan(Map.of())).isEmpty();
        assertThat(scan(Map.of())).containsExactly(new Step.Deleted("in/a"));
    }

    /** A snapshot said of a file that had been mended before it that it could not be read. */
    @Test
    void aFileThatCouldNotBeReadIsTriedAgainForABarrier() {
        FileVersion a = file(OLD, OLD);
        unreadable = true;
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        pass(50);
        assertThat(scan(Map.of("a", a))).isEmpty();
        state.barrier(1);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        assertThat(scan(Map.of("a", a))).isEmpty();
        state.barrier(2);
        unreadable = false;
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
    }

    /** What was too long or damaged was decompressed every two seconds, and nothing else was looked at. */
    @Test
    void aFileWhoseTextIsRefusedIsTriedAgainWhenItHasChanged() {
        FileVersion bad = file(OLD, OLD), mended = file(OLD, OLD + 1);
        unreadable = true;
        isOfContent = true;
        assertThat(scan(Map.of("a", bad))).containsExactly(new Step.Read("a", bad));
        pass(600_000);
        assertThat(scan(Map.of("a", bad))).isEmpty();
        state.barrier(1);
        assertThat(scan(Map.of("a", bad))).isEmpty();
        assertThat(state.agrees()).isTrue();
        state.hinted("a", bad, now());
        assertThat(steps()).isEmpty();
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
        unreadable = false;
        state.hinted("a", mended, now());
        assertThat(steps()).containsExactly(new Step.Read("a", mended));
        assertThat(told).isEqualTo(new Told(FolderState.version(mended), true));
    }

    /** It may be called cut off amid the call that writes it. */
    @Test
    void aYoungFileWhoseTextIsRefusedIsTriedUntilItHasGrownOld() {
        FileVersion a = file(OLD, wallNanos - 200 * MILLI);
        unreadable = true;
        isOfContent = true;
        scan(Map.of("a", a));
        pass(2_000);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        state.barrier(1);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        pass(60_000);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        pass(600_000);
        state.barrier(2);
        assertThat(scan(Map.of("a", a))).isEmpty();
    }

    @Test
    void aFileWithATimeInTheFutureWhoseTextIsRefusedGrowsOldAsWell() {
        FileVersion a = file(OLD, wallNanos + 3_600_000 * MILLI);
        unreadable = true;
        isOfContent = true;
        for (long wait : new long[] {0, 60_000}) {
            pass(wait);
            scan(Map.of("a", a));
            pass(100);
            assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        }
        pass(60_000);
        scan(Map.of("a", a));
        pass(100);
        assertThat(scan(Map.of("a", a))).isEmpty();
    }

    /** Each scan read for half a minute what a failing disk held, and the second behind a barrier did so again. */
    @Test
    void whatTakesLongToFailIsTriedAQuarterOfTheTime() {
        FileVersion a = file(OLD, OLD), b = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        Map<String, FileVersion> files = Map.of("a", a, "b", b);
        unreadable = true;
        tryMillis = 10_000;
        assertThat(scan(files)).hasSize(2);
        pass(59_999);
        assertThat(scan(files)).isEmpty();
        pass(1);
        assertThat(scan(files)).hasSize(2);
        state.barrier(1);
        assertThat(scan(files)).hasSize(2);
        assertThat(scan(files)).isEmpty();
        pass(100);
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        tryMillis = 1_000_000;
        state.barrier(2);
        assertThat(scan(files)).hasSize(2);
        pass(300_000);
        assertThat(scan(files)).as("none waits for longer").hasSize(2);
    }

    /** Nothing came of it, as it was the last one. */
    @Test
    void aHintOfAFileThatWasTriedAMomentAgoIsFollowedLater() {
        FileVersion a = file(OLD, OLD);
        unreadable = true;
        scan(Map.of("a", a));
        pass(60);
        state.hinted("a", a, now());
        assertThat(steps()).isEmpty();
        assertThat(state.nextRestless()).isEqualTo(nanos + 40 * MILLI);
        pass(40);
        assertThat(state.restless(now())).containsExactly("a");
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
    }

    /** Whoever copies a tree as it was sets times of folders back too: a barrier took them for unchanged. */
    @Test
    void aFolderWhoseTimeWasSetBackIsNotAsItWasListed() {
        Map<String, FileVersion> files = Map.of("a", file(OLD, OLD));
        scan(files);
        scan(files);
        assertThat(state.agrees()).isTrue();
        pass(5_000);
        folderChanged = wallNanos;
        scan(files);
        assertThat(state.agrees()).isFalse();
        assertThat(state.isMoving()).isTrue();
        pass(100);
        scan(files);
        assertThat(state.agrees()).isFalse(); // the one before had looked too early
        scan(files);
        assertThat(state.agrees()).isTrue();
    }

    /** Moved and edited amid slow scans, its text was in a snapshot under no name, and nothing said so. */
    @Test
    void aNewFileThatHasNotSettledIsListedWhereScansDoNotAgree() {
        scan(Map.of("z", file(OLD, OLD)));
        pass(6_000);
        scan(Map.of());
        FileVersion edited = file(wallNanos, wallNanos);
        assertThat(scan(Map.of("a", edited))).containsExactly(new Step.Deleted("z"));
        state.passOver(now());
        assertThat(steps())
                .containsExactly(new Step.Unreadable(
                        "a", "it is new here, and was still changing; it is counted when it has settled"));
        pass(100);
        assertThat(scan(Map.of("a", edited))).containsExactly(new Step.Read("a", edited));
        state.passOver(now());
        assertThat(steps()).isEmpty();
    }

    /** A log that was rotated amid a scan was counted under both names. */
    @Test
    void filesThatMoveUpAmidAScanAreLeftToTheNext() {
        FileVersion first = file(OLD, OLD), second = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        scan(Map.of("log", first, "log.1", second));
        FileVersion fresh = new FileVersion(5, OLD, OLD, "(dev=1,ino=7)");
        assertThat(scan(Map.of("log", first, "log.1", first, "log.2", second))).isEmpty();
        assertThat(state.wantsScan()).isTrue();
        assertThat(scan(Map.of("log", fresh, "log.1", first, "log.2", second)))
                .containsExactlyInAnyOrder(
                        new Step.Read("log", fresh), new Step.Read("log.1", first), new Step.Read("log.2", second));
    }

    @Test
    void aHardLinkIsReadByTheSecondScanThatFindsIt() {
        FileVersion a = file(OLD, OLD), linked = file(OLD, OLD + 1);
        scan(Map.of("a", a));
        assertThat(scan(Map.of("a", linked, "b", linked))).containsExactly(new Step.Read("a", linked));
        assertThat(scan(Map.of("a", linked, "b", linked))).containsExactly(new Step.Read("b", linked));
    }

    @Test
    void filesThatChangePlacesAreRead() {
        FileVersion a = file(OLD, OLD), b = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        scan(Map.of("a", a, "b", b));
        assertThat(scan(Map.of("a", b, "b", a)))
                .containsExactlyInAnyOrder(new Step.Read("a", b), new Step.Read("b", a));
    }

    /** The scan under way had passed its folder, and said for the second time that it was gone. */
    @Test
    void aFileThatIsWrittenAgainBehindAScanIsNotDeleted() {
        FileVersion a = file(OLD, OLD), again = file(OLD + 1, OLD + 1);
        scan(Map.of("a", a));
        scan(Map.of());
        state.beginScan(now());
        state.folder(folder("", folderModified, folderChanged, "(dev=1,ino=2)"), now());
        state.hinted("a", again, now());
        assertThat(steps()).containsExactly(new Step.Read("a", again));
        state.endScan();
        assertThat(steps()).isEmpty();
        assertThat(state.wantsScan()).isTrue();
        assertThat(scan(Map.of("a", again))).isEmpty();
    }

    // ---- files that are young

    /** Its times are those of the begin of the call that wrote it, and nothing shows its end. */
    @Test
    void aFileThatIsReadAmidALongWriteIsReadAgainWhenItHasGrownOld() {
        FileVersion a = file(OLD, wallNanos - 200 * MILLI);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        assertThat(state.nextRestless()).isEqualTo(nanos + 60_000 * MILLI);
        pass(59_999);
        assertThat(scan(Map.of("a", a))).isEmpty();
        assertThat(state.takeGrown(now(), 9)).isEmpty();
        pass(1);
        assertThat(state.takeGrown(now(), 9)).containsExactly("a");
        assertThat(state.takeGrown(now(), 9)).isEmpty();
        text = "all of the text";
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        assertThat(told).isEqualTo(new Told(FolderState.version(a), true));
        state.hinted("a", a, now());
        assertThat(steps()).isEmpty();
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
    }

    /** The event that comes at the end of the call found the file as it was told. */
    @Test
    void aHintHasAYoungFileReadAgain() {
        FileVersion a = file(OLD, wallNanos - 200 * MILLI);
        scan(Map.of("a", a));
        assertThat(told).isEqualTo(new Told(FolderState.version(a) + "/young", true));
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        assertThat(told).as("nothing is new").isNull();
        text = "more";
        state.hinted("a", a, now());
        steps();
        assertThat(told).isEqualTo(new Told(FolderState.version(a) + "/young", true));
        assertThat(scan(Map.of("a", a))).isEmpty();
        pass(60_000);
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        assertThat(told).as("it is sure now").isEqualTo(new Told(FolderState.version(a), false));
        state.hinted("a", a, now());
        assertThat(steps()).isEmpty();
    }

    @Test
    void aYoungFileIsReadAgainBehindEachBarrierWhichItDoesNotHoldUp() {
        FileVersion young = file(OLD, wallNanos - 200 * MILLI), old = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        Map<String, FileVersion> files = Map.of("a", young, "b", old);
        scan(files);
        for (int barrier = 1; barrier < 4; barrier++) {
            state.barrier(barrier);
            assertThat(scan(files)).containsExactly(new Step.Read("a", young));
            assertThat(told).isNull();
            assertThat(scan(files)).isEmpty();
            assertThat(state.agrees()).isTrue();
        }
    }

    @Test
    void aFileWithATimeInTheFutureGrowsOldAsWell() {
        FileVersion a = file(OLD, wallNanos + 3_600_000 * MILLI);
        scan(Map.of("a", a));
        pass(100);
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a));
        pass(60_000);
        assertThat(state.takeGrown(now(), 9)).containsExactly("a");
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        state.barrier(1);
        assertThat(scan(Map.of("a", a))).isEmpty();
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aFileThatHasGrownOldAndCannotBeReadIsTriedUntilItCan() {
        FileVersion a = file(OLD, wallNanos - 200 * MILLI);
        scan(Map.of("a", a));
        pass(60_000);
        assertThat(state.takeGrown(now(), 9)).containsExactly("a");
        unreadable = true;
        state.hinted("a", a, now());
        assertThat(steps()).containsExactly(new Step.Read("a", a));
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
        pass(2_000);
        unreadable = false;
        assertThat(scan(Map.of("a", a))).containsExactly(new Step.Read("a", a), new Step.Mended("a"));
        assertThat(told).isEqualTo(new Told(FolderState.version(a), false));
    }

    @Test
    void aYoungFileThatIsGoneIsLookedForNoMore() {
        scan(Map.of("a", file(OLD, wallNanos - 200 * MILLI)));
        pass(60_000);
        assertThat(state.takeGrown(now(), 9)).containsExactly("a");
        state.gone("a");
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
        scan(Map.of());
        assertThat(scan(Map.of())).containsExactly(new Step.Deleted("a"));
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whereChangesHaveNoTimeNoFileIsYoung() {
        FileVersion a = file(wallNanos - 200 * MILLI, 0);
        scan(Map.of("a", a));
        state.barrier(1);
        assertThat(scan(Map.of("a", a))).isEmpty();
        assertThat(state.nextRestless()).isEqualTo(Long.MAX_VALUE);
    }

    /** What a driver read soon before it died was taken for read for good by the next. */
    @Test
    void whatWasYoungWhenADriverDiedIsReadAgainAndKeepsItsName() {
        FileVersion a = file(OLD, OLD), b = new FileVersion(4, OLD, OLD, "(dev=1,ino=6)");
        state.restore("a", FolderState.version(a) + "/young", false);
        state.restore("old", FolderState.version(b) + "/young", false);
        assertThat(scan(Map.of("a", a, "b", b)))
                .containsExactlyInAnyOrder(new Step.Read("a", a), new Step.Rename("old", "b", b));
        assertThat(told).isEqualTo(new Told(FolderState.version(a), true));
        assertThat(scan(Map.of("a", a, "b", b))).isEmpty();
    }

    /** Each looked at all that had moved up before it: of 10,000 files a scan took a minute, of 100,000 hours. */
    @Test
    void filesThatMoveUpByOneAreLookedAtOnceEach() {
        Map<String, FileVersion> files = new LinkedHashMap<>(), moved = new LinkedHashMap<>();
        int count = 100_000;
        for (int i = 1; i <= count; i++) {
            files.put("page" + i, new FileVersion(i, OLD, OLD, "(dev=1,ino=" + i + ")"));
            moved.put("page" + (i + 1), new FileVersion(i, OLD, OLD + 1, "(dev=1,ino=" + i + ")"));
        }
        scan(files);
        List<Step> steps = new ArrayList<>(scan(moved));
        steps.addAll(scan(moved));
        assertThat(steps)
                .hasSize(count)
                .contains(new Step.Rename("page1", "page2", Objects.requireNonNull(moved.get("page2"))));
    }

    /** Of a folder whose links were gone it was said that it was another one, which it was not. */
    @Test
    void aFolderThatIsEmptyAtTheStartIsSaidToHaveHeldWhatALinkMayHaveLedTo() {
        state.restore("in/link/a", FolderState.version(new FileVersion(3, OLD, OLD, "(dev=2,ino=5)")), false);
        inner = folder("in/", OLD, OLD, "(dev=1,ino=9)");
        assertThat(scan(Map.of()))
                .containsExactly(new Step.Unreadable(
                        "/watched/in",
                        "it is empty, and what was in it lay on another device, mounted there or behind a link;"
                                + " what was counted of it is kept"));
    }
}
