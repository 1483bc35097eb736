package dev.millrace.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.job.JobId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {
    private static final JobId JOB = new JobId(-7);

    @Test
    void keepsTheNewestTasksUpToSoManyBytes() {
        BlockCache cache = new BlockCache(13_900);
        cache.put(JOB, 1, List.of(new byte[1 << 10], new byte[3 << 10]));
        cache.put(JOB, 2, List.of(new byte[4 << 10]));
        assertThat(cache.get(JOB, 1, 1)).hasSize(3 << 10);
        cache.put(JOB, 3, Arrays.asList(null, new byte[9 << 10], null, new byte[0]));
        assertThat(cache.get(JOB, 1, 0)).isNull();
        assertThat(cache.get(JOB, 2, 0)).hasSize(4 << 10);
        assertThat(cache.get(JOB, 2, 1)).isNull();
        assertThat(cache.get(JOB, 3, 0)).isNull();
        assertThat(cache.get(JOB, 3, 1)).hasSize(9 << 10);
        assertThat(cache.get(JOB, 3, 2)).isNull();
        assertThat(cache.get(JOB, 3, 3)).isEmpty();
        assertThat(cache.get(new JobId(7), 3, 1)).isNull();
    }

    @Test
    void whatIsKeptIsWhatWasPutWhereverTheRingEnds() {
        long pages = 3, page = 1 << 20;
        BlockCache cache = new BlockCache(pages * page);
        Random random = new Random(5);
        Map<Long, List<byte[]>> put = new HashMap<>();
        long newest = 0, found = 0;
        for (; newest < 300; newest++) {
            List<byte[]> blocks = new ArrayList<>();
            for (int i = random.nextInt(5); i >= 0; i--) {
                byte[] block = new byte[random.nextInt(20) == 0 ? random.nextInt(1 << 21) : random.nextInt(30_000)];
                random.nextBytes(block);
                blocks.add(block);
            }
            cache.put(JOB, newest, blocks);
            put.put(newest, blocks);
            for (Map.Entry<Long, List<byte[]>> each : put.entrySet()) {
                for (int i = 0; i < each.getValue().size(); i++) {
                    byte[] kept = cache.get(JOB, each.getKey(), i);
                    found += kept == null ? 0 : 1;
                    if (kept != null && !Arrays.equals(kept, each.getValue().get(i))) {
                        fail("task %d, block %d", each.getKey(), i);
                    }
                }
            }
        }
        assertThat(found / newest).as("blocks kept at a time").isBetween(20L, 200L);
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
    void ofATaskThatRunsAgainTheLastBlocksAreKept() {
        BlockCache cache = new BlockCache(8_700);
        cache.put(JOB, 1, List.of(new byte[] {1}, new byte[] {2}));
        cache.put(JOB, 1, List.of(new byte[] {3}));
        assertThat(cache.get(JOB, 1, 0)).containsExactly(3);
        assertThat(cache.get(JOB, 1, 1)).isNull();
    }

    @Test
    void aTaskThatIsTooLargeIsNotKept() {
        BlockCache cache = new BlockCache(8_700);
        cache.put(JOB, 1, List.of(new byte[9 << 10]));
        assertThat(cache.get(JOB, 1, 0)).isNull();
        cache.put(JOB, 2, List.of(new byte[8 << 10]));
        assertThat(cache.get(JOB, 2, 0)).hasSize(8 << 10);
    }
}
