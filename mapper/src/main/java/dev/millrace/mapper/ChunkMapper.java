package dev.millrace.mapper;

import dev.millrace.input.InputException;
import dev.millrace.input.InputFiles;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.TextInput;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import dev.millrace.map.TaskRules;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.StopWords;
import dev.millrace.shuffle.WordTable;
import dev.millrace.text.ChunkTally;
import dev.millrace.text.TextProfile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads a task's text, counts its words in one table and groups them by partition. One thread; keeps its memory. */
final class ChunkMapper {
    /**
     * Of the heap, what the pairs of a compressed file may take. They are encoded once more, to be sent in one
     * transaction, and beside them there must be room for the decoder and for a table of a million words.
     */
    private static final int SHARE_OF_HEAP = 8;
    /** However large the heap is: several threads share it, and the transaction has ten seconds. */
    private static final long MOST_PAIR_BYTES = 64 << 20;

    private final InputRoots roots;
    private final InputLimits limits;
    private final long mostPairBytes;
    private final WordTable words = new WordTable();
    private @Nullable ChunkTally tally;
    private @Nullable TextProfile tallyProfile;
    private @Nullable PairBlocks blocks;
    private int partitions;
    private final TaskRules rulesHere = new TaskRules();
    private StopWords stopWords = StopWords.NONE;
    /** The compressed file that is being read: one that is not cut, however long its text is. */
    private @Nullable TextInput compressed;
    /** Bytes of pairs that had been put aside when it was opened. */
    private long before;

    ChunkMapper(InputRoots roots, InputLimits limits) {
        this(roots, limits, Math.min(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP, MOST_PAIR_BYTES));
    }

    /** @param mostPairBytes that may come of a compressed file */
    ChunkMapper(InputRoots roots, InputLimits limits, long mostPairBytes) {
        this.roots = roots;
        this.limits = limits;
        this.mostPairBytes = mostPairBytes;
    }

    /** The pairs of one task. The blocks are valid until the next task is mapped. */
    record Output(TextStats text, PairBlocks blocks) {}

    /**
     * @param document the document beside a task that has no inputs
     * @throws InputException if an input cannot be read, is not what was planned, or is a compressed file of more
     *     words than can be sent at once
     * @throws dev.millrace.job.MillraceException if this release has other rules of that name
     */
    Output map(ChunkTask task, byte @Nullable [] document) throws IOException {
        words.clear(); // what a task that failed has left
        compressed = null;
        PairBlocks out = blocks(task.partitions());
        stopWords = rulesHere.stopWords(task.rules());
        ChunkTally reader = tally(task.rules());
        TextStats stats = TextStats.NONE;
        if (document != null) {
            stats = reader.tally(new ByteArrayInputStream(document), 0, Long.MAX_VALUE);
        }
        for (InputRange range : task.inputs()) {
            try (TextInput in = InputFiles.open(roots, range, limits)) {
                compressed = range.compression() == Compression.NONE ? null : in;
                before = out.bytes(); // what other files of the task came to is not for this one to answer
                boolean whole = compressed != null || range.isWholeFile();
                TextStats read = reader.tally(in, range.startByte(), whole ? Long.MAX_VALUE : range.endByte());
                in.verifyUnchanged();
                stats = stats.plus(read);
            }
        }
        out.addAll(words, stopWords);
        words.clear(); // its memory is needed while the pairs are sent
        return new Output(stats, out);
    }

    private ChunkTally tally(TextRules rules) {
        TextProfile profile = rulesHere.profile(rules);
        ChunkTally current = tally;
        if (current == null || tallyProfile != profile) {
            current = new ChunkTally(profile, words, this::relieve);
            tally = current;
            tallyProfile = profile;
        }
        return current;
    }

    /** A chunk of text that never repeats itself is put aside in pieces, which take less memory than a table. */
    private void relieve() throws InputException {
        PairBlocks out = blocks;
        if (out == null) {
            return;
        }
        out.addAll(words, stopWords);
        words.clear();
        TextInput reading = compressed;
        if (reading != null && out.bytes() - before > mostPairBytes) {
            throw reading.beyondLimit("has more different words than one task can send (" + (mostPairBytes >> 20)
                    + " MiB of pairs): decompress it, so that it is cut into chunks");
        }
    }

    private PairBlocks blocks(int wanted) {
        PairBlocks current = blocks;
        if (current == null || partitions != wanted) {
            current = new PairBlocks(wanted);
            blocks = current;
            partitions = wanted;
        } else {
            current.clear();
        }
        return current;
    }
}
