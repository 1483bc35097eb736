package dev.millrace.map;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import dev.millrace.shuffle.LaneRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Counts tasks of documents, and says what has to be written for them, all of it in one transaction: first the blocks, then
 * what speaks of where they lie. One thread at a time.
 */
public final class DocumentCounter implements AutoCloseable {
    private final TopicNames topics;
    private final LedgerReader ledger;
    private final DocumentMapper mapper;

    /** @param blocks may be shared by counters of one process */
    public DocumentCounter(ClusterSettings cluster, BlockCache blocks) {
        this.topics = cluster.topics();
        this.ledger = new LedgerReader(cluster, blocks);
        this.mapper = new DocumentMapper(ledger, new TaskRules());
    }

    /**
     * Counts a task.
     *
     * @param texts the new texts, one behind the other
     * @throws RuntimeException if an old block is gone, or not to be seen for a minute
     * @throws dev.millrace.job.MillraceException if this release has other rules of that name, or if the ledger is gone
     */
    public Counted count(DocumentTask task, byte[] texts) throws IOException {
        ledger.require(task.job(), task.partitions());
        ledger.load(task.job(), task.changes());
        return counted(task, texts);
    }

    /**
     * Counts a task if that takes no waiting for anybody: old blocks that are not kept are fetched, but a hidden one is not
     * waited for.
     *
     * @param mostFetched how many blocks may have to be fetched
     * @return null where there are more, or one is not to be had now
     */
    public @Nullable Counted countAtOnce(DocumentTask task, byte[] texts, int mostFetched) throws IOException {
        return ledger.loadFew(task.job(), task.changes(), mostFetched) ? counted(task, texts) : null;
    }

    private Counted counted(DocumentTask task, byte[] texts) throws IOException {
        return new Counted(task, mapper.map(task, texts));
    }

    /** What a task came to. */
    public final class Counted {
        private final DocumentTask task;
        private final DocumentMapper.Output output;
        private final String ledgerTopic;
        private final int partition;

        private Counted(DocumentTask task, DocumentMapper.Output output) {
            this.task = task;
            this.output = output;
            this.ledgerTopic = topics.ledger(task.job());
            this.partition = (int) (task.number() % task.partitions());
        }

        /** The same for a task that had no number yet when it was counted. Any thread. */
        public Counted as(DocumentTask numbered) {
            return new Counted(numbered, output);
        }

        /** The new blocks, to be sent first; kept for the tasks that build on them. Any thread. */
        public List<ProducerRecord<byte[], byte[]>> blocks() {
            ledger.keep(task, output.blocks());
            List<ProducerRecord<byte[], byte[]>> blocks = new ArrayList<>();
            for (int i = 0; i < task.changes().size(); i++) {
                if (!task.changes().get(i).isRemoval()) {
                    blocks.add(new ProducerRecord<>(
                            ledgerTopic,
                            partition,
                            LedgerReader.key(task.number(), i),
                            output.blocks().get(i)));
                }
            }
            return blocks;
        }

        /**
         * What is sent behind the blocks: the tombstones of the old ones, and the differences.
         *
         * @param execution of this run of the task
         * @param worker whose run it is
         * @param offsets of the new blocks, or where each lies at the earliest
         */
        public Written written(long execution, String worker, List<Long> offsets) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            Iterator<Long> offset = offsets.iterator();
            List<Event.Block> placed = new ArrayList<>();
            for (int i = 0; i < task.changes().size(); i++) {
                DocumentTask.Change change = task.changes().get(i);
                Event.Block block = output.counted().get(i);
                placed.add(
                        change.isRemoval()
                                ? block
                                : new Event.Block(partition, offset.next(), block.total(), block.text()));
                BlockPosition base = change.base();
                if (!base.isNone()) {
                    records.add(new ProducerRecord<>(
                            ledgerTopic, base.partition(), LedgerReader.key(base.task(), base.change()), null));
                }
            }
            PairRecords pairs = PairRecords.of(
                    topics.pairs(),
                    output.differences(),
                    (part, parts, block, from, to) ->
                            new LaneRecord.Delta(task.job(), task.number(), execution, part, parts, block, from, to));
            records.addAll(pairs.records());
            return new Written(
                    records,
                    new Event.DocumentsDone(
                            task.job(),
                            task.number(),
                            task.attempt(),
                            execution,
                            worker,
                            pairs.parts(),
                            pairs.totals(),
                            placed));
        }
    }

    /**
     * @param records may be added to, for the transaction that they go out in
     * @param done what the driver is to hear of it
     */
    public record Written(List<ProducerRecord<byte[], byte[]>> records, Event.DocumentsDone done) {}

    @Override
    public void close() {
        ledger.close();
    }
}
