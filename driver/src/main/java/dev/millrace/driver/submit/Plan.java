package dev.millrace.driver.submit;

import dev.millrace.input.InputRoots;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** The inputs of a job's tasks, one task after another: files first, then standard input where {@code -} is named. */
public final class Plan implements Iterator<Plan.Inputs> {
    private static final String STDIN = "-";
    /** Nothing left to plan. */
    public static final Plan NONE = new Plan(null, new InlineChunks(InputStream.nullInputStream()));

    private final @Nullable InputWalk walk;
    private final Iterator<List<InputRange>> files;
    private final InlineChunks documents;

    /**
     * What one task reads: ranges of files, or a document that travels with the task.
     *
     * @param document empty where there are ranges
     */
    @SuppressWarnings("ArrayRecordComponent") // carried once from the plan to the task's record, never compared
    public record Inputs(List<InputRange> ranges, byte[] document) {
        static final byte[] NONE = {};
    }

    private Plan(@Nullable InputWalk walk, InlineChunks documents) {
        this(walk, 1, documents);
    }

    private Plan(@Nullable InputWalk walk, long chunkBytes, InlineChunks documents) {
        this.walk = walk;
        this.files = walk == null ? List.<List<InputRange>>of().iterator() : new ChunkPlanner(walk, chunkBytes);
        this.documents = documents;
    }

    /**
     * The plan of a new job. Looks at every argument at once.
     *
     * @param stdin read where an argument is {@code -}
     * @throws MillraceException if an argument cannot be an input
     */
    public static Plan begin(InputSpec spec, InputRoots roots, InputStream stdin) {
        boolean piped = spec.paths().contains(STDIN);
        return new Plan(
                new InputWalk(filesOf(spec), roots),
                spec.chunkBytes(),
                new InlineChunks(piped ? stdin : InputStream.nullInputStream()));
    }

    /** What is left of the plan of a job that is not sealed, behind the tasks that are published. */
    public static Plan resume(InputSpec spec, InputRoots roots, List<ChunkTask> published) {
        if (spec.paths().contains(STDIN)) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "the job read standard input, and its driver was gone before the end of it: cancel it and count"
                            + " again");
        }
        List<InputRange> ranges =
                published.stream().flatMap(task -> task.inputs().stream()).toList();
        InputWalk walk =
                ranges.isEmpty() ? new InputWalk(spec, roots) : new InputWalk(spec, roots, WalkCursor.behind(ranges));
        return new Plan(walk, spec.chunkBytes(), new InlineChunks(InputStream.nullInputStream()));
    }

    private static InputSpec filesOf(InputSpec spec) {
        List<String> paths = new ArrayList<>(spec.paths());
        paths.removeIf(STDIN::equals);
        return new InputSpec(paths, spec.includes(), spec.excludes(), spec.followLinks(), spec.chunkBytes());
    }

    /** May wait for standard input. */
    @Override
    public boolean hasNext() {
        return files.hasNext() || documents.hasNext();
    }

    @Override
    public Inputs next() {
        if (files.hasNext()) {
            return new Inputs(files.next(), Inputs.NONE);
        }
        if (documents.hasNext()) {
            return new Inputs(List.of(), documents.next());
        }
        throw new NoSuchElementException();
    }

    /** What was passed over so far, and why. */
    public List<String> notices() {
        return walk == null ? List.of() : walk.notices();
    }
}
