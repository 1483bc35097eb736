package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How far each partition of a job's ledger is known to reach. So the driver can say where a block will lie at the earliest,
 * and send that together with the block; where it lies in truth, only the broker's answer tells. Others write to the ledger
 * too, so what is known may be old: then whoever reads the block has to look a little further. Pure.
 */
final class LedgerEnds {
    private final Map<Integer, Long> ends = new HashMap<>();

    /** @param end no record that is written from now on lies before it */
    void reach(int partition, long end) {
        ends.merge(partition, end, Math::max);
    }

    /** No record that is written from now on lies before it, as far as is known. */
    long end(int partition) {
        return ends.getOrDefault(partition, 0L);
    }

    /** What a mapper has written. */
    void reach(Event.DocumentsDone done) {
        done.blocks().forEach(block -> reach(block.partition(), block.offset() + 1));
    }

    /**
     * Where records lie at the earliest that are about to be sent.
     *
     * @param partitions that they go to, in the order of sending
     */
    List<Long> earliest(List<Integer> partitions) {
        Map<Integer, Long> next = new HashMap<>(ends);
        List<Long> offsets = new ArrayList<>(partitions.size());
        for (Integer partition : partitions) {
            offsets.add(next.merge(partition, 1L, Long::sum) - 1);
        }
        return offsets;
    }
}
