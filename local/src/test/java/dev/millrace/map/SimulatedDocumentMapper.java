package dev.millrace.map;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.shuffle.PairBlocks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Opens the product's {@link DocumentMapper} to the simulation, which stands in for the ledger. */
public final class SimulatedDocumentMapper {
    private final BlockCache kept = new BlockCache(2_000);
    private final DocumentMapper mapper;
    private final int partitions;

    /** @param ledger gives a block, or null if it is lost */
    public SimulatedDocumentMapper(int partitions, Function<BlockPosition, byte @Nullable []> ledger) {
        this.partitions = partitions;
        mapper = new DocumentMapper(
                (job, change) -> {
                    BlockPosition position = change.base();
                    byte[] block = kept.get(job, position.task(), position.change(), change.baseHash());
                    block = block == null ? ledger.apply(position) : block;
                    if (block == null) {
                        throw new LedgerReader.MissingBlockException("no block at " + position);
                    }
                    return block;
                },
                new TaskRules());
    }

    /** @param deltas by partition, the parts that go there */
    public record Output(
            List<byte @Nullable []> blocks,
            List<Event.Block> counted,
            List<List<byte[]>> deltas,
            List<PartitionTotal> totals) {}

    /** Null if an old block is gone. Pairs come in an order and in parts that differ from run to run. */
    public @Nullable Output map(DocumentTask task, byte[] texts, Random random) {
        DocumentMapper.Output output;
        try {
            output = mapper.map(task, texts);
            List<TextHash> hashes =
                    task.changes().stream().map(DocumentTask.Change::hash).toList();
            kept.put(task.job(), task.number(), hashes, output.blocks());
        } catch (LedgerReader.MissingBlockException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<List<byte[]>> deltas = new ArrayList<>();
        List<PartitionTotal> totals = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            deltas.add(parts(output.differences().blocks(p), random));
            totals.add(output.differences().total(p));
        }
        return new Output(output.blocks(), output.counted(), deltas, totals);
    }

    private List<byte[]> parts(List<ByteBuffer> blocks, Random random) {
        List<byte[]> pairs = new ArrayList<>();
        for (ByteBuffer block : blocks) {
            byte[] bytes = new byte[block.remaining()];
            block.duplicate().get(bytes);
            PairBlocks.forEach(bytes, 0, bytes.length, (word, from, length, count) -> {
                PairBlocks one = new PairBlocks(1);
                one.add(word, from, length, count);
                ByteBuffer pair = one.blocks(0).get(0);
                byte[] copy = new byte[pair.remaining()];
                pair.get(copy);
                pairs.add(copy);
            });
        }
        Collections.shuffle(pairs, random);
        List<byte[]> parts = new ArrayList<>();
        for (int from = 0; from < pairs.size(); ) {
            int to = Math.min(pairs.size(), from + 1 + random.nextInt(6));
            int size = pairs.subList(from, to).stream().mapToInt(p -> p.length).sum();
            ByteBuffer part = ByteBuffer.allocate(size);
            pairs.subList(from, to).forEach(part::put);
            parts.add(part.array());
            from = to;
        }
        return parts;
    }
}
