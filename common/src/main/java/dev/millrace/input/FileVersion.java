package dev.millrace.input;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.InputRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What tells one state of a regular file from another.
 *
 * @param modifiedNanos nanoseconds since 1970, as exact as the file system keeps them
 * @param key identity of the file within its file system (device and inode), where it has one
 */
public record FileVersion(
        long bytes, long modifiedNanos, @Nullable Object key) {
    /**
     * Looks at a file without opening it, so that a FIFO or device can neither block nor react.
     *
     * @throws InputException {@link Kind#NOT_A_FILE}, {@link Kind#MISSING}, {@link Kind#FORBIDDEN} or {@link Kind#IO}
     */
    public static FileVersion of(Path file, LinkOption... options) throws InputException {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, BasicFileAttributes.class, options);
        } catch (IOException e) {
            throw InputException.of(file, e);
        }
        return of(file, attributes);
    }

    /** As {@link #of(Path, LinkOption...)}, of attributes at hand. */
    public static FileVersion of(Path file, BasicFileAttributes attributes) throws InputException {
        if (!attributes.isRegularFile()) {
            String what = attributes.isDirectory()
                    ? "a folder"
                    : attributes.isSymbolicLink() ? "a symbolic link" : "a FIFO, socket or device";
            throw new InputException(
                    Kind.NOT_A_FILE, Names.printable(file) + ": is " + what + "; only regular files can be counted");
        }
        return new FileVersion(
                attributes.size(), attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS), attributes.fileKey());
    }

    boolean matches(InputRange planned) {
        return bytes == planned.fileBytes() && modifiedNanos == planned.modifiedNanos();
    }

    boolean isSameFile(FileVersion other) {
        return Objects.equals(key, other.key);
    }
}
