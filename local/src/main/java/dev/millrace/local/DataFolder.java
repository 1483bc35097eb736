package dev.millrace.local;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one embedded broker, locked against a second one. A temporary folder goes away on {@link #close}; one
 * whose process was killed is removed by the next broker that starts.
 */
final class DataFolder implements AutoCloseable {
    private static final String LOCK_FILE = ".millrace.lock";
    /** Kafka's own, written as the last thing of a clean stop and removed by the next start. */
    private static final String STOPPED_FILE = ".kafka_cleanshutdown";

    private static final String TEMPORARY_PREFIX = "millrace-broker-";
    /** A younger folder may belong to a process that has made its lock file but not yet locked it. */
    private static final Duration LEFT_BEHIND_AFTER = Duration.ofMinutes(1);
    /** What a format that was interrupted may have left. */
    private static final Set<String> BEFORE_FORMATTED =
            Set.of(LOCK_FILE, ".lock", "bootstrap.checkpoint", "__cluster_metadata-0", "lost+found");

    private final Path path;
    private final boolean temporary;
    private final FileChannel lock;

    private DataFolder(Path path, boolean temporary, FileChannel lock) {
        this.path = path;
        this.temporary = temporary;
        this.lock = lock;
    }

    /**
     * Opens the given folder, making it where it is missing, or a temporary one when {@code wanted} is null.
     *
     * @throws MillraceException when the folder cannot be written, is in use by another broker, or holds files that
     *     are not a broker's
     */
    static DataFolder open(@Nullable Path wanted) {
        return wanted == null
                ? openTemporary()
                : openGiven(wanted.toAbsolutePath().normalize());
    }

    Path path() {
        return path;
    }

    boolean isFormatted() {
        return Files.exists(path.resolve("meta.properties"));
    }

    /** Whether the broker that was here last has stopped in order. */
    boolean wasStopped() {
        return Files.exists(path.resolve(STOPPED_FILE));
    }

    @Override
    public void close() throws IOException {
        if (temporary) {
            deleteTree(path);
        }
        lock.close();
    }

    private static DataFolder openTemporary() {
        try {
            Path path = Files.createTempDirectory(TEMPORARY_PREFIX);
            removeLeftBehind(path);
            return new DataFolder(path, true, lock(path));
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "cannot make a temporary folder for the broker in " + System.getProperty("java.io.tmpdir") + ": "
                            + e.getMessage() + "; set another with MILLRACE_JAVA_OPTS=-Djava.io.tmpdir=DIR",
                    e);
        }
    }

    private static DataFolder openGiven(Path path) {
        try {
            Files.createDirectories(path);
            DataFolder folder = new DataFolder(path, false, lock(path));
            if (!folder.isFormatted()) {
                refuseForeignFiles(folder);
            }
            return folder;
        } catch (FileAlreadyExistsException e) {
            throw new MillraceException(
                    ExitCode.FAILED, "the broker's data folder " + path + " is no folder: name another", e);
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED, "cannot write to the broker's data folder " + path + ": " + e, e);
        }
    }

    private static void refuseForeignFiles(DataFolder folder) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder.path)) {
            for (Path entry : entries) {
                if (!BEFORE_FORMATTED.contains(String.valueOf(entry.getFileName()))) {
                    folder.lock.close();
                    throw new MillraceException(
                            ExitCode.USAGE,
                            "the data folder " + folder.path + " is neither empty nor a broker's: it holds "
                                    + entry.getFileName() + "; name an empty or a new folder");
                }
            }
        }
    }

    private static FileChannel lock(Path folder) throws IOException {
        FileChannel channel =
                FileChannel.open(folder.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!tryLock(channel)) {
            channel.close();
            throw new MillraceException(
                    ExitCode.BROKER,
                    "the data folder " + folder + " is in use by another broker; stop it or name another folder");
        }
        return channel;
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            @Nullable FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException heldByThisJvm) {
            return false;
        }
    }

    /** Removes temporary folders whose process died, of this user only: they can hold gigabytes. */
    private static void removeLeftBehind(Path own) throws IOException {
        @Nullable Path parent = own.getParent();
        if (parent == null) {
            return;
        }
        try (DirectoryStream<Path> siblings = Files.newDirectoryStream(parent, TEMPORARY_PREFIX + "*")) {
            for (Path sibling : siblings) {
                if (!sibling.equals(own) && isOfSameOwner(own, sibling)) {
                    removeIfLeftBehind(sibling);
                }
            }
        }
    }

    private static boolean isOfSameOwner(Path own, Path sibling) throws IOException {
        try {
            return Files.isDirectory(sibling, LinkOption.NOFOLLOW_LINKS)
                    && Files.getOwner(own).equals(Files.getOwner(sibling, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException closedMeanwhile) {
            return false;
        }
    }

    private static void removeIfLeftBehind(Path folder) throws IOException {
        Path lockFile = folder.resolve(LOCK_FILE);
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
            FileTime made = Files.getLastModifiedTime(lockFile);
            boolean old = made.toInstant().isBefore(Instant.now().minus(LEFT_BEHIND_AFTER));
            if (old && tryLock(channel)) {
                deleteTree(folder);
            }
        } catch (NoSuchFileException closedMeanwhile) {
            // Its own process has just removed it.
        }
    }

    private static void deleteTree(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
