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

/**
 * Files below a folder, for documents that are too large for a record: that names the file in place of carrying the text.
 * Whoever may produce to the topic can have any file read that is below the folder, and no other: symbolic links that lead
 * out of it are refused.
 */
final class ReferencedFiles {
    private final FolderTexts texts;

    /**
     * @param mostBytes longest text, decompressed
     * @throws MillraceException USAGE if there is no such folder
     */
    ReferencedFiles(Path folder, InputLimits limits, int mostBytes) {
        try {
            texts = new FolderTexts(InputRoots.confined("files", folder), List.of(folder), limits, mostBytes);
        } catch (InputException e) {
            throw new MillraceException(ExitCode.USAGE, "--files: " + e.getMessage(), e);
        }
    }

    /**
     * The text of a file as it is now.
     *
     * @param path below the folder, its names separated by slashes
     */
    Text read(String path) throws InterruptedException {
        try {
            String id = Names.encode(Path.of(path));
            return texts.read(id, FileVersion.of(texts.path(id)));
        } catch (IOException | InvalidPathException e) {
            return new Text(null, String.valueOf(e.getMessage()));
        }
    }
}
