package dev.millrace.driver.submit;

import dev.millrace.input.Names;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/**
 * Standard input, copied to a temporary file that only its owner can read, so that an engine in this process can cut it
 * into chunks and read a chunk again. The file is deleted on {@link #close}, and when the JVM ends in good order.
 */
public final class StdinSpool implements AutoCloseable {
    /** The environment variable that names the folder for temporary files. */
    public static final String FOLDER_VARIABLE = "MILLRACE_TMP";

    private static final int BUFFER_BYTES = 1 << 20;

    private final Path file;

    private StdinSpool(Path file) {
        this.file = file;
    }

    /**
     * Reads a stream to its end.
     *
     * @throws MillraceException FAILED if it cannot be read or the folder does not take it
     */
    public static StdinSpool of(InputStream in, Map<String, String> environment) {
        String folder = environment.getOrDefault(FOLDER_VARIABLE, "");
        Path parent = Path.of(folder.isBlank() ? System.getProperty("java.io.tmpdir", "/tmp") : folder);
        Path file;
        try {
            file = Files.createTempFile(
                    parent,
                    "millrace-stdin-",
                    ".txt",
                    PosixFilePermissions.asFileAttribute(
                            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "cannot make a temporary file for standard input in " + Names.printable(parent) + " ("
                            + Names.printable(String.valueOf(e.getMessage())) + "): let " + FOLDER_VARIABLE
                            + " name a folder with room",
                    e);
        }
        StdinSpool spool = new StdinSpool(file);
        file.toFile().deleteOnExit();
        boolean complete = false;
        try {
            copy(in, file);
            complete = true;
        } finally {
            if (!complete) {
                spool.close();
            }
        }
        return spool;
    }

    private static void copy(InputStream in, Path file) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try (OutputStream out = Files.newOutputStream(file)) {
            int count;
            while ((count = readInput(in, buffer)) >= 0) {
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "cannot keep standard input in " + Names.printable(file) + " ("
                            + Names.printable(String.valueOf(e.getMessage())) + "): let " + FOLDER_VARIABLE
                            + " name a folder with room",
                    e);
        }
    }

    private static int readInput(InputStream in, byte[] buffer) {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw InlineChunks.unreadable(e);
        }
    }

    /** Where the input stands until {@link #close}. */
    public Path file() {
        return file;
    }

    /** The paths of a job with this file in place of each {@code -}. */
    public List<String> inPlaceOfStdin(List<String> paths) {
        List<String> replaced = new ArrayList<>(paths);
        replaced.replaceAll(path -> path.equals("-") ? file.toString() : path);
        return replaced;
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED, "cannot delete the temporary file " + Names.printable(file), e);
        }
    }
}
