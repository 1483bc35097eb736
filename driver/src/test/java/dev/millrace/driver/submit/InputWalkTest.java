package dev.millrace.driver.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.millrace.input.InputFiles;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.TextInput;
import dev.millrace.job.Compression;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractObjectAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InputWalkTest {
    @TempDir
    Path temp;

    static long[] seeds() {
        Long one = Long.getLong("millrace.seed");
        return one != null ? new long[] {one} : new Random().longs(25).toArray();
    }

    @BeforeEach
    void realFolder() throws IOException {
        temp = temp.toRealPath();
    }

    private Path write(String path, String text) throws IOException {
        Path file = temp.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private InputSpec spec(List<String> includes, List<String> excludes, boolean followLinks, String... paths) {
        List<String> absolute =
                Stream.of(paths).map(path -> temp.resolve(path).toString()).toList();
        return new InputSpec(absolute, includes, excludes, followLinks, 1 << 20);
    }

    private InputSpec spec(String... paths) {
        return spec(List.of(), List.of(), false, paths);
    }

    private InputRoots confined() {
        return InputRoots.parse(List.of("data=" + temp));
    }

    private InputWalk walk(InputSpec spec) {
        return new InputWalk(spec, confined());
    }

    private static List<String> paths(InputWalk walk) {
        List<String> paths = new ArrayList<>();
        walk.forEachRemaining(file -> paths.add(file.path()));
        return paths;
    }

    private static AbstractObjectAssert<?, ?> assertFails(ExitCode code, ThrowingCallable call) {
        return assertThatThrownBy(call)
                .asInstanceOf(type(MillraceException.class))
                .returns(code, MillraceException::exitCode)
                .extracting(Throwable::getMessage);
    }

    // ---- order

    @Test
    void argumentsComeInTheirOrderAndNamesInTheOrderOfTheirBytes() throws IOException {
        for (String path : List.of("b/x", "b.txt", "b/y/z", "B", "a-", "a/1", "a/.hidden", "z")) {
            write("t/" + path, path);
        }
        assertThat(paths(walk(spec("t/z", "t/a", "t"))))
                .containsExactly(
                        "t/z",
                        "t/a/.hidden",
                        "t/a/1",
                        "t/B",
                        "t/a/.hidden",
                        "t/a/1",
                        "t/a-",
                        "t/b/x",
                        "t/b/y/z",
                        "t/b.txt",
                        "t/z");
    }

    @Test
    void aFileIsPlannedAsItIs() throws IOException {
        Path file = write("a b.txt", "four");
        assertThat(walk(spec("a b.txt")).next())
                .isEqualTo(new PlannedFile(
                        "data",
                        "a%20b.txt",
                        0,
                        4,
                        Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS),
                        Compression.NONE));
    }

    @Test
    void emptyFilesAreFilesAndFoldersWithoutFilesAreMentioned() throws IOException {
        write("t/empty", "");
        Files.createDirectories(temp.resolve("nothing/inside"));
        InputWalk walk = walk(spec("t", "nothing"));
        assertThat(paths(walk)).containsExactly("t/empty");
        assertThat(walk.notices())
                .containsExactly(temp.resolve("nothing") + ": holds no file to count (after --include and --exclude)");
    }

    @Test
    void theWalkIsLazy() throws IOException {
        write("t/a", "a");
        write("t/b/c", "c");
        InputWalk walk = walk(spec("t"));
        assertThat(walk.next().path()).isEqualTo("t/a");
        write("t/b/d", "d");
        assertThat(paths(walk)).containsExactly("t/b/c", "t/b/d");
    }

    @Test
    void namesOfAnyBytesAreFoundAndCanBeRead() throws IOException {
        List<String> names = List.of("%01", "%0A", "%1B%5B31m", "%20%20", "%25", "%5C", "%C3%A9", "%E9.txt", "%FF");
        for (String name : names) {
            Path file = encoded("odd/" + name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, name);
        }
        InputRoots roots = confined();
        List<String> found = new ArrayList<>();
        ChunkPlanner planner = new ChunkPlanner(new InputWalk(spec("odd"), roots), 1 << 20);
        for (InputRange range : planner.next()) {
            try (TextInput in = InputFiles.open(roots, range, InputLimits.DEFAULT)) {
                found.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                assertThat(range.path()).isEqualTo("odd/" + found.get(found.size() - 1));
            }
        }
        assertThat(found).isEqualTo(names);
    }

    /** A path with any bytes in its names, whatever the locale of this JVM. */
    private Path encoded(String path) {
        return Path.of(URI.create("file://" + temp.toUri().getRawPath().replaceAll("/$", "") + "/" + path));
    }

    @Test
    void thousandsOfSmallFilesAreAFewTasks() throws IOException {
        for (int i = 0; i < 2_500; i++) {
            Path folder = temp.resolve("many/" + i / 1000);
            if (i % 1000 == 0) {
                Files.createDirectories(folder);
            }
            Files.write(folder.resolve("f" + i), new byte[] {'x', '\n'});
        }
        ChunkPlanner planner = new ChunkPlanner(walk(spec("many")), 16 << 20);
        List<Integer> sizes = new ArrayList<>();
        planner.forEachRemaining(task -> sizes.add(task.size()));
        assertThat(sizes).containsExactly(1000, 1000, 500);
    }

    // ---- patterns

    @Test
    void patternsChooseAmongWhatIsFoundButNotAmongWhatIsNamed() throws IOException {
        for (String path : List.of("a.txt", "b.rst", "sub/c.txt", "sub/d.bak", "build/e.txt", "sub/build/f.txt")) {
            write("t/" + path, path);
        }
        assertThat(paths(walk(spec(List.of("*.txt"), List.of(), false, "t", "t/b.rst"))))
                .containsExactly("t/a.txt", "t/build/e.txt", "t/sub/build/f.txt", "t/sub/c.txt", "t/b.rst");
        assertThat(paths(walk(spec(List.of("*.txt"), List.of("build"), false, "t"))))
                .containsExactly("t/a.txt", "t/sub/c.txt");
        assertThat(paths(walk(spec(List.of(), List.of("/build/", "*.bak"), false, "t"))))
                .containsExactly("t/a.txt", "t/b.rst", "t/sub/build/f.txt", "t/sub/c.txt");
        assertThat(paths(walk(spec(List.of("sub/*"), List.of(), false, "t"))))
                .containsExactly("t/sub/c.txt", "t/sub/d.bak");
        assertThat(paths(walk(spec(List.of(), List.of("t"), false, "t")))).hasSize(6);
    }

    @Test
    void anExcludedFolderIsNotEvenLookedAt() throws IOException {
        write("t/a", "a");
        Path link = temp.resolve("t/private");
        Files.createSymbolicLink(link, Path.of("/proc/1/no-such-thing"));
        InputWalk walk = walk(spec(List.of(), List.of("private"), true, "t"));
        assertThat(paths(walk)).containsExactly("t/a");
        assertThat(walk.notices()).isEmpty();
    }

    @Test
    void aBadPatternIsReportedBeforeTheWalk() {
        assertFails(ExitCode.USAGE, () -> walk(spec(List.of("[a"), List.of(), false, ".")))
                .asString()
                .contains("--include '[a'");
    }

    // ---- links

    @Test
    void linksAreFollowedWhereNamedAndInFoldersOnlyIfAskedFor() throws IOException {
        write("real/a", "a");
        Files.createDirectories(temp.resolve("t"));
        Files.createSymbolicLink(temp.resolve("t/dir"), temp.resolve("real"));
        Files.createSymbolicLink(temp.resolve("t/file"), temp.resolve("real/a"));
        Files.createSymbolicLink(temp.resolve("t/nowhere"), temp.resolve("gone"));
        InputWalk plain = walk(spec("t", "t/dir", "t/file"));
        assertThat(paths(plain)).containsExactly("real/a", "real/a");
        assertThat(plain.notices()).hasSize(5).element(1).asString().contains("t/dir: passed over: a symbolic link");

        InputWalk following = walk(spec(List.of(), List.of(), true, "t"));
        assertThat(paths(following)).containsExactly("t/dir/a", "t/file");
        assertThat(following.notices())
                .containsExactly(temp.resolve("t/nowhere") + ": passed over: a symbolic link to nothing");
    }

    @Test
    void loopsOfLinksEndWithANotice() throws IOException {
        write("t/sub/a", "a");
        Files.createSymbolicLink(temp.resolve("t/sub/up"), temp.resolve("t"));
        Files.createSymbolicLink(temp.resolve("t/sub/self"), Path.of("self"));
        Files.createSymbolicLink(temp.resolve("t/sub/dot"), Path.of("."));
        InputWalk walk = walk(spec(List.of(), List.of(), true, "t"));
        assertThat(paths(walk)).containsExactly("t/sub/a");
        assertThat(walk.notices())
                .containsExactly(
                        temp + "/t/sub/dot: passed over: it leads back to " + temp + "/t/sub",
                        temp + "/t/sub/self: passed over: a symbolic link that leads back to itself",
                        temp + "/t/sub/up: passed over: it leads back to " + temp + "/t");
    }

    @Test
    void aLinkOutOfTheRootIsAnErrorUnlessTheRootIsTheUsersOwn() throws IOException {
        Path data = Files.createDirectories(temp.resolve("data"));
        Path outside = write("outside.txt", "out");
        Files.createSymbolicLink(data.resolve("link"), outside);
        InputSpec spec = spec(List.of(), List.of(), true, "data");
        InputRoots roots = InputRoots.parse(List.of("data=" + data));
        assertFails(ExitCode.FAILED, () -> paths(new InputWalk(spec, roots)))
                .asString()
                .contains("leads out of root");
        InputRoots own = InputRoots.ofArguments(List.of(data));
        assertThat(paths(new InputWalk(spec, own))).containsExactly("link");
        assertFails(ExitCode.USAGE, () -> new InputWalk(spec("outside.txt"), roots))
                .asString()
                .contains("in none of the roots");
    }

    // ---- what is no file

    @Test
    void fifosAndDevicesAreErrorsWhereNamedAndPassedOverWhereFound() throws Exception {
        write("t/a", "a");
        Path fifo = temp.resolve("t/fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        InputWalk walk = walk(spec("t"));
        assertThat(paths(walk)).containsExactly("t/a");
        assertThat(walk.notices()).containsExactly(fifo + ": passed over: a FIFO, socket or device");
        assertFails(ExitCode.USAGE, () -> walk(spec("t/fifo")))
                .isEqualTo(fifo + ": is a FIFO, socket or device; only regular files can be counted");
        InputRoots dev = InputRoots.parse(List.of("dev=/dev"));
        assertFails(ExitCode.USAGE, () -> new InputWalk(spec("/dev/zero"), dev))
                .asString()
                .startsWith("/dev/zero: is a FIFO");
    }

    @Test
    void aMissingPathIsReportedBeforeAnythingIsRead() throws IOException {
        write("a", "a");
        assertFails(ExitCode.USAGE, () -> walk(spec("a", "no-such-file")))
                .isEqualTo(temp + "/no-such-file: no such file");
        assertFails(ExitCode.USAGE, () -> walk(spec("a/below"))).asString().contains("a/below");
        assertFails(
                ExitCode.USAGE,
                () -> new InputWalk(new InputSpec(List.of(""), List.of(), List.of(), false, 1), confined()));
    }

    @Test
    void whatCannotBeReadOrGoesAwayFailsTheWalk() throws IOException {
        write("t/a", "a");
        write("t/b", "b");
        write("t/sub/c", "c");
        InputWalk vanishing = walk(spec("t"));
        vanishing.next();
        Files.delete(temp.resolve("t/b"));
        assertFails(ExitCode.FAILED, vanishing::next).asString().startsWith(temp + "/t/b: went away");

        // Not even root may read this one.
        InputRoots sys = InputRoots.parse(List.of("sys=/proc/sys/vm"));
        InputWalk forbidden = new InputWalk(spec("/proc/sys/vm/compact_memory"), sys);
        assertFails(ExitCode.FAILED, forbidden::next)
                .asString()
                .startsWith("/proc/sys/vm/compact_memory: permission denied");
    }

    @Test
    void aFolderThatGoesAwayFailsTheWalk() throws IOException {
        write("t/a", "a");
        write("u/a", "a");
        InputWalk walk = walk(spec("t", "u"));
        walk.next();
        Files.delete(temp.resolve("u/a"));
        Files.delete(temp.resolve("u"));
        assertFails(ExitCode.FAILED, walk::next).asString().startsWith(temp + "/u: went away");
    }

    @Test
    void overlappingArgumentsCountEachTimeAndAreMentioned() throws IOException {
        write("t/a", "a");
        InputWalk walk = walk(spec("t", "t/a", "t"));
        assertThat(paths(walk)).containsExactly("t/a", "t/a", "t/a");
        assertThat(walk.notices())
                .containsExactly(
                        temp + "/t: named more than once; it is counted each time",
                        temp + "/t/a: also inside " + temp
                                + "/t, which is named too; what both reach is counted twice");
    }

    @Test
    void noticesAreBounded() throws IOException {
        Files.createDirectories(temp.resolve("t"));
        for (int i = 0; i < 250; i++) {
            Files.createSymbolicLink(temp.resolve("t/link" + i), Path.of("x"));
        }
        InputWalk walk = walk(spec("t"));
        assertThat(paths(walk)).isEmpty();
        assertThat(walk.notices()).hasSize(101).last().asString().isEqualTo("151 more of this kind are not shown");
    }

    // ---- going on behind a cursor

    /** A tree in which names sort differently from paths, with files of several chunks and empty ones. */
    private List<String> randomTree(Random random) throws IOException {
        List<String> names = List.of("a", "a-", "a.b", "b", "%E9", "B", "z%20z", "-");
        for (int i = 0; i < 25; i++) {
            StringBuilder path = new StringBuilder("t");
            for (int depth = random.nextInt(3); depth >= 0; depth--) {
                path.append('/').append(names.get(random.nextInt(names.size())));
            }
            Path file = encoded(path.toString());
            try {
                Files.createDirectories(file.getParent());
                if (!Files.isDirectory(file)) {
                    Files.write(file, new byte[random.nextInt(40)]);
                }
            } catch (IOException nameIsAFile) {
                assertThat(nameIsAFile).isInstanceOf(FileSystemException.class);
            }
        }
        List<String> arguments = new ArrayList<>(List.of("t"));
        try (Stream<Path> all = Files.walk(temp.resolve("t"))) {
            all.filter(path -> path.toString().indexOf('\ufffd') < 0 && random.nextInt(6) == 0)
                    .forEach(path -> arguments.add(path.toString()));
        }
        Collections.shuffle(arguments, random);
        return arguments;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void behindEveryCursorComesTheRestOfThePlan(long seed) {
        SeededCase.of(seed, () -> behindEveryCursorComesTheRestOfThePlanCase(new Random(seed)));
    }

    private void behindEveryCursorComesTheRestOfThePlanCase(Random random) throws Exception {
        String[] arguments = randomTree(random).toArray(new String[0]);
        List<String> excludes = random.nextBoolean() ? List.of() : List.of("a", "t/B");
        InputSpec spec = spec(List.of(), excludes, random.nextBoolean(), arguments);
        for (InputRoots roots : List.of(
                confined(),
                InputRoots.ofArguments(spec.paths().stream().map(Path::of).toList()))) {
            long chunkBytes = 1L + random.nextInt(60);
            List<List<InputRange>> tasks = new ArrayList<>();
            new ChunkPlanner(new InputWalk(spec, roots), chunkBytes).forEachRemaining(tasks::add);
            List<InputRange> published = new ArrayList<>();
            for (int done = 1; done <= tasks.size(); done++) {
                published.addAll(tasks.get(done - 1));
                InputRange last = published.get(published.size() - 1);
                List<List<InputRange>> rest = new ArrayList<>();
                new ChunkPlanner(new InputWalk(spec, roots, WalkCursor.behind(published)), chunkBytes)
                        .forEachRemaining(rest::add);
                assertThat(rest)
                        .as("behind task %d of %d: %s", done, tasks.size(), last)
                        .isEqualTo(tasks.subList(done, tasks.size()));
            }
        }
    }

    private WalkCursor cursor(String path, long endByte) throws IOException {
        Path file = temp.resolve(path);
        long nanos = Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
        return new WalkCursor(new InputRange("data", path, 0, endByte, Files.size(file), nanos, Compression.NONE), 1);
    }

    @Test
    void aCursorStandsWhereItStoodThoughFilesComeAndGo() throws IOException {
        for (String name : List.of("b", "d", "f")) {
            write("t/" + name, name);
        }
        WalkCursor behindD = cursor("t/d", 1);
        write("t/a", "new in front");
        write("t/e", "new behind");
        Files.delete(temp.resolve("t/d"));
        assertThat(paths(new InputWalk(spec("t"), confined(), behindD))).containsExactly("t/e", "t/f");
    }

    @Test
    void aFileThatChangedInTheMiddleOfBeingHandedOutFailsTheJob() throws IOException {
        write("t/a", "0123456789");
        WalkCursor inside = cursor("t/a", 5);
        assertThat(new InputWalk(spec("t"), confined(), inside).next().fromByte())
                .isEqualTo(5);
        write("t/a", "0123456789+");
        assertFails(ExitCode.FAILED, () -> new InputWalk(spec("t"), confined(), inside))
                .asString()
                .contains("t/a: changed after the first 5 bytes");
    }

    @Test
    void aCursorOfNoArgumentIsAnError() throws IOException {
        write("t/a", "a");
        write("u/a", "a");
        WalkCursor elsewhere = cursor("u/a", 1);
        assertFails(ExitCode.FAILED, () -> new InputWalk(spec("t"), confined(), elsewhere))
                .asString()
                .contains("u/a: no argument of the job leads to it");
    }
}
