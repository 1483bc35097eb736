package dev.millrace.driver.submit;

import dev.millrace.input.CompressionProbe;
import dev.millrace.input.FileLook;
import dev.millrace.input.FileVersion;
import dev.millrace.input.InputException;
import dev.millrace.input.InputRoots;
import dev.millrace.input.InputRoots.Located;
import dev.millrace.input.Names;
import dev.millrace.job.Compression;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files of a job, found one by one as they are asked for: arguments in the order given, inside a folder by the bytes
 * of the names, a folder's contents where its name stands. Hidden files are files like all others.
 *
 * <ul>
 *   <li>A file or folder named as an argument is taken whatever the patterns say, and a symbolic link so named is
 *       followed. Two arguments that reach the same file count it twice, as {@code cat} and {@code wc} do; a notice says
 *       so.
 *   <li>Inside folders, symbolic links are followed only if asked for. One that leads back to a folder around it is
 *       passed over with a notice, one that leads out of the root is a failure.
 *   <li>FIFOs, sockets and devices inside folders are passed over with a notice; named as an argument they are an error.
 *   <li>A file or folder that cannot be read, or is gone when its turn comes, fails the walk: nothing is left out
 *       quietly.
 * </ul>
 *
 * <p>All arguments are looked at when the walk is made, so that a misspelt one is reported before a job begins. Errors
 * are {@link MillraceException}, USAGE for arguments and FAILED for what is found on the way. One thread.
 */
public final class InputWalk implements Iterator<PlannedFile> {
    private static final int MOST_NOTICES = 100;

    /**
     * An argument that has been found.
     *
     * @param shown as the user wrote it, in printable form
     */
    private record Argument(String shown, Located located, boolean isFolder) {}

    /**
     * A folder being walked.
     *
     * @param path below the root, percent-encoded
     * @param below path below the argument with a slash behind it, decoded; empty for the argument itself
     * @param throughLink whether a symbolic link inside the argument was followed to get here
     * @param names still to come, in order
     */
    private record Folder(
            String root,
            String path,
            Path file,
            String below,
            boolean throughLink,
            @Nullable Object key,
            Iterator<Path> names) {
        Folder with(Iterator<Path> otherNames) {
            return new Folder(root, path, file, below, throughLink, key, otherNames);
        }
    }

    /**
     * A name found in a folder.
     *
     * @param attributes of what a link leads to, where it is one
     */
    private record Entry(BasicFileAttributes attributes, boolean isLink) {}

    private final InputRoots roots;
    private final Filter filter;
    private final boolean followLinks;
    private final Iterator<Argument> arguments;
    private final Deque<Folder> stack = new ArrayDeque<>();
    private final List<String> notices = new ArrayList<>();
    private long noticeCount;
    private @Nullable Argument current;
    private boolean anyFileInCurrent;
    private @Nullable PlannedFile next;

    /** A walk from the beginning. */
    public InputWalk(InputSpec spec, InputRoots roots) {
        this(spec, roots, null);
    }

    /**
     * A walk that goes on behind what has been published already; arguments before that are not looked at again. Files
     * that came or went meanwhile in front of the cursor do not move it.
     *
     * @throws MillraceException FAILED if the cursor is in none of the arguments, or stands inside a file that has
     *     changed since
     */
    public InputWalk(InputSpec spec, InputRoots roots, @Nullable WalkCursor after) {
        this.roots = roots;
        this.filter = new Filter(spec);
        this.followLinks = spec.followLinks();
        int first = after == null ? 0 : argumentOf(after, spec);
        List<Argument> found = new ArrayList<>();
        for (String path : spec.paths().subList(first, spec.paths().size())) {
            found.add(argument(path));
        }
        warnOfOverlaps(found);
        this.arguments = found.iterator();
        if (after != null) {
            goBehind(arguments.next(), after.last());
        }
    }

    /** What was passed over and why, in printable form: the first {@value #MOST_NOTICES}, and how many more. */
    public List<String> notices() {
        List<String> told = new ArrayList<>(notices);
        if (noticeCount > MOST_NOTICES) {
            told.add(noticeCount - MOST_NOTICES + " more of this kind are not shown");
        }
        return Collections.unmodifiableList(told);
    }

    @Override
    public boolean hasNext() {
        while (next == null) {
            Folder folder = stack.peek();
            if (folder != null) {
                step(folder);
            } else {
                warnIfEmpty();
                if (!arguments.hasNext()) {
                    return false;
                }
                begin(arguments.next());
            }
        }
        return true;
    }

    @Override
    public PlannedFile next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        PlannedFile file = next;
        next = null;
        if (file == null) {
            throw new NoSuchElementException();
        }
        return file;
    }

    // ---- arguments

    private Argument argument(String path) {
        Path file = path(path);
        String shown = Names.printable(path);
        try {
            Located located = roots.locate(file);
            BasicFileAttributes attributes = Files.readAttributes(located.file(), BasicFileAttributes.class);
            if (!attributes.isDirectory()) {
                FileVersion.of(file, FileLook.of(attributes));
            }
            return new Argument(shown, located, attributes.isDirectory());
        } catch (InputException e) {
            ExitCode code = e.kind() == InputException.Kind.MISSING || e.kind() == InputException.Kind.NOT_A_FILE
                    ? ExitCode.USAGE
                    : ExitCode.FAILED;
            throw new MillraceException(code, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private static Path path(String argument) {
        if (argument.equals("-")) {
            throw new IllegalArgumentException("standard input is not a file: spool it first");
        }
        if (argument.isEmpty()) {
            throw new MillraceException(ExitCode.USAGE, "an empty PATH: name a file or folder");
        }
        try {
            return Path.of(argument);
        } catch (InvalidPathException e) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    Names.printable(argument) + ": not a path here (" + Names.printable(e.getReason())
                            + "); with a name that is not ASCII, set LC_ALL=C.UTF-8",
                    e);
        }
    }

    private void warnOfOverlaps(List<Argument> found) {
        Set<Path> seen = new HashSet<>();
        for (Argument argument : found) {
            if (!seen.add(argument.located.file())) {
                notice(argument.shown + ": named more than once; it is counted each time");
            }
        }
        for (Argument argument : found) {
            Path around = argument.located.file().getParent();
            while (around != null && !seen.contains(around)) {
                around = around.getParent();
            }
            if (around != null) {
                notice(argument.shown + ": also inside " + Names.printable(around)
                        + ", which is named too; what both reach is counted twice");
            }
        }
    }

    private void begin(Argument argument) {
        current = argument;
        anyFileInCurrent = false;
        Located located = argument.located;
        if (argument.isFolder) {
            push(located.root(), located.path(), located.file(), "", false);
        } else {
            emit(located.root(), located.path(), located.file(), look(located.file()), false);
        }
    }

    private void warnIfEmpty() {
        if (current != null && current.isFolder && !anyFileInCurrent) {
            notice(current.shown + ": holds no file to count (after --include and --exclude)");
        }
        current = null;
    }

    // ---- folders

    private void push(String root, String path, Path file, String below, boolean throughLink) {
        Object key;
        List<Path> names;
        try {
            key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            names = names(file);
        } catch (IOException e) {
            throw failed(file, e);
        }
        for (Folder around : stack) {
            if (key != null && key.equals(around.key)) {
                notice(Names.printable(file) + ": passed over: it leads back to " + Names.printable(around.file));
                return;
            }
        }
        stack.push(new Folder(root, path, file, below, throughLink, key, names.iterator()));
    }

    private static List<Path> names(Path folder) throws IOException {
        List<Path> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                names.add(entry.getFileName());
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        // Paths compare by their bytes.
        Collections.sort(names);
        return names;
    }

    private void step(Folder folder) {
        if (!folder.names.hasNext()) {
            stack.pop();
            return;
        }
        Path name = folder.names.next();
        String text = name.toString();
        String below = folder.below + text;
        boolean takes = filter.takes(text, below);
        boolean enters = filter.enters(text, below);
        if (!takes && !enters) {
            return;
        }
        Path file = folder.file.resolve(name);
        Entry entry = look(file, takes);
        if (entry == null) {
            return;
        }
        String path = folder.path.isEmpty() ? Names.encode(name) : folder.path + "/" + Names.encode(name);
        boolean throughLink = folder.throughLink || entry.isLink;
        if (entry.attributes.isDirectory()) {
            if (enters) {
                push(folder.root, path, file, below + "/", throughLink);
            }
        } else if (!takes) {
            return;
        } else if (entry.attributes.isRegularFile()) {
            emit(folder.root, path, file, entry.attributes, throughLink);
        } else {
            notice(Names.printable(file) + ": passed over: a FIFO, socket or device");
        }
    }

    /** What a name in a folder is, links followed; null where it is passed over. */
    private @Nullable Entry look(Path file, boolean wanted) {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            if (wanted) {
                throw failed(file, e);
            }
            notice(Names.printable(file) + ": went away during the walk");
            return null;
        } catch (IOException e) {
            throw failed(file, e);
        }
        if (!attributes.isSymbolicLink()) {
            return new Entry(attributes, false);
        }
        if (!followLinks) {
            notice(Names.printable(file) + ": passed over: a symbolic link (--follow reads what it leads to)");
            return null;
        }
        try {
            return new Entry(Files.readAttributes(file, BasicFileAttributes.class), true);
        } catch (NoSuchFileException e) {
            notice(Names.printable(file) + ": passed over: a symbolic link to nothing");
            return null;
        } catch (FileSystemException e) {
            if (isLinkLoop(e)) {
                notice(Names.printable(file) + ": passed over: a symbolic link that leads back to itself");
                return null;
            }
            throw failed(file, e);
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    /** The JDK has an exception of its own for this only where it resolves paths. */
    private static boolean isLinkLoop(FileSystemException e) {
        return String.valueOf(e.getReason()).startsWith("Too many levels of symbolic links");
    }

    private static BasicFileAttributes look(Path file) {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class);
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private void emit(String root, String path, Path file, BasicFileAttributes attributes, boolean throughLink) {
        try {
            if (throughLink) {
                // Where it leads out of the root, the mapper would refuse it.
                roots.resolve(root, path);
            }
            FileVersion version = FileVersion.of(file, FileLook.of(attributes));
            Compression compression = CompressionProbe.probe(file, version.bytes());
            next = new PlannedFile(root, path, 0, version.bytes(), version.modifiedNanos(), compression);
            anyFileInCurrent = true;
        } catch (InputException e) {
            throw failed(file, e);
        }
    }

    // ---- going on behind a cursor

    /** The argument, counted from 0, that the cursor's range came from. */
    private int argumentOf(WalkCursor cursor, InputSpec spec) {
        int times = 0;
        for (int i = 0; i < spec.paths().size(); i++) {
            if (reaches(spec.paths().get(i), cursor.last()) && ++times == cursor.times()) {
                return i;
            }
        }
        throw new MillraceException(
                ExitCode.FAILED,
                "cannot go on behind "
                        + roots.printable(cursor.last().root(), cursor.last().path())
                        + ": no argument of the job leads to it any more");
    }

    private boolean reaches(String argument, InputRange range) {
        Located located;
        try {
            located = roots.locate(path(argument));
        } catch (InputException gone) {
            // Behind the cursor it will be reported; in front of it, it is not needed any more.
            return false;
        }
        if (!located.root().equals(range.root())) {
            return false;
        }
        if (located.path().equals(range.path())) {
            return true;
        }
        List<Path> names = namesBelow(located, range);
        return !names.isEmpty() && walksTo(located.file(), names);
    }

    /** The names that lead from an argument to a range's file; none if the argument does not hold it. */
    private static List<Path> namesBelow(Located argument, InputRange range) {
        String prefix = argument.path().isEmpty() ? "" : argument.path() + "/";
        if (!range.path().startsWith(prefix)) {
            return List.of();
        }
        List<Path> names = new ArrayList<>();
        Path.of(URI.create("file:///" + range.path().substring(prefix.length())))
                .forEach(names::add);
        return names;
    }

    private boolean walksTo(Path folder, List<Path> names) {
        String below = "";
        Path file = folder;
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i).toString();
            below += name;
            file = file.resolve(names.get(i));
            boolean last = i == names.size() - 1;
            if (last ? !filter.takes(name, below) : !filter.enters(name, below)) {
                return false;
            }
            if (!followLinks && Files.isSymbolicLink(file)) {
                return false;
            }
            below += "/";
        }
        return true;
    }

    private void goBehind(Argument argument, InputRange last) {
        current = argument;
        anyFileInCurrent = true;
        Located located = argument.located;
        List<Path> names = argument.isFolder ? namesBelow(located, last) : List.of();
        String path = located.path();
        Path file = located.file();
        String below = "";
        int depth = 0;
        for (Path name : names) {
            push(located.root(), path, file, below, followLinks);
            if (stack.size() != depth++ + 1) {
                throw new MillraceException(
                        ExitCode.FAILED, Names.printable(file) + ": leads back to a folder around it by now");
            }
            Folder folder = stack.pop();
            stack.push(folder.with(behind(folder.names, name)));
            path = path.isEmpty() ? Names.encode(name) : path + "/" + Names.encode(name);
            file = file.resolve(name);
            below += name + "/";
        }
        if (last.endByte() < last.fileBytes()) {
            next = rest(last, file);
        }
    }

    private static Iterator<Path> behind(Iterator<Path> names, Path last) {
        List<Path> rest = new ArrayList<>();
        names.forEachRemaining(name -> {
            if (name.compareTo(last) > 0) {
                rest.add(name);
            }
        });
        return rest.iterator();
    }

    private PlannedFile rest(InputRange last, Path file) {
        try {
            FileVersion now = FileVersion.of(roots.resolve(last.root(), last.path()));
            if (now.bytes() != last.fileBytes() || now.modifiedNanos() != last.modifiedNanos()) {
                throw new MillraceException(
                        ExitCode.FAILED,
                        Names.printable(file) + ": changed after the first " + last.endByte()
                                + " bytes of it had been handed out: count it again when nothing writes to it");
            }
        } catch (InputException e) {
            throw failed(file, e);
        }
        return new PlannedFile(
                last.root(), last.path(), last.endByte(), last.fileBytes(), last.modifiedNanos(), last.compression());
    }

    // ---- telling

    private void notice(String text) {
        noticeCount++;
        if (notices.size() < MOST_NOTICES) {
            notices.add(text);
        }
    }

    private static MillraceException failed(Path file, IOException e) {
        String message = e instanceof InputException
                ? String.valueOf(e.getMessage())
                : e instanceof NoSuchFileException
                        ? Names.printable(file) + ": went away while the job was planned: count again when nothing"
                                + " changes there, or leave it out with --exclude"
                        : e instanceof AccessDeniedException
                                ? Names.printable(file)
                                        + ": permission denied: make it readable, or leave it out with --exclude"
                                : Names.printable(file) + ": cannot be read: "
                                        + Names.printable(String.valueOf(e.getMessage()));
        return new MillraceException(ExitCode.FAILED, message, e);
    }
}
