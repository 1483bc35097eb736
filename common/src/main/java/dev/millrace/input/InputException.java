package dev.millrace.input;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An input that cannot be read as planned. The message is for users: it names the file, in printable form, and says what
 * to do.
 */
public class InputException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong with the input. */
    public enum Kind {
        /** No such file, any more or yet. */
        MISSING,
        /** The file is there and this process may not read it. */
        FORBIDDEN,
        /** A folder, FIFO, device or socket. */
        NOT_A_FILE,
        /** Not the file that was planned: its size or time differs. */
        CHANGED,
        /** A compressed file that is damaged, cut off, or not what its name says. */
        CORRUPT,
        /** A compressed file that grows beyond a limit, or holds more words than one task can send. */
        LIMIT,
        /** A root this process does not have, or a path that leads out of it. */
        ROOT,
        /** The storage failed; it may work the next time. */
        IO
    }

    private final Kind kind;

    InputException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    InputException(Kind kind, String message) {
        this(kind, message, null);
    }

    /** What a failed call of the file system means for the job. */
    static InputException of(Path file, IOException e) {
        String shown = Names.printable(file);
        if (e instanceof InputException input) {
            return input;
        }
        if (e instanceof NoSuchFileException || isBelowAFile(e)) {
            return new InputException(Kind.MISSING, shown + ": no such file", e);
        }
        if (e instanceof AccessDeniedException) {
            return new InputException(Kind.FORBIDDEN, shown + ": permission denied", e);
        }
        return new InputException(Kind.IO, shown + ": cannot be read: " + reason(e), e);
    }

    /** A path that goes on below a file; the JDK has no exception of its own for it. */
    private static boolean isBelowAFile(IOException e) {
        return e instanceof FileSystemException fs && "Not a directory".equals(fs.getReason());
    }

    private static String reason(IOException e) {
        String message = e instanceof FileSystemException fs ? fs.getReason() : e.getMessage();
        return Names.printable(message == null ? e.getClass().getSimpleName() : message);
    }

    public final Kind kind() {
        return kind;
    }

    /** Whether another attempt, here or on another machine, has a chance. */
    public final boolean retryable() {
        return kind == Kind.IO;
    }
}
