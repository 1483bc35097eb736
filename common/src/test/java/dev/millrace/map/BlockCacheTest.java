package dev.millrace.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.job.JobId;
import dev.millrace.job.TextHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {
    private static final JobId JOB = new JobId(-7);
    private static final TextHash TEXT = new TextHash(1, 2);

    private static void put(BlockCache cache, long task, List<byte[]> blocks) {
        cache.put(JOB, task, Collections.nCopies(blocks.size(), TEXT), blocks);
    }

    /**
     * A mapper had counted a task that a broker then lost, and the next driver gave its number to another text: what
     * was built on that was counted against the text that nobody else knew of.
     */
    @Test
    void aBlockOfAnotherTextUnderTheSameNumberIsNotTaken() {
        BlockCache cache = new BlockCache(1_000);
        TextHash lost = new TextHash(1, 3), counted = new TextHash(4, 2), removed = TextHash.NONE;
        cache.put(JOB, 1, List.of(lost, removed, TEXT), Arrays.asList(new byte[] {1}, null, new byte[] {2}));
        assertThat(cache.get(JOB, 1, 0, counted)).isNull();
        assertThat(cache.get(JOB, 1, 0, TEXT)).isNull();
        assertThat(cache.get(JOB, 1, 0, lost)).containsExactly(1);
        assertThat(cache.get(JOB, 1, 1, removed)).isNull();
        assertThat(cache.get(JOB, 1, 2, TEXT)).containsExactly(2);
    }

    @Test
    void keepsTheNewestTasksUpToSoManyBytes() {
        BlockCache cache = new BlockCache(13_900);
        put(cache, 1, List.of(new byte[1 << 10], new byte[3 << 10]));
        put(cache, 2, List.of(new byte[4 << 10]));
        assertThat(cache.get(JOB, 1, 1, TEXT)).hasSize(3 << 10);
        put(cache, 3, Arrays.asList(null, new byte[9 << 10], null, new byte[0]));
        assertThat(cache.get(JOB, 1, 0, TEXT)).isNull();
        assertThat(cache.get(JOB, 2, 0, TEXT)).hasSize(4 << 10);
        assertThat(cache.get(JOB, 2, 1, TEXT)).isNull();
        assertThat(cache.get(JOB, 3, 0, TEXT)).isNull();
        assertThat(cache.get(JOB, 3, 1, TEXT)).hasSize(9 << 10);
        assertThat(cache.get(JOB, 3, 2, TEXT)).isNull();
        assertThat(cache.get(JOB, 3, 3, TEXT)).isEmpty();
        assertThat(cache.get(new JobId(7), 3, 1, TEXT)).isNull();
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
            put(cache, newest, blocks);
            put.put(newest, blocks);
            for (Map.Entry<Long, List<byte[]>> each : put.entrySet()) {
                for (int i = 0; i < each.getValue().size(); i++) {
                    byte[] kept = cache.get(JOB, each.getKey(), i, TEXT);
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
            put(cache, task, List.of(new byte[0]));
        }
        assertThat(cache.get(JOB, 0, 0, TEXT)).isNull();
        assertThat(cache.get(JOB, 99, 0, TEXT)).isEmpty();
    }

    @Test
    void ofATaskThatRunsAgainTheLastBlocksAreKept() {
        BlockCache cache = new BlockCache(8_700);
        put(cache, 1, List.of(new byte[] {1}, new byte[] {2}));
        put(cache, 1, List.of(new byte[] {3}));
        assertThat(cache.get(JOB, 1, 0, TEXT)).containsExactly(3);
        assertThat(cache.get(JOB, 1, 1, TEXT)).isNull();
    }

    @Test
    void aTaskThatIsTooLargeIsNotKept() {
        BlockCache cache = new BlockCache(8_700);
        put(cache, 1, List.of(new byte[9 << 10]));
        assertThat(cache.get(JOB, 1, 0, TEXT)).isNull();
        put(cache, 2, List.of(new byte[8 << 10]));
        assertThat(cache.get(JOB, 2, 0, TEXT)).hasSize(8 << 10);
    }
}
