package dev.millrace.map;

import dev.millrace.job.JobId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of the ledger that this process wrote lately, so that an edit of a document that was counted here a moment ago
 * needs no fetch. Kept and forgotten by task: of a backlog, a task has thousands. Any thread.
 */
public final class BlockCache {
    /** What it takes to find a task and a block of it, about; or those with few words, or none, would fill the heap. */
    private static final int TASK_BYTES = 128, BLOCK_BYTES = 24;

    private final long mostBytes;
    private final Map<Key, Task> tasks = new LinkedHashMap<>(1024, 0.75f, true);
    private long bytes;

    private record Key(JobId job, long task) {}

    /** @param blocks by change, null where a part was removed */
    private record Task(List<byte @Nullable []> blocks, long bytes) {}

    /** @param mostBytes of memory, about */
    public BlockCache(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** The block that a change of a task has written, if it is kept. */
    synchronized byte @Nullable [] get(JobId job, long task, int change) {
        Task kept = tasks.get(new Key(job, task));
        return kept == null || change >= kept.blocks.size() ? null : kept.blocks.get(change);
    }

    /** Keeps the blocks of a task, which do not change any more, and forgets those of the tasks not asked for longest. */
    synchronized void put(JobId job, long task, List<byte @Nullable []> blocks) {
        Task kept = new Task(blocks, bytes(blocks));
        Task before = tasks.put(new Key(job, task), kept);
        bytes += kept.bytes - (before == null ? 0 : before.bytes);
        Iterator<Task> oldest = tasks.values().iterator();
        while (bytes > mostBytes && oldest.hasNext()) {
            bytes -= oldest.next().bytes;
            oldest.remove();
        }
    }

    private static long bytes(List<byte @Nullable []> blocks) {
        long sum = TASK_BYTES;
        for (byte[] block : blocks) {
            sum += BLOCK_BYTES + (block == null ? 0 : block.length);
        }
        return sum;
    }
}
