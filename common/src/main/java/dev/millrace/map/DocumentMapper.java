package dev.millrace.map;

import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.StopWords;
import dev.millrace.shuffle.WordTable;
import dev.millrace.text.ChunkTally;
import dev.millrace.text.TextProfile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Counts changes of documents: the pairs of each new text are its block, and what goes to the reducers is all new blocks
 * less all old ones, so that of a small edit of a long text only the words that changed travel. One thread; keeps its
 * memory.
 */
final class DocumentMapper {
    private final Blocks ledger;
    private final TaskRules rules;
    private final WordTable words = WordTable.forSmallTexts();
    private final PairBlocks block = new PairBlocks(1);
    private final WordTable difference = WordTable.forChanges();
    private @Nullable ChunkTally tally;
    private @Nullable TextProfile tallyProfile;

    DocumentMapper(Blocks ledger, TaskRules rules) {
        this.ledger = ledger;
        this.rules = rules;
    }

    /**
     * What one task comes to.
     *
     * @param differences by partition
     * @param blocks the new block of each change, null where the part was removed
     */
    record Output(PairBlocks differences, List<byte @Nullable []> blocks, List<Event.Block> counted) {}

    /**
     * @param texts the new texts, one behind the other
     * @throws LedgerReader.MissingBlockException if an old block is gone
     * @throws dev.millrace.job.MillraceException if this release has other rules of that name
     */
    Output map(DocumentTask task, byte[] texts) throws IOException {
        difference.clear();
        StopWords left = rules.stopWords(task.rules());
        ChunkTally reader = tally(rules.profile(task.rules()));
        List<byte @Nullable []> blocks = new ArrayList<>(task.changes().size());
        List<Event.Block> counted = new ArrayList<>(task.changes().size());
        int at = 0;
        for (int i = 0; i < task.changes().size(); i++) {
            DocumentTask.Change change = task.changes().get(i);
            if (!change.base().isNone()) {
                byte[] old = ledger.read(task.job(), change);
                PairBlocks.forEach(
                        old, 0, old.length, (w, from, length, count) -> difference.add(w, from, length, -count));
            }
            if (change.isRemoval()) {
                blocks.add(null);
                counted.add(new Event.Block(-1, -1, PartitionTotal.ZERO, TextStats.NONE));
                continue;
            }
            words.clear();
            block.clear();
            // A part that is not the document's first has no byte order mark: what looks like one is a character.
            TextStats stats = reader.tally(new ByteArrayInputStream(texts, at, change.bytes()), 0, Long.MAX_VALUE);
            at += change.bytes();
            block.addAll(words, left);
            difference.addAll(words, left);
            blocks.add(bytes(block.blocks(0)));
            counted.add(new Event.Block(0, 0, block.total(0), stats));
        }
        PairBlocks out = new PairBlocks(task.partitions());
        out.addAll(difference, StopWords.NONE);
        return new Output(out, blocks, counted);
    }

    private static byte[] bytes(List<ByteBuffer> parts) {
        int size = 0;
        for (ByteBuffer part : parts) {
            size += part.remaining();
        }
        ByteBuffer all = ByteBuffer.allocate(size);
        parts.forEach(all::put);
        return all.array();
    }

    private ChunkTally tally(TextProfile profile) {
        ChunkTally current = tally;
        if (current == null || tallyProfile != profile) {
            current = new ChunkTally(profile, words);
            tally = current;
            tallyProfile = profile;
        }
        return current;
    }
}
