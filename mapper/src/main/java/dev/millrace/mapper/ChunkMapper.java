package dev.millrace.mapper;

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
    private final InputRoots roots;
    private final InputLimits limits;
    private final WordTable words = new WordTable();
    private @Nullable ChunkTally tally;
    private @Nullable TextProfile tallyProfile;
    private @Nullable PairBlocks blocks;
    private int partitions;
    private final TaskRules rulesHere = new TaskRules();
    private StopWords stopWords = StopWords.NONE;

    ChunkMapper(InputRoots roots, InputLimits limits) {
        this.roots = roots;
        this.limits = limits;
    }

    /** The pairs of one task. The blocks are valid until the next task is mapped. */
    record Output(TextStats text, PairBlocks blocks) {}

    /**
     * @param document the document beside a task that has no inputs
     * @throws dev.millrace.input.InputException if an input cannot be read, or is not what was planned
     * @throws dev.millrace.job.MillraceException if this release has other rules of that name
     */
    Output map(ChunkTask task, byte @Nullable [] document) throws IOException {
        words.clear();
        PairBlocks out = blocks(task.partitions());
        stopWords = rulesHere.stopWords(task.rules());
        ChunkTally reader = tally(task.rules());
        TextStats stats = TextStats.NONE;
        if (document != null) {
            stats = reader.tally(new ByteArrayInputStream(document), 0, Long.MAX_VALUE);
        }
        for (InputRange range : task.inputs()) {
            try (TextInput in = InputFiles.open(roots, range, limits)) {
                boolean whole = range.compression() != Compression.NONE || range.isWholeFile();
                TextStats read = reader.tally(in, range.startByte(), whole ? Long.MAX_VALUE : range.endByte());
                in.verifyUnchanged();
                stats = stats.plus(read);
            }
        }
        out.addAll(words, stopWords);
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

    /** A chunk of text that never repeats itself is sent on in pieces, so that it fits in memory. */
    private void relieve() {
        PairBlocks out = blocks;
        if (out != null) {
            out.addAll(words, stopWords);
            words.clear();
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
