package dev.millrace.driver.collect;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file that is there whole or not at all: written beside its place, forced to the disk, then renamed over what was
 * there. Of a symbolic link the file behind it is replaced and the link stays, as with a shell's {@code >}; a device or
 * a pipe is written to as it is, and so is a file that is open already, as that of {@code /dev/stdout}: who has it
 * open would go on in one without a name.
 */
public final class OutputFile {
    private static final int MAX_LINKS = 40;
    /** Folders of what processes have opened; links in them lead to it. */
    private static final Pattern DESCRIPTORS = Pattern.compile("/dev/fd|/proc/(\\d+)/(task/\\d+/)?fd");

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path named;
    private final Path target;

    private OutputFile(Path named, Path target) {
        this.named = named;
        this.target = target;
    }

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Finds out, before any work is done for it, whether the file can be written: makes a file in its folder and
     * removes it.
     *
     * @throws MillraceException naming the file and what is in the way
     */
    public static OutputFile at(String name) {
        try {
            Path named = Path.of(name);
            OutputFile file = new OutputFile(named, behindLinks(named));
            file.check();
            return file;
        } catch (InvalidPathException | IOException e) {
            throw failed(name, e);
        }
    }

    public Path path() {
        return named;
    }

    /** @throws MillraceException naming the file; what was there before is there still */
    public void write(Content content) {
        try {
            FileDescriptor own = ownDescriptor();
            if (own != null) {
                content.writeTo(new FileOutputStream(own)); // behind what is written there, and not closed with this
            } else if (isSpecial()) {
                try (OutputStream out =
                        Files.newOutputStream(target, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
                    content.writeTo(out);
                }
            } else {
                replace(content);
            }
        } catch (IOException e) {
            throw failed(named.toString(), e);
        }
    }

    private void replace(Content content) throws IOException {
        Path beside = beside();
        try {
            try (FileChannel channel =
                    FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(Channels.newOutputStream(channel));
                channel.force(true);
            }
            keepPermissions(beside);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
        forceFolder();
    }

    /** Of a file that is replaced only the content changes. */
    private void keepPermissions(Path beside) throws IOException {
        PosixFileAttributeView now = Files.getFileAttributeView(target, PosixFileAttributeView.class);
        if (now != null && Files.exists(target)) {
            Files.setPosixFilePermissions(beside, now.readAttributes().permissions());
        }
    }

    /** Without this a crash of the machine could forget the rename; some systems cannot open a folder at all. */
    private void forceFolder() throws IOException {
        try (FileChannel folder = FileChannel.open(folder(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (AccessDeniedException e) {
            if (Files.isReadable(folder())) {
                throw e;
            }
        }
    }

    private void check() throws IOException {
        if (Files.isDirectory(target)) {
            throw new FileSystemException(target.toString(), null, "it is a folder");
        }
        if (isDescriptor(target) && !Files.exists(target)) {
            throw new NoSuchFileException(target.toString());
        }
        if (ownDescriptor() != null) {
            return; // open already, whoever may open it now
        }
        if (Files.exists(target) && !Files.isWritable(target)) {
            throw new AccessDeniedException(target.toString());
        }
        if (isSpecial()) {
            return;
        }
        if (!Files.isDirectory(folder())) {
            throw new FileSystemException(target.toString(), null, "there is no folder " + folder());
        }
        Path beside = beside();
        Files.createFile(beside);
        Files.delete(beside);
    }

    private boolean isSpecial() throws IOException {
        return Files.exists(target) && !Files.isRegularFile(target) || isDescriptor(target);
    }

    private static boolean isDescriptor(Path path) throws IOException {
        return descriptors(path).matches();
    }

    /** Of the folder that a path lies in. */
    private static Matcher descriptors(Path path) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        return DESCRIPTORS.matcher(
                folder == null || !Files.isDirectory(folder)
                        ? ""
                        : folder.toRealPath().toString());
    }

    /** Standard output or error, where this leads there: opened anew, it would be written from its beginning. */
    private @Nullable FileDescriptor ownDescriptor() throws IOException {
        Matcher folder = descriptors(target);
        @Nullable String process = folder.matches() ? folder.group(1) : "";
        if (process != null
                && !process.equals(String.valueOf(ProcessHandle.current().pid()))) {
            return null;
        }
        String number = String.valueOf(target.getFileName());
        return number.equals("1") ? FileDescriptor.out : number.equals("2") ? FileDescriptor.err : null;
    }

    private Path folder() {
        Path parent = target.toAbsolutePath().getParent();
        return parent == null ? target.toAbsolutePath() : parent;
    }

    private Path beside() {
        return folder().resolve(".millrace-" + HexFormat.of().toHexDigits(RANDOM.nextLong()) + ".tmp");
    }

    private static Path behindLinks(Path path) throws IOException {
        Path at = path;
        for (int links = 0; Files.isSymbolicLink(at) && !isDescriptor(at); links++) {
            if (links == MAX_LINKS) {
                throw new FileSystemLoopException(path.toString());
            }
            at = at.resolveSibling(Files.readSymbolicLink(at));
        }
        return at;
    }

    private static MillraceException failed(String name, Exception e) {
        String why;
        if (e instanceof AccessDeniedException) {
            why = "permission denied";
        } else if (e instanceof NoSuchFileException gone) {
            why = "there is no " + gone.getFile();
        } else if (e instanceof FileSystemLoopException) {
            why = "it is a symbolic link that leads to itself";
        } else if (e instanceof FileSystemException fs && fs.getReason() != null) {
            why = fs.getReason();
        } else {
            why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        }
        return new MillraceException(ExitCode.FAILED, "cannot write '" + name + "': " + why, e);
    }
}
