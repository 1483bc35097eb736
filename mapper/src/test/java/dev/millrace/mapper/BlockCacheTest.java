package dev.millrace.mapper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.JobId;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {
    private static final JobId JOB = new JobId(-7);

    @Test
    void keepsTheBlocksUsedLastUpToSoManyBytes() {
        BlockCache cache = new BlockCache(10);
        cache.put(JOB, 1, 0, new byte[4]);
        cache.put(JOB, 1, 1, new byte[4]);
        assertThat(cache.get(JOB, 1, 0)).hasSize(4);
        cache.put(JOB, 2, 0, new byte[5]);
        assertThat(cache.get(JOB, 1, 1)).isNull();
        assertThat(cache.get(JOB, 1, 0)).hasSize(4);
        assertThat(cache.get(JOB, 2, 0)).hasSize(5);
        assertThat(cache.get(new JobId(7), 2, 0)).isNull();
    }

    /** A hundred had the same hash, and looking for one of them took a twentieth of a processor under load. */
    @Test
    void changesOfNeighbouringTasksHaveHashesOfTheirOwn() {
        Set<Integer> hashes = new HashSet<>();
        for (long task = 0; task < 200; task++) {
            for (int change = 0; change < 1_000; change++) {
                hashes.add(new BlockCache.Key(JOB, task, change).hashCode());
            }
        }
        assertThat(hashes).hasSizeGreaterThan(199_900);
    }
}
