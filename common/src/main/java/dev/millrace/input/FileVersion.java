package dev.millrace.input;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.InputRange;
import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What tells one state of a regular file from another.
 *
 * @param modifiedNanos nanoseconds since 1970, as exact as the file system keeps them
 * @param changedNanos when anything about the file changed last, its name included, which nobody can set: a file that
 *     replaces another may have all else of it; 0 where that is not kept
 * @param key identity of the file within its file system (device and inode), where it has one
 */
public record FileVersion(
        long bytes,
        long modifiedNanos,
        long changedNanos,
        @Nullable Object key) {
    /**
     * Looks at a file without opening it, so that a FIFO or device can neither block nor react.
     *
     * @throws InputException {@link Kind#NOT_A_FILE}, {@link Kind#MISSING}, {@link Kind#FORBIDDEN} or {@link Kind#IO}
     */
    public static FileVersion of(Path file, LinkOption... options) throws InputException {
        FileLook look;
        try {
            look = FileLook.of(file, options);
        } catch (IOException e) {
            throw InputException.of(file, e);
        }
        return of(file, look);
    }

    /** As {@link #of(Path, LinkOption...)}, of a look that was taken. */
    public static FileVersion of(Path file, FileLook look) throws InputException {
        if (look.kind() != FileLook.Kind.FILE) {
            String what = look.kind() == FileLook.Kind.FOLDER
                    ? "a folder"
                    : look.kind() == FileLook.Kind.LINK ? "a symbolic link" : "a FIFO, socket or device";
            throw new InputException(
                    Kind.NOT_A_FILE, Names.printable(file) + ": is " + what + "; only regular files can be counted");
        }
        return new FileVersion(look.bytes(), look.modifiedNanos(), look.changedNanos(), look.key());
    }

    /** Whether it may be the same file under another name; a rename changes it, so that time does not matter. */
    public boolean isSameButForName(FileVersion other) {
        return bytes == other.bytes && modifiedNanos == other.modifiedNanos && isSameFile(other);
    }

    boolean matches(InputRange planned) {
        return bytes == planned.fileBytes() && modifiedNanos == planned.modifiedNanos();
    }

    boolean isSameFile(FileVersion other) {
        return Objects.equals(key, other.key);
    }
}
