package dev.millrace.map;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.JobId;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {
    private static final JobId JOB = new JobId(-7);

    @Test
    void keepsTheTasksUsedLastUpToSoManyBytes() {
        BlockCache cache = new BlockCache(13_900);
        cache.put(JOB, 1, List.of(new byte[1 << 10], new byte[3 << 10]));
        cache.put(JOB, 2, List.of(new byte[4 << 10]));
        assertThat(cache.get(JOB, 1, 1)).hasSize(3 << 10);
        cache.put(JOB, 3, Arrays.asList(null, new byte[9 << 10]));
        assertThat(cache.get(JOB, 2, 0)).isNull();
        assertThat(cache.get(JOB, 1, 0)).hasSize(1 << 10);
        assertThat(cache.get(JOB, 1, 2)).isNull();
        assertThat(cache.get(JOB, 3, 0)).isNull();
        assertThat(cache.get(JOB, 3, 1)).hasSize(9 << 10);
        assertThat(cache.get(new JobId(7), 3, 1)).isNull();
    }

    @Test
    void tasksWithoutAnyWordsAreForgottenToo() {
        BlockCache cache = new BlockCache(1_000);
        for (int task = 0; task < 100; task++) {
            cache.put(JOB, task, List.of(new byte[0]));
        }
        assertThat(cache.get(JOB, 0, 0)).isNull();
        assertThat(cache.get(JOB, 99, 0)).isEmpty();
    }

    @Test
    void aTaskThatRunsAgainIsKeptOnce() {
        BlockCache cache = new BlockCache(8_700);
        cache.put(JOB, 1, List.of(new byte[4 << 10]));
        cache.put(JOB, 2, List.of(new byte[4 << 10]));
        cache.put(JOB, 2, List.of(new byte[4 << 10]));
        assertThat(cache.get(JOB, 1, 0)).hasSize(4 << 10);
        cache.put(JOB, 3, List.of(new byte[9 << 10]));
        assertThat(List.of(1, 2, 3))
                .allSatisfy(task -> assertThat(cache.get(JOB, task, 0)).isNull());
    }
}
