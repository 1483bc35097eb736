package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.submit.Filter;
import dev.millrace.input.FileLook;
import dev.millrace.input.InputLimits;
import dev.millrace.job.InputSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Scans of real folders, turn by turn, at a time that the test makes. */
@Timeout(60)
final class FolderScannerTest {
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final long MILLI = 1_000_000;

    @TempDir
    Path temporary;

    private final ToldDocuments told = new ToldDocuments();
    private final Disk disk = new Disk();
    private final FolderHints hints = FolderHints.none();
    private final DiskWatch watch = new DiskWatch();
    private FoundQueue found = new FoundQueue();
    private long nanos = 77;
    /** Always later than what the test writes, unless it sets a file's time itself. */
    private long wallNanos = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) + 3_600_123_456_789L;

    private long nextTurn;
    private Path folder;
    private FolderScanner scanner;

    /** A file system that can fail, and in which things happen while it is listed. */
    private final class Disk extends FolderWalk.Disk {
        final Set<Path> forbidden = new HashSet<>();
        final Map<Path, Action> whenListed = new HashMap<>();
        final Set<Path> onOtherDevice = new HashSet<>();
        int lists;
        long listNanos;

        @Override
        DirectoryStream<Path> list(Path path) throws IOException {
            lists++;
            nanos += listNanos;
            Action action = whenListed.remove(path);
            if (action != null) {
                action.run();
            }
            if (forbidden.contains(path)) {
                throw new AccessDeniedException(path.toString());
            }
            return super.list(path);
        }

        @Override
        FileLook look(Path path, LinkOption... options) throws IOException {
            if (path.getParent() != null && forbidden.contains(path.getParent())) {
                throw new AccessDeniedException(path.toString());
            }
            FileLook look = super.look(path, options);
            return onOtherDevice.contains(path)
                    ? new FileLook(
                            look.kind(), look.bytes(), look.modifiedNanos(), look.changedNanos(), "(dev=ffff,ino=2)")
                    : look;
        }
    }

    private interface Action {
        void run() throws IOException;
    }

    @BeforeEach
    void open() throws IOException {
        folder = Files.createDirectories(temporary.resolve("watched"));
        scanner = scanner(new FolderState());
    }

    private FolderScanner scanner(FolderState state) throws IOException {
        return scanner(state, false);
    }

    private FolderScanner scanner(FolderState state, boolean followLinks) throws IOException {
        Filter filter = new Filter(new InputSpec(List.of(), List.of(), List.of("*.tmp"), false, 1));
        nextTurn = nanos;
        return new FolderScanner(
                new FolderWalk(List.of(folder), filter, followLinks, disk, watch),
                new FolderTexts(List.of(folder), InputLimits.DEFAULT, 100, watch),
                state,
                hints,
                found,
                watch,
                () -> {},
                () -> new FolderState.Now(nanos, wallNanos),
                INTERVAL);
    }

    /** A driver that takes over from one that crashed: what was found and not told is lost. */
    private void restart() throws IOException {
        FolderState state = new FolderState();
        for (String id : told.ids()) {
            state.restore(id, told.version(id), told.entry(id) == null);
        }
        told.remembered.forEach((name, number) -> state.restore(name.substring("folder:".length()), number));
        told.unreadable.clear();
        found = new FoundQueue();
        scanner = scanner(state);
    }

    private void pass(long millis) {
        nanos += millis * MILLI;
        wallNanos += millis * MILLI;
    }

    private void turn() throws InterruptedException {
        nextTurn = nanos + scanner.step();
        for (FoundQueue.Found next = found.poll(); next != null; next = found.poll()) {
            next.to(told);
        }
    }

    /** Turns whenever the scanner wants one. */
    private void run(long millis) throws InterruptedException {
        long end = nanos + millis * MILLI;
        while (nextTurn <= end) {
            pass(Math.max(0, nextTurn - nanos + MILLI - 1) / MILLI);
            turn();
            if (nextTurn <= nanos) {
                pass(1);
            }
        }
        pass(Math.max(0, end - nanos) / MILLI);
    }

    private void hint(String... names) throws InterruptedException {
        for (String name : names) {
            hints.add(folder.resolve(name));
        }
        turn();
    }

    private void barrier() throws InterruptedException {
        scanner.askBarrier();
        for (int turns = 0; !scanner.isPastBarrier(); turns++) {
            assertThat(turns).isLessThan(1_000);
            turn();
            pass(Math.max(1, (nextTurn - nanos) / MILLI));
        }
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /** Writes, and sets the time to that of the test. */
    private Path save(String name, String text) throws IOException {
        Path file = write(name, text);
        setTime(file, wallNanos);
        return file;
    }

    private static void setTime(Path file, long nanosOfFile) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(0, nanosOfFile)));
    }

    private void move(String from, String to) throws IOException {
        Files.createDirectories(folder.resolve(to).getParent());
        Files.move(folder.resolve(from), folder.resolve(to), StandardCopyOption.REPLACE_EXISTING);
    }

    private void delete(String name) throws IOException {
        Files.delete(folder.resolve(name));
    }

    /** Folders as they are long after their last change. */
    private void age(String... names) throws IOException {
        for (String name : names) {
            Files.setLastModifiedTime(folder.resolve(name), FileTime.fromMillis(1_000_000_000_123L));
        }
    }

    /** Of two folders, the one that a scan lists first. */
    private List<String> inOrder(String a, String b) throws Exception {
        List<Path> listed = new ArrayList<>();
        for (String name : List.of(a, b)) {
            disk.whenListed.put(folder.resolve(name), () -> listed.add(folder.resolve(name)));
        }
        restart();
        turn();
        assertThat(listed).hasSize(2);
        return listed.stream().map(each -> each.getFileName().toString()).toList();
    }

    private List<String> log() {
        List<String> taken = List.copyOf(told.log);
        told.log.clear();
        return taken;
    }

    // ---- settling

    @Test
    void anOldFileIsToldByTheFirstScan() throws Exception {
        write("a", "one");
        write("b.tmp", "left out");
        write("in ner/c", "two");
        turn();
        assertThat(log()).containsExactlyInAnyOrder("a = one", "in%20ner/c = two");
        run(10_000);
        assertThat(log()).isEmpty();
    }

    @Test
    void aFileIsReadWhenItHasStayedTheSame() throws Exception {
        save("a", "one");
        for (int i = 0; i < 9; i++) {
            run(60);
            save("a", "one " + i);
        }
        assertThat(log()).isEmpty();
        run(110);
        assertThat(log()).containsExactly("a = one 8");
    }

    @Test
    void aRestlessFileThatIsNoFileAnyMoreIsForgotten() throws Exception {
        save("a", "one");
        save("in/b", "two");
        turn();
        delete("a");
        Files.createDirectory(folder.resolve("a"));
        disk.forbidden.add(folder.resolve("in"));
        run(300);
        disk.forbidden.clear();
        disk.lists = 0;
        run(3_000);
        assertThat(disk.lists).isLessThan(12);
        assertThat(told.texts).isEqualTo(Map.of("in/b", "two"));
    }

    @Test
    void aFileFromTheFutureIsReadWhenTwoLooksAgree() throws Exception {
        setTime(write("a", "one"), wallNanos + 3_600_000 * MILLI);
        turn();
        assertThat(log()).isEmpty();
        run(110);
        assertThat(log()).containsExactly("a = one");
    }

    @Test
    void anEditInTheSameSecondIsNotMissedWhereTimesAreWholeSeconds() throws Exception {
        long second = wallNanos - wallNanos % 1_000_000_000;
        wallNanos = second + 123_456_789;
        setTime(write("a", "one"), second);
        run(300);
        setTime(write("a", "two"), second);
        run(1_500);
        assertThat(log()).isEmpty();
        run(500);
        assertThat(log()).containsExactly("a = two");
    }

    /** It had the size, the time and the place of the one before, and was never read. */
    @Test
    void aFileThatIsRewrittenAndGivenItsOldTimeIsReadAgain() throws Exception {
        Path file = write("a", "version 1.2.3");
        FileTime time = Files.getLastModifiedTime(file);
        run(200);
        Object changed = Files.getAttribute(file, "unix:ctime");
        do {
            write("a", "version 1.2.4");
            Files.setLastModifiedTime(file, time);
        } while (Files.getAttribute(file, "unix:ctime").equals(changed)); // two changes may have one time
        run(2_000);
        assertThat(log()).containsExactly("a = version 1.2.3", "a = version 1.2.4");
    }

    @Test
    void aFileWhosePermissionsChangeIsToldWithTheSameText() throws Exception {
        Path file = write("a", "one");
        run(200);
        Object changed = Files.getAttribute(file, "unix:ctime");
        do {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        } while (Files.getAttribute(file, "unix:ctime").equals(changed));
        barrier();
        assertThat(log()).containsExactly("a = one", "a = one");
    }

    /** A store to a page that is dirty changes no time of the file: what came behind the first reading was lost. */
    @Test
    void whatIsStoredThroughAMappingIsReadBehindABarrierAndWhenTheFileHasGrownOld() throws Exception {
        Path file = write("a", "one");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 3);
            mapped.put(0, "two".getBytes(StandardCharsets.UTF_8));
            wallNanos = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            run(1_000);
            assertThat(log()).containsExactly("a = two");
            mapped.put(0, "six".getBytes(StandardCharsets.UTF_8));
            barrier();
            assertThat(log()).containsExactly("a = six");
            mapped.put(0, "ten".getBytes(StandardCharsets.UTF_8));
            run(61_000);
            assertThat(log()).containsExactly("a = ten");
        }
    }

    // ---- deletions

    @Test
    void aDeletionIsToldWhenASecondScanHasNotFoundTheFileEither() throws Exception {
        write("a", "one");
        turn();
        log();
        delete("a");
        pass(2_000);
        turn();
        assertThat(log()).isEmpty();
        run(110); // it does not wait for the interval
        assertThat(log()).containsExactly("a deleted");
    }

    @Test
    void aFileThatIsMovedBehindTheScansBackIsNotDeleted() throws Exception {
        write("d1/x", "one");
        write("d2/y", "two");
        List<String> order = inOrder("d1", "d2");
        String early = order.get(0), late = order.get(1);
        String name = late.equals("d1") ? "x" : "y", text = late.equals("d1") ? "one" : "two";
        log();
        age("", "d1", "d2");
        scanner.askBarrier();
        disk.whenListed.put(folder.resolve(late), () -> move(late + "/" + name, early + "/z"));
        turn();
        assertThat(log()).isEmpty();
        assertThat(scanner.isPastBarrier()).isFalse();
        turn();
        assertThat(log()).containsExactly(late + "/" + name + " -> " + early + "/z");
        assertThat(scanner.isPastBarrier()).isFalse();
        turn();
        assertThat(scanner.isPastBarrier()).isTrue();
        assertThat(told.texts).containsEntry(early + "/z", text);
    }

    @Test
    void aNewFileThatIsMovedBehindTheScansBackTwiceIsKnownBeforeABarrier() throws Exception {
        write("d1/x", "one");
        write("d2/y", "two");
        List<String> order = inOrder("d1", "d2");
        String early = order.get(0), late = order.get(1);
        write(late + "/new", "three");
        log();
        age("", "d1", "d2");
        scanner.askBarrier();
        for (int i = 0; i < 2; i++) {
            disk.whenListed.put(folder.resolve(late), () -> move(late + "/new", early + "/new"));
            turn();
            assertThat(log()).isEmpty();
            assertThat(scanner.isPastBarrier()).isFalse();
            move(early + "/new", late + "/new");
            age(late); // as a clock of whole seconds might
        }
        barrier();
        assertThat(told.texts).containsEntry(late + "/new", "three");
    }

    @Test
    void aFileThatComesBackIsNotDeleted() throws Exception {
        write("a", "one");
        turn();
        move("a", "a.tmp");
        pass(2_000);
        turn();
        move("a.tmp", "a");
        run(3_000);
        assertThat(log()).isNotEmpty().containsOnly("a = one");
    }

    // ---- renames

    @Test
    void aRenameIsToldAsOne() throws Exception {
        write("a", "one");
        run(200);
        move("a", "inner/b");
        run(2_000);
        assertThat(log()).containsExactly("a = one", "a -> inner/b");
    }

    @Test
    void aRenameThatTheDriverRefusesIsToldWithTheText() throws Exception {
        write("a", "one");
        run(200);
        told.refusesRenames = true;
        move("a", "b");
        run(2_000);
        assertThat(log()).containsExactly("a = one", "a deleted", "b = one");
    }

    @Test
    void twoFilesThatSwapNamesSwapTexts() throws Exception {
        write("a", "one");
        write("b", "two");
        run(200);
        move("a", "c.tmp");
        move("b", "a");
        move("c.tmp", "b");
        run(2_000);
        assertThat(told.texts).isEqualTo(Map.of("a", "two", "b", "one"));
    }

    @Test
    void namesMayBePassedOn() throws Exception {
        write("a", "one");
        write("b", "two");
        run(200);
        move("b", "c");
        move("a", "b");
        run(2_000);
        assertThat(told.texts).isEqualTo(Map.of("b", "one", "c", "two"));
    }

    @Test
    void aRenameMayReplaceAFile() throws Exception {
        write("a", "one");
        write("b", "two");
        run(200);
        move("a", "b");
        run(2_000);
        assertThat(told.texts).isEqualTo(Map.of("b", "one"));
    }

    @Test
    void aFileThatIsMovedOnWhileItIsReadUnderItsNewNameKeepsItsOldOne() throws Exception {
        write("a", "one");
        write("last/z", "two");
        run(200);
        log();
        move("a", "b");
        disk.whenListed.put(folder.resolve("last"), () -> move("b", "c"));
        pass(2_000);
        turn();
        assertThat(log()).isEmpty();
        run(2_000);
        assertThat(log()).containsExactly("a -> c");
    }

    @Test
    void aFolderThatIsRenamedCostsNothingToCount() throws Exception {
        for (int i = 0; i < 20; i++) {
            write("old/" + i, "text");
        }
        run(200);
        log();
        Files.move(folder.resolve("old"), folder.resolve("new"));
        hint("old", "new");
        run(2_000);
        assertThat(log()).hasSize(20).allMatch(each -> each.contains(" -> new/"));
    }

    @Test
    void hardLinksAreFilesOfTheirOwn() throws Exception {
        write("a", "one");
        run(200);
        Files.createLink(folder.resolve("b"), folder.resolve("a"));
        hint("b");
        run(2_000);
        assertThat(told.texts).isEqualTo(Map.of("a", "one", "b", "one"));
        delete("a");
        delete("b");
        run(2_000);
        assertThat(told.texts).isEmpty();
    }

    // ---- what cannot be read or listed

    @Test
    void anUnreadableFileThatIsGoneIsNoLongerListed() throws Exception {
        write("a", "long".repeat(100));
        write("b.gz", "not compressed");
        run(200);
        assertThat(told.unreadable).containsOnlyKeys("a", "b.gz");
        restart();
        turn();
        assertThat(told.unreadable).containsOnlyKeys("a", "b.gz");
        delete("a");
        delete("b.gz");
        run(3_000);
        assertThat(told.unreadable).isEmpty();
        assertThat(told.texts).isEmpty();
    }

    @Test
    void aFolderThatCannotBeListedKeepsAllBelow() throws Exception {
        write("in/a", "one");
        write("in/deep/b", "two");
        write("c", "three");
        run(200);
        log();
        disk.forbidden.add(folder.resolve("in"));
        run(5_000);
        barrier();
        assertThat(log()).containsExactly(folder.resolve("in") + " unreadable");
        disk.forbidden.clear();
        delete("in/a");
        run(5_000);
        assertThat(log()).containsExactly(folder.resolve("in") + " readable", "in/a deleted");
    }

    @Test
    void aWatchedFolderThatIsGoneKeepsAllAndIsTakenUpWhenItReturns() throws Exception {
        write("a", "one");
        write("b", "two");
        run(200);
        log();
        Path away = temporary.resolve("away");
        Files.move(folder, away);
        run(5_000);
        barrier();
        assertThat(log()).containsExactly(folder + " unreadable");
        Files.delete(away.resolve("b"));
        Files.move(away, folder);
        run(5_000);
        assertThat(log()).containsExactly(folder + " readable", "b deleted");
        assertThat(told.texts).isEqualTo(Map.of("a", "one"));
    }

    @Test
    void aVolumeThatIsUnmountedKeepsAll() throws Exception {
        write("a", "one");
        run(200);
        log();
        Path away = temporary.resolve("away");
        Files.move(folder, away);
        Files.createDirectory(folder);
        disk.onOtherDevice.add(folder);
        run(5_000);
        assertThat(log()).containsExactly(folder + " unreadable");
        restart();
        run(5_000);
        assertThat(log()).containsExactly(folder + " unreadable");
        Files.delete(folder);
        Files.move(away, folder);
        disk.onOtherDevice.clear();
        run(5_000);
        assertThat(log()).containsExactly(folder + " readable");
    }

    /** Nothing was known of the device of what was under way when a driver died, and all such was deleted. */
    @Test
    void aVolumeThatIsUnmountedKeepsWhatWasUnderWayWhenADriverDied() throws Exception {
        write("in/a", "one");
        run(200);
        log();
        told.underWay.add("in/a");
        delete("in/a");
        disk.onOtherDevice.add(folder.resolve("in"));
        restart();
        run(5_000);
        assertThat(log()).containsExactly(folder.resolve("in") + " unreadable");
        assertThat(told.texts).containsOnlyKeys("in/a");
    }

    /** All that a link led to was deleted when its disk went away. */
    @Test
    void aLinkThatLeadsToNothingKeepsAllBelow() throws Exception {
        Path disk = Files.createDirectories(temporary.resolve("disk/texts"));
        Files.writeString(disk.resolve("a"), "one");
        Files.writeString(temporary.resolve("b"), "two");
        Files.createSymbolicLink(folder.resolve("texts"), disk);
        Files.createSymbolicLink(folder.resolve("b"), temporary.resolve("b"));
        Files.createSymbolicLink(folder.resolve("b.tmp"), temporary.resolve("nowhere"));
        scanner = scanner(new FolderState(), true);
        run(5_000);
        assertThat(told.texts).containsOnlyKeys("texts/a", "b");
        Files.move(temporary.resolve("disk"), temporary.resolve("away"));
        Files.delete(temporary.resolve("b"));
        run(10_000);
        assertThat(told.texts).containsOnlyKeys("texts/a", "b");
        assertThat(told.unreadable)
                .hasSize(2)
                .allSatisfy((name, why) -> assertThat(why).contains("a link that leads to nothing"));
        Files.move(temporary.resolve("away"), temporary.resolve("disk"));
        Files.delete(folder.resolve("b"));
        run(10_000);
        assertThat(told.texts).containsOnlyKeys("texts/a");
        assertThat(told.unreadable).isEmpty();
    }

    @Test
    void anEmptyFolderInThePlaceOfAWatchedOneKeepsAll() throws Exception {
        write("a", "one");
        run(200);
        log();
        Path away = temporary.resolve("away");
        Files.move(folder, away);
        Files.createDirectory(folder); // as where a volume of the same disk was mounted, or as a container makes it
        run(5_000);
        assertThat(log()).containsExactly(folder + " unreadable");
        restart();
        run(5_000);
        assertThat(log()).containsExactly(folder + " unreadable");
        Files.delete(folder);
        Files.move(away, folder);
        run(5_000);
        assertThat(log()).containsExactly(folder + " readable");
    }

    @Test
    void aFolderThatWasEmptiedWhileNobodyWatchedIsEmpty() throws Exception {
        write("a", "one");
        run(200);
        delete("a");
        restart();
        run(5_000);
        assertThat(told.texts).isEmpty();
        assertThat(told.unreadable).isEmpty();
    }

    @Test
    void aFolderThatWasEmptiedIsEmpty() throws Exception {
        write("a", "one");
        write("in/b", "two");
        run(200);
        delete("a");
        delete("in/b");
        delete("in");
        run(2_000);
        assertThat(told.texts).isEmpty();
    }

    /** The scanner waited for a file server that was gone, and nobody was told. */
    @Test
    void aFileSystemThatDoesNotAnswerIsTold() throws Exception {
        write("in/a", "one");
        run(200);
        log();
        scanner.askBarrier();
        Path silent = folder.resolve("in");
        disk.whenListed.put(silent, () -> {
            assertThat(scanner.heldUpBy()).isEqualTo("a scan of the watched folders, which is at " + silent);
            for (int seconds = 0; seconds <= 30; seconds++) {
                assertThat(told.unreadable).isEmpty();
                watch.tell(told, nanos);
                pass(1_000);
            }
            assertThat(told.unreadable)
                    .containsOnly(Map.entry(
                            silent + " (no answer)",
                            "it has not answered for 30 s; nothing of the watched folders is looked at until it does"));
        });
        turn();
        watch.tell(told, nanos);
        assertThat(told.unreadable).isEmpty();
        assertThat(watch.path()).isNull();
    }

    @Test
    void whatABarrierWaitsForIsKnown() throws Exception {
        save("a", "one");
        scanner.askBarrier();
        turn();
        assertThat(scanner.heldUpBy()).isEqualTo("files that still change");
        pass(200);
        scanner.step();
        assertThat(scanner.heldUpBy()).isEqualTo("files that were found, and are to be counted first");
    }

    // ---- hints

    @Test
    void aHintHasOneFileReadAndNothingListed() throws Exception {
        write("in/a", "one");
        run(200);
        log();
        int lists = disk.lists;
        save("in/a", "two");
        save("in/b", "three");
        hint("in/a", "in/b", "in/none");
        run(110);
        assertThat(log()).containsExactlyInAnyOrder("in/a = two", "in/b = three");
        assertThat(disk.lists).isEqualTo(lists);
    }

    @Test
    void aHintOfANewFolderHasAllInItRead() throws Exception {
        run(200);
        write("new/deep/a", "one");
        hint("new");
        assertThat(log()).containsExactly("new/deep/a = one");
    }

    @Test
    void aHintOfAnotherNameIsLeftToTheNextScan() throws Exception {
        write("a", "one");
        turn();
        log();
        move("a", "b");
        hint("b", "a");
        assertThat(log()).isEmpty();
        run(110);
        assertThat(log()).containsExactly("a -> b");
    }

    @Test
    void whatPatternsExcludeIsNotHinted() throws Exception {
        run(200);
        write("x.tmp/a", "one");
        write("y.tmp", "one");
        hint("x.tmp/a", "x.tmp", "y.tmp");
        run(2_000);
        assertThat(log()).isEmpty();
    }

    @Test
    void lostHintsHaveEverythingScannedSoon() throws Exception {
        run(1_500);
        write("a", "one");
        for (int i = 0; i < 50_001; i++) {
            hints.add(folder.resolve("none" + i));
        }
        turn();
        assertThat(log()).containsExactly("a = one");
    }

    @Test
    void hintsAreLookedAtWhileAScanGoesOn() throws Exception {
        for (int i = 0; i < 1_500; i++) {
            write("in/" + i, "text");
        }
        write("out", "one");
        run(2_000);
        log();
        write("out", "two");
        pass(2_000);
        disk.whenListed.put(folder.resolve("in"), () -> {
            write("new", "three");
            hints.add(folder.resolve("new"));
        });
        turn();
        assertThat(log().get(0)).isEqualTo("new = three");
        run(2_000);
        assertThat(told.texts)
                .containsEntry("out", "two")
                .containsEntry("new", "three")
                .hasSize(1_502);
    }

    // ---- pace and barriers

    @Test
    void scansPauseThreeTimesAsLongAsTheyTakeUnlessABarrierWaits() throws Exception {
        disk.listNanos = 2_000 * MILLI;
        turn();
        int lists = disk.lists;
        run(5_900);
        assertThat(disk.lists).isEqualTo(lists);
        run(200);
        assertThat(disk.lists).isEqualTo(lists + 1);
        disk.listNanos = 0;
        scanner.askBarrier();
        turn();
        turn();
        assertThat(disk.lists).isEqualTo(lists + 3);
        assertThat(scanner.isPastBarrier()).isTrue();
        run(1_900);
        assertThat(disk.lists).isEqualTo(lists + 4);
    }

    /** It had waited for room with the driver amid a scan, and then let three times as long pass before the next. */
    @Test
    void noScanPausesForWhatTheScannerWaitedForAmidTheLast() throws Exception {
        for (int i = 0; i < 1_100; i++) {
            write("in/" + i, "text");
        }
        run(2_000);
        disk.whenListed.put(folder.resolve("in"), () -> {
            write("new/a", "one");
            hints.add(folder.resolve("new"));
            disk.whenListed.put(folder.resolve("new"), () -> pass(120_000)); // by the hint, amid the scan
        });
        long begun = nanos;
        run(1_100);
        assertThat(nanos - begun).isBetween(120_000 * MILLI, 122_000 * MILLI);
        delete("new/a");
        log();
        run(2_000);
        assertThat(log()).containsExactly("new/a deleted");
    }

    @Test
    void aBarrierWaitsForWhatHasNotSettled() throws Exception {
        save("a", "one");
        barrier();
        assertThat(log()).containsExactly("a = one");
    }

    private void changeUntilABarrierIsPassed(String name) throws Exception {
        scanner.askBarrier();
        while (!scanner.isPastBarrier()) {
            save(name, "one " + nanos);
            turn();
            pass(50);
        }
    }

    @Test
    void aFileThatNeverSettlesHoldsUpNoBarrierForLong() throws Exception {
        long begun = nanos;
        changeUntilABarrierIsPassed("a");
        assertThat(nanos - begun).isBetween(5_000 * MILLI, 6_000 * MILLI);
        assertThat(told.unreadable.get("a")).contains("changes all the time");
        save("a", "the last");
        run(5_000);
        assertThat(told.texts).containsEntry("a", "the last");
        assertThat(told.unreadable).isEmpty();
    }

    /** What a look in between did not find counted as new when it was there again. */
    @Test
    void aFileThatIsDeletedAndWrittenAnewAllTheTimeIsListed() throws Exception {
        write("a", "before");
        run(5_000);
        assertThat(told.texts).containsEntry("a", "before");
        scanner.askBarrier();
        while (!scanner.isPastBarrier()) {
            save("a", "one " + nanos);
            turn();
            pass(50);
            delete("a");
            hint("a");
            pass(50);
        }
        assertThat(told.unreadable.get("a")).contains("changes all the time");
        save("a", "the last");
        run(5_000);
        assertThat(told.texts).containsEntry("a", "the last");
        assertThat(told.unreadable).isEmpty();
    }

    @Test
    void aFileThatWasPassedOverAndIsTooLongThenStaysListed() throws Exception {
        changeUntilABarrierIsPassed("a");
        save("a", "x".repeat(101));
        run(5_000);
        assertThat(told.unreadable.get("a")).contains("more than");
        save("a", "short");
        run(5_000);
        assertThat(told.texts).containsEntry("a", "short");
        assertThat(told.unreadable).isEmpty();
    }

    @Test
    void aBarrierWaitsForAFileThatHasChangedForLongAndStandsStill() throws Exception {
        for (int i = 0; i < 200; i++) {
            save("a", "one " + i);
            turn();
            pass(50);
        }
        save("a", "the last");
        barrier();
        assertThat(told.texts).containsEntry("a", "the last");
        assertThat(told.unreadable).isEmpty();
    }

    @Test
    void aBarrierIsPassedWhenTheDriverHasTakenWhatCameBefore() throws Exception {
        write("a", "one");
        run(200);
        scanner.askBarrier();
        while (!scanner.isPastBarrier()) {
            scanner.step();
            pass(10);
        }
        assertThat(scanner.isBarrierTold()).isFalse();
        found.put(0, driver -> {}); // more may come all the time
        while (!scanner.isBarrierTold()) {
            Objects.requireNonNull(found.poll()).to(told);
        }
        assertThat(found.isEmpty()).isFalse();
    }

    @Test
    void filesThatComeAndGoHoldUpNoBarrierForLong() throws Exception {
        write("a", "one");
        scanner.askBarrier();
        long begun = nanos;
        for (int i = 0; !scanner.isPastBarrier(); i++) {
            write("new" + i, "text");
            if (i > 0) {
                delete("new" + (i - 1));
            }
            turn();
            pass(50);
        }
        assertThat(nanos - begun).isBetween(5_000 * MILLI, 6_000 * MILLI);
        assertThat(told.texts).containsEntry("a", "one");
    }

    @Test
    void whatWasUnderWayWhenADriverDiedIsToldAgain() throws Exception {
        write("a", "one");
        write("b", "two");
        run(200);
        log();
        told.underWay.add("a"); // back as it was, but the driver had begun to count another state
        restart();
        run(200);
        assertThat(log()).containsExactly("a = one");
    }

    @Test
    void aRestartTellsOnlyWhatIsDifferent() throws Exception {
        write("a", "one");
        write("b", "two");
        write("c", "three");
        run(200);
        log();
        move("a", "d");
        write("b", "four!");
        restart();
        run(200);
        assertThat(log()).containsExactlyInAnyOrder("a -> d", "b = four!");
        delete("c");
        restart();
        run(200);
        assertThat(log()).containsExactly("c deleted");
    }

    /** What a driver read soon before it died was taken for read for good by the next. */
    @Test
    void aRestartReadsAgainWhatWasYoung() throws Exception {
        wallNanos = System.currentTimeMillis() * MILLI;
        write("a", "one");
        run(200);
        assertThat(log()).containsExactly("a = one");
        assertThat(told.version("a")).endsWith("/young");
        restart();
        run(200);
        assertThat(log()).containsExactly("a = one");
        run(61_000);
        assertThat(told.version("a")).doesNotEndWith("/young");
        restart();
        run(200);
        assertThat(log()).isEmpty();
    }

    /** Files are moved about before and during scans; whatever a barrier passes, none may be missing or told twice. */
    @Test
    void noMoveHidesAFileFromABarrier() throws Exception {
        moveAround("quick", true);
    }

    /** Where a scan took more than five seconds, a barrier passed what was moved amid the first under both names. */
    @Test
    void noMoveHasAFileCountedTwiceAtABarrierThatIsPassedByTime() throws Exception {
        disk.listNanos = 1_500 * MILLI;
        moveAround("slow", false);
    }

    private void moveAround(String name, boolean isWritten) throws Exception {
        for (long seed = 0; seed < 25; seed++) {
            Random random = new Random(seed);
            folder = Files.createDirectories(temporary.resolve(name + seed));
            told.texts.clear();
            told.entries.clear();
            restart();
            for (int i = 0; i < 12; i++) {
                write("d" + i % 4 + "/f" + i, "text " + i);
            }
            for (int round = 0; round < 4; round++) {
                for (int d = 0; d < 4; d++) {
                    disk.whenListed.put(folder.resolve("d" + d), () -> moveAny(random, isWritten));
                }
                turn();
                pass(random.nextInt(2_000));
                moveAny(random, isWritten);
                for (int d = 0; d < 4; d++) {
                    disk.whenListed.put(folder.resolve("d" + d), () -> moveAny(random, isWritten));
                    age("d" + d);
                }
                barrier();
                assertThat(told.texts).as("seed " + seed).isEqualTo(files());
            }
        }
    }

    private void moveAny(Random random, boolean isWritten) throws IOException {
        List<String> all = List.copyOf(files().keySet());
        String from = all.get(random.nextInt(all.size()));
        String to = "d" + random.nextInt(4) + "/f" + random.nextInt(20);
        if (!Files.exists(folder.resolve(to))) {
            move(from, to);
        }
        if (isWritten && random.nextInt(4) == 0) {
            write(from, "new " + random.nextInt());
        }
    }

    private Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile)
                    .forEach(file -> files.put(folder.relativize(file).toString(), read(file)));
        }
        return files;
    }

    private static @Nullable String read(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
