package dev.millrace.mapper;

import dev.millrace.job.JobId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Blocks of the ledger that the threads of a mapper read or wrote lately. A block never changes. Any thread. */
final class BlockCache {
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final long mostBytes;
    private final Map<Key, byte[]> blocks = new LinkedHashMap<>(1024, 0.75f, true);
    private long bytes;

    record Key(JobId job, long task, int change) {
        /** The one a record has puts changes of neighbouring tasks together, a hundred and more under each hash. */
        @Override
        public int hashCode() {
            return Long.hashCode((job.value() + task) * MIX + change);
        }
    }

    BlockCache(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    synchronized byte @Nullable [] get(JobId job, long task, int change) {
        return blocks.get(new Key(job, task, change));
    }

    synchronized void put(JobId job, long task, int change, byte[] block) {
        byte[] before = blocks.put(new Key(job, task, change), block);
        bytes += block.length - (before == null ? 0 : before.length);
        Iterator<byte[]> oldest = blocks.values().iterator();
        while (bytes > mostBytes && oldest.hasNext()) {
            bytes -= oldest.next().length;
            oldest.remove();
        }
    }
}
