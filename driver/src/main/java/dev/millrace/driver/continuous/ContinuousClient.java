package dev.millrace.driver.continuous;

import dev.millrace.job.TextRules;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The continuous jobs of a cluster as the command line sees them. Any thread; {@link #run} uses the calling one.
 *
 * <p>Every method throws {@link dev.millrace.job.MillraceException} with the exit code and a message for the user:
 * NO_SUCH_JOB where no job of the name goes on, INTERRUPTED when the thread is interrupted. What is read without a
 * driver's help ({@link #counts}, {@link #holders}, {@link #live}) is what is published by now.
 */
public interface ContinuousClient extends AutoCloseable {
    /** Default of the longest text that a document may have: it waits in memory until it is counted, and a few may. */
    int DEFAULT_DOCUMENT_BYTES = 64 << 20;

    /** What can be set at most: all parts of a document that change do so in one transaction, which must be short. */
    int MAX_DOCUMENT_BYTES = 512 << 20;

    /** Where the documents of a job come from. */
    sealed interface Feed {}

    /**
     * A topic that anyone produces to.
     *
     * @param files folder with files that its records may name; null for none
     * @param maxDocumentBytes longest text of such a file, as for {@link Folders}
     */
    record Topic(String name, @Nullable Path files, int maxDocumentBytes) implements Feed {}

    /**
     * A stream, cut at delimiters.
     *
     * @param delimiter not empty
     */
    @SuppressWarnings("ArrayRecordComponent") // carried once, never compared
    record Lines(InputStream in, byte[] delimiter) implements Feed {}

    /**
     * Folders that are watched.
     *
     * @param maxDocumentBytes longest text that a file may have, decompressed; at most {@link #MAX_DOCUMENT_BYTES}
     */
    record Folders(
            List<Path> folders, List<String> includes, List<String> excludes, boolean followLinks, int maxDocumentBytes)
            implements Feed {
        public Folders {
            folders = List.copyOf(folders);
            includes = List.copyOf(includes);
            excludes = List.copyOf(excludes);
        }
    }

    /**
     * Drives the job of this name, a new one or one that was left, until the thread is interrupted (the job stays open),
     * the job is cancelled, or the feed has ended and all of it is counted and published.
     *
     * @param mappersOnly whether mappers count even the smallest tasks
     */
    void run(String name, TextRules rules, Feed feed, boolean mappersOnly, ContinuousListener listener);

    /**
     * Asks {@link #run} to take no more of a feed that cannot be read again, to count what it has taken, and to end as if it
     * were interrupted then.
     *
     * @return false where there is no such feed, or that was asked before: an interrupt loses nothing that this would keep
     */
    boolean stop();

    /** What the driver of a job said last; null where it has said nothing lately. */
    @Nullable
    DriverStatus driver(String name);

    /** A table of a job that follows it. */
    LiveTable live(String name);

    /** The counts of some words, in the order given; 0 for a word that no document has. */
    Map<String, Long> counts(String name, List<String> words);

    /** Which documents hold a word, and how often. */
    Holders holders(String name, String word);

    /** @param patience how long the job's driver and the reducers may take */
    Snapshot snapshot(String name, Duration patience);

    /** Where other programs reach the cluster. */
    String bootstrapServers();

    @Override
    void close();
}
