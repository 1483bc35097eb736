package dev.millrace.input;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one call of the file system tells of a file or folder, without opening it.
 *
 * @param modifiedNanos when what is in it changed last, unless somebody has set that time; nanoseconds since 1970, as
 *     exact as the file system keeps them
 * @param changedNanos when anything about it changed last, which nobody can set; 0 where that is not kept
 * @param key identity within the file system (device and inode), where it has one
 */
public record FileLook(
        Kind kind,
        long bytes,
        long modifiedNanos,
        long changedNanos,
        @Nullable Object key) {
    /** What it is. */
    public enum Kind {
        FILE,
        FOLDER,
        LINK,
        OTHER
    }

    /** All that is asked for costs time, of each of perhaps 100,000 files: the mode holds what it is. */
    private static final String UNIX = "unix:mode,size,lastModifiedTime,ctime,fileKey";

    private static final int TYPE = 0xF000, FILE = 0x8000, FOLDER = 0x4000, LINK = 0xA000;

    /** Looks at what is there, or with {@link LinkOption#NOFOLLOW_LINKS} at a link itself. */
    public static FileLook of(Path path, LinkOption... options) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return of(Files.readAttributes(path, BasicFileAttributes.class, options));
        }
        Map<String, Object> unix = Files.readAttributes(path, UNIX, options);
        int mode = (Integer) told(unix, "mode");
        return new FileLook(
                kind(mode & TYPE),
                (Long) told(unix, "size"),
                nanos((FileTime) told(unix, "lastModifiedTime")),
                nanos((FileTime) told(unix, "ctime")),
                unix.get("fileKey"));
    }

    /** Without the time of the last change. */
    public static FileLook of(BasicFileAttributes basic) {
        Kind kind = basic.isRegularFile()
                ? Kind.FILE
                : basic.isDirectory() ? Kind.FOLDER : basic.isSymbolicLink() ? Kind.LINK : Kind.OTHER;
        return new FileLook(kind, basic.size(), nanos(basic.lastModifiedTime()), 0, basic.fileKey());
    }

    private static Kind kind(int type) {
        return type == FILE ? Kind.FILE : type == FOLDER ? Kind.FOLDER : type == LINK ? Kind.LINK : Kind.OTHER;
    }

    private static Object told(Map<String, Object> attributes, String name) {
        return Objects.requireNonNull(attributes.get(name), name);
    }

    private static long nanos(FileTime time) {
        return time.to(TimeUnit.NANOSECONDS);
    }
}
