package dev.millrace.driver.continuous;

import dev.millrace.driver.continuous.FolderTexts.Text;
import dev.millrace.input.FileVersion;
import dev.millrace.input.InputException;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.Names;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Files below a folder, for documents that are too large for a record: that names the file in place of carrying the text.
 * Whoever may produce to the topic can have any file read that is below the folder, and no other: symbolic links that lead
 * out of it are refused.
 */
final class ReferencedFiles {
    /** No file system has longer paths, and a header may be as long as a record. */
    static final int LONGEST_PATH = 4_096;

    private final FolderTexts texts;

    /**
     * @param mostBytes longest text, decompressed
     * @throws MillraceException USAGE if there is no such folder
     */
    ReferencedFiles(Path folder, InputLimits limits, int mostBytes) {
        try {
            texts = new FolderTexts(
                    InputRoots.confined("files", folder), List.of(folder), limits, mostBytes, new DiskWatch());
        } catch (InputException e) {
            throw new MillraceException(ExitCode.USAGE, "--files: " + e.getMessage(), e);
        }
    }

    /**
     * What a path leads to.
     *
     * @param version null where it leads to no file
     */
    record Found(String id, @Nullable FileVersion version, FolderTexts.@Nullable Text unreadable) {}

    /**
     * Looks at a file.
     *
     * @param path below the folder, its names separated by slashes
     */
    Found find(String path) {
        if (path.length() > LONGEST_PATH) {
            return notFound("its record names a file by more than " + LONGEST_PATH + " characters");
        }
        try {
            String id = Names.encode(Path.of(path));
            return new Found(id, FileVersion.of(texts.path(id)), null);
        } catch (IOException | InvalidPathException e) {
            return notFound(Names.printable(String.valueOf(e.getMessage())));
        }
    }

    private static Found notFound(String why) {
        return new Found("", null, new Text(null, why));
    }

    /** The text of a file that was found. */
    Text read(Found found) throws InterruptedException {
        FileVersion version = found.version;
        return version == null ? Objects.requireNonNull(found.unreadable) : texts.read(found.id, version);
    }
}
