package dev.millrace.map;

import dev.millrace.job.PartitionTotal;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The pairs of one run of a task as they go to the pairs topic.
 *
 * @param records may be added to, for the transaction that they go out in
 * @param parts how many there are for each partition
 * @param totals what they come to, by partition
 */
public record PairRecords(
        List<ProducerRecord<byte[], byte[]>> records, List<Integer> parts, List<PartitionTotal> totals) {

    /** Makes the lane record of one block. */
    public interface Batch {
        LaneRecord of(int part, int parts, byte[] block, int from, int to);
    }

    /** @param topic that of the pairs */
    public static PairRecords of(String topic, PairBlocks blocks, Batch batch) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        List<Integer> parts = new ArrayList<>();
        List<PartitionTotal> totals = new ArrayList<>();
        for (int partition = 0; partition < blocks.partitions(); partition++) {
            List<ByteBuffer> parted = blocks.blocks(partition);
            for (int part = 0; part < parted.size(); part++) {
                ByteBuffer block = parted.get(part);
                int from = block.arrayOffset() + block.position(), to = from + block.remaining();
                LaneRecord lane = batch.of(part, parted.size(), block.array(), from, to);
                records.add(new ProducerRecord<>(
                        topic, partition, LaneCodec.keyOf(block.array(), from, to), LaneCodec.encode(lane)));
            }
            parts.add(parted.size());
            totals.add(blocks.total(partition));
        }
        return new PairRecords(records, parts, totals);
    }
}
