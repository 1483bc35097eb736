package dev.millrace.map;

import dev.millrace.job.JobId;
import dev.millrace.job.TextHash;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of the ledger that this process wrote lately, so that an edit of a document that was counted here a moment ago
 * needs no fetch. Kept and forgotten by task, the oldest first: of a backlog, a task has thousands. Where brokers lose their
 * last records, the number of a task that was counted here may be given to other texts, so a block is found by its text
 * too. Any thread.
 *
 * <p>Implementation: a ring of pages that are written over and never given back. A block lives for seconds, longer than the
 * collector takes to look again; as an object of its own it would be moved twice before it is forgotten.
 */
public final class BlockCache {
    private static final int PAGE_BYTES = 1 << 20;
    /** What it takes to find a task and a block of it, about; or those with few words, or none, would fill the heap. */
    private static final int TASK_BYTES = 128, BLOCK_BYTES = Integer.BYTES + TextHash.BYTES;

    private final int pageBytes;
    /** Made as they are first reached. */
    private final byte[] @Nullable [] pages;
    /** In the order in which they lie in the ring. */
    private final Map<Key, Task> tasks = new LinkedHashMap<>();
    /** Bytes ever written: what is written next lies there, modulo the ring. */
    private long end;

    private record Key(JobId job, long task) {}

    /**
     * @param ends by change, where a block ends; it begins where the one before ends; the complement where there is none
     * @param texts by change, the hash of the text that the block was counted from, as two numbers
     */
    private record Task(long from, int[] ends, long[] texts) {
        boolean isOf(int change, TextHash text) {
            return texts[2 * change] == text.high() && texts[2 * change + 1] == text.low();
        }

        int begin(int change) {
            int before = change == 0 ? 0 : ends[change - 1];
            return before < 0 ? ~before : before;
        }
    }

    /** @param mostBytes of memory, about */
    public BlockCache(long mostBytes) {
        pageBytes = (int) Math.min(PAGE_BYTES, mostBytes);
        pages = new byte[(int) (mostBytes / pageBytes)][];
    }

    /** The block that a change of a task has written, if it is kept and was counted from this text. */
    synchronized byte @Nullable [] get(JobId job, long task, int change, TextHash text) {
        Task kept = tasks.get(new Key(job, task));
        if (kept == null || change >= kept.ends.length || kept.ends[change] < 0 || !kept.isOf(change, text)) {
            return null;
        }
        int begin = kept.begin(change);
        byte[] block = new byte[kept.ends[change] - begin];
        copy(kept.from + begin, block, false);
        return block;
    }

    /**
     * Keeps the blocks of a task, which do not change any more, and forgets those of the tasks before that they lie over.
     *
     * @param texts by block, the text that it was counted from
     */
    synchronized void put(JobId job, long task, List<TextHash> texts, List<byte @Nullable []> blocks) {
        int[] ends = new int[blocks.size()];
        long[] hashes = new long[2 * ends.length];
        int size = 0;
        for (int i = 0; i < ends.length; i++) {
            byte[] block = blocks.get(i);
            size += block == null ? 0 : block.length;
            ends[i] = block == null ? ~size : size;
            hashes[2 * i] = texts.get(i).high();
            hashes[2 * i + 1] = texts.get(i).low();
        }
        Key key = new Key(job, task);
        tasks.remove(key);
        long ring = (long) pages.length * pageBytes;
        long needed = TASK_BYTES + (long) BLOCK_BYTES * ends.length + size;
        Iterator<Task> oldest = tasks.values().iterator();
        while (oldest.hasNext() && oldest.next().from + ring < end + needed) {
            oldest.remove();
        }
        if (needed > ring) {
            return;
        }
        Task kept = new Task(end, ends, hashes);
        for (int i = 0; i < ends.length; i++) {
            byte[] block = blocks.get(i);
            if (block != null) {
                copy(kept.from + kept.begin(i), block, true);
            }
        }
        tasks.put(key, kept);
        end += needed;
    }

    /** @param in whether the block goes into the ring, or comes from it */
    private void copy(long position, byte[] block, boolean in) {
        int n;
        for (int done = 0; done < block.length; done += n) {
            int number = (int) ((position + done) / pageBytes % pages.length);
            int at = (int) ((position + done) % pageBytes);
            n = Math.min(block.length - done, pageBytes - at);
            byte[] page = pages[number];
            if (page == null) {
                page = new byte[pageBytes];
                pages[number] = page;
            }
            System.arraycopy(in ? block : page, in ? done : at, in ? page : block, in ? at : done, n);
        }
    }
}
