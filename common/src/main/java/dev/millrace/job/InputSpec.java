package dev.millrace.job;

import java.util.List;

/**
 * Which files a job reads.
 *
 * @param paths files and folders as given on the command line; {@code -} is standard input
 * @param includes globs of which a file found in a folder must match one, where there are any
 * @param excludes globs of which a file found in a folder must match none
 * @param followLinks whether symbolic links met inside folders are followed
 * @param chunkBytes length of a chunk; any length gives the same counts
 */
public record InputSpec(
        List<String> paths, List<String> includes, List<String> excludes, boolean followLinks, long chunkBytes) {
    public InputSpec {
        paths = List.copyOf(paths);
        includes = List.copyOf(includes);
        excludes = List.copyOf(excludes);
        if (chunkBytes < 1) {
            throw new IllegalArgumentException("chunk of " + chunkBytes + " bytes");
        }
    }
}
