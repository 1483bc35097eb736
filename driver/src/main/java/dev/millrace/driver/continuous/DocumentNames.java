package dev.millrace.driver.continuous;

import dev.millrace.input.Names;
import dev.millrace.job.JobSpec;
import java.util.List;

/**
 * The names of a job's documents as people read them. The id of a file is its percent-encoded path below the watched
 * folder, and of several folders the number of its folder stands before it; the id of a record is its key as it is. Only
 * the job's sources tell which of the two an id is. Immutable.
 */
public final class DocumentNames {
    private final List<String> sources;

    private DocumentNames(List<String> sources) {
        this.sources = sources;
    }

    /** @param sources as a job's record names them: topics and standard input by a word, folders by absolute paths */
    static DocumentNames of(List<String> sources) {
        return new DocumentNames(List.copyOf(sources));
    }

    public static DocumentNames of(JobSpec job) {
        return of(job.input().paths());
    }

    /**
     * A name in the form of {@link Names#printable(String)}, so that different names never look the same: a file's path
     * below the watched folder, or of several folders its whole path.
     *
     * @param id of a document, or what a source calls a folder that it cannot look into, which is printable already
     */
    public String printable(String id) {
        if (sources.isEmpty() || !sources.get(0).startsWith("/")) {
            return Names.printable(id);
        }
        if (id.startsWith("/")) {
            return id;
        }
        int slash = id.indexOf('/');
        return sources.size() == 1
                ? Names.printableEncoded(id)
                : Names.printableEncoded(sources.get(Integer.parseInt(id, 0, slash, 10) - 1) + id.substring(slash));
    }

    /** The sources themselves. */
    public List<String> printableSources() {
        return sources.stream()
                .map(source -> source.startsWith("/") ? Names.printableEncoded(source) : Names.printable(source))
                .toList();
    }
}
