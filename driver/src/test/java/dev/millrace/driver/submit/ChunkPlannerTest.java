package dev.millrace.driver.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChunkPlannerTest {
    /** One seed of {@code -Dmillrace.seed=N}, or many. */
    static long[] seeds() {
        Long one = Long.getLong("millrace.seed");
        return one != null ? new long[] {one} : new Random().longs(200).toArray();
    }

    private static PlannedFile file(String path, long bytes, Compression compression) {
        return new PlannedFile("data", path, 0, bytes, 1, compression);
    }

    private static List<List<InputRange>> plan(List<PlannedFile> files, long chunkBytes) {
        List<List<InputRange>> tasks = new ArrayList<>();
        new ChunkPlanner(files.iterator(), chunkBytes).forEachRemaining(tasks::add);
        return tasks;
    }

    private static List<PlannedFile> someFiles(Random random) {
        int mostBytes = 1 << random.nextInt(12);
        return IntStream.range(0, random.nextInt(60))
                .mapToObj(i -> file(
                        "f" + i,
                        random.nextInt(4) == 0 ? 0 : random.nextInt(mostBytes),
                        random.nextInt(5) == 0
                                ? List.of(Compression.values()).get(random.nextInt(Compression.values().length))
                                : Compression.NONE))
                .collect(Collectors.toList());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void rangesTileEveryFileInOrderWithinTheLimits(long seed) {
        SeededCase.of(seed, () -> rangesTileEveryFileInOrderWithinTheLimitsCase(new Random(seed)));
    }

    private void rangesTileEveryFileInOrderWithinTheLimitsCase(Random random) throws Exception {
        List<PlannedFile> files = someFiles(random);
        long chunkBytes = 1L + random.nextInt(1 << random.nextInt(12));
        List<List<InputRange>> tasks = plan(files, chunkBytes);

        Iterator<PlannedFile> expected = files.iterator();
        long position = -1;
        PlannedFile current = null;
        for (List<InputRange> task : tasks) {
            assertThat(task).isNotEmpty().hasSizeLessThanOrEqualTo(1000);
            for (InputRange range : task) {
                if (current == null || position == current.fileBytes()) {
                    current = expected.next();
                    position = 0;
                }
                assertThat(range.path()).isEqualTo(current.path());
                assertThat(range.startByte()).isEqualTo(position);
                assertThat(range.fileBytes()).isEqualTo(current.fileBytes());
                assertThat(range.compression()).isEqualTo(current.compression());
                assertThat(range.bytes() > 0 || range.fileBytes() == 0).isTrue();
                assertThat(range.bytes() <= chunkBytes || range.compression() != Compression.NONE)
                        .isTrue();
                assertThat(range.isWholeFile() || (task.size() == 1 && range.compression() == Compression.NONE))
                        .isTrue();
                position = range.endByte();
            }
            long weight = task.stream()
                    .mapToLong(range -> range.bytes() * (range.compression() == Compression.NONE ? 1 : 4))
                    .sum();
            assertThat(task.size() == 1 || weight <= chunkBytes).isTrue();
        }
        assertThat(expected.hasNext()).isFalse();
        assertThat(current == null || position == current.fileBytes()).isTrue();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aPlannerThatStartsBehindAnyTaskGivesTheRest(long seed) {
        SeededCase.of(seed, () -> aPlannerThatStartsBehindAnyTaskGivesTheRestCase(new Random(seed)));
    }

    private void aPlannerThatStartsBehindAnyTaskGivesTheRestCase(Random random) throws Exception {
        List<PlannedFile> files = someFiles(random);
        long chunkBytes = 1L + random.nextInt(1 << random.nextInt(12));
        List<List<InputRange>> tasks = plan(files, chunkBytes);
        // Every task, or where there are very many, some.
        int step = 1 + tasks.size() / 50;
        for (int done = 1; done <= tasks.size(); done += step) {
            List<InputRange> last = tasks.get(done - 1);
            InputRange end = last.get(last.size() - 1);
            List<PlannedFile> rest = new ArrayList<>(files.stream()
                    .dropWhile(file -> !file.path().equals(end.path()))
                    .toList());
            PlannedFile at = rest.remove(0);
            if (end.endByte() < end.fileBytes()) {
                rest.add(0, new PlannedFile("data", at.path(), end.endByte(), at.fileBytes(), 1, at.compression()));
            }
            assertThat(plan(rest, chunkBytes)).isEqualTo(tasks.subList(done, tasks.size()));
        }
    }

    @Test
    void smallFilesAreTasksByTheThousand() {
        List<PlannedFile> files = IntStream.range(0, 20_000)
                .mapToObj(i -> file("docs/file-" + i + ".txt", 300, Compression.NONE))
                .toList();
        assertThat(plan(files, 16 << 20))
                .hasSize(20)
                .allSatisfy(task -> assertThat(task).hasSize(1000));
    }

    @Test
    void smallArchivesArePackedToo() {
        List<PlannedFile> files = IntStream.range(0, 2_000)
                .mapToObj(i -> file(i + ".gz", 300, Compression.GZIP))
                .toList();
        assertThat(plan(files, 16 << 20)).hasSize(2);
    }

    @Test
    void longNamesMakeSmallerTasks() {
        String name = "%E6%9D%B1".repeat(400);
        List<PlannedFile> files = IntStream.range(0, 500)
                .mapToObj(i -> file(i + name, 1, Compression.NONE))
                .toList();
        for (List<InputRange> task : plan(files, 16 << 20)) {
            int names = task.stream().mapToInt(range -> range.path().length()).sum();
            assertThat(names).isLessThan(390 << 10);
            assertThat(task.size()).isBetween(10, 120);
        }
    }

    @Test
    void theWalkIsNotRunAheadOf() {
        int[] taken = {0};
        Iterator<PlannedFile> files = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public PlannedFile next() {
                return file("f" + taken[0]++, 10, Compression.NONE);
            }
        };
        ChunkPlanner planner = new ChunkPlanner(files, 30);
        assertThat(planner.next()).hasSize(3);
        assertThat(taken[0]).isEqualTo(4);
        assertThat(planner.next()).hasSize(3);
        assertThat(taken[0]).isEqualTo(7);
    }

    @Test
    void hugeFilesDoNotOverflow() {
        long huge = Long.MAX_VALUE;
        ChunkPlanner planner =
                new ChunkPlanner(List.of(file("huge", huge, Compression.NONE)).iterator(), Long.MAX_VALUE / 2);
        List<InputRange> all = new ArrayList<>();
        planner.forEachRemaining(all::addAll);
        assertThat(all).hasSize(3);
        assertThat(all.get(2).endByte()).isEqualTo(huge);
        assertThat(plan(List.of(file("a.gz", huge, Compression.GZIP), file("b.gz", huge, Compression.GZIP)), huge))
                .isNotEmpty();
    }

    @Test
    void aChunkHasAtLeastOneByte() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ChunkPlanner(List.<PlannedFile>of().iterator(), 0));
        assertThat(plan(List.of(file("a", 3, Compression.NONE)), 1)).hasSize(3);
    }
}
