package dev.millrace.input;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folders that a process reads inputs from, each under a name that all processes of a cluster use for it. A task
 * speaks of a file by root name and path, so that the folder may be mounted anywhere, and no task can reach beyond it.
 * Immutable.
 */
public final class InputRoots {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

    /**
     * A file or folder below a root.
     *
     * @param path below the root, percent-encoded; empty for the root itself
     * @param file the same on this machine
     */
    public record Located(String root, String path, Path file) {}

    /**
     * @param folder absolute; free of symbolic links unless {@code linksAllowed}
     * @param linksAllowed whether symbolic links may lead out of the folder
     */
    private record Root(String name, Path folder, boolean linksAllowed) {
        @Override
        public String toString() {
            return name + "=" + Names.printable(folder);
        }
    }

    private final Map<String, Root> roots;

    private InputRoots(Collection<Root> roots) {
        Map<String, Root> byName = new LinkedHashMap<>();
        for (Root root : roots) {
            byName.put(root.name, root);
        }
        this.roots = byName;
    }

    /**
     * The roots of {@code --root NAME=PATH} options. Files are confined to them: a symbolic link that leads out is
     * refused.
     *
     * @throws MillraceException USAGE for an option that is malformed or names no folder
     */
    public static InputRoots parse(List<String> options) {
        Map<String, Root> byName = new LinkedHashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            if (equals < 0
                    || equals == option.length() - 1
                    || !NAME.matcher(name).matches()) {
                throw new MillraceException(
                        ExitCode.USAGE,
                        "--root " + Names.printable(option)
                                + ": give NAME=PATH, the name of letters, digits, '.', '-' and '_'");
            }
            Root root = new Root(name, folder(option.substring(equals + 1), option), false);
            if (byName.put(name, root) != null) {
                throw new MillraceException(ExitCode.USAGE, "--root " + name + " is given twice");
            }
        }
        return new InputRoots(byName.values());
    }

    private static Path folder(String path, String option) {
        try {
            Path real = Path.of(path).toRealPath();
            if (Files.isDirectory(real)) {
                return real;
            }
        } catch (IOException | InvalidPathException e) {
            throw new MillraceException(
                    ExitCode.USAGE, "--root " + Names.printable(option) + ": there is no such folder here", e);
        }
        throw new MillraceException(ExitCode.USAGE, "--root " + Names.printable(option) + ": not a folder");
    }

    /**
     * A single root. Files are confined to it, as to those of {@link #parse}.
     *
     * @throws InputException if there is no such folder
     */
    public static InputRoots confined(String name, Path folder) throws InputException {
        try {
            return new InputRoots(List.of(new Root(name, folder.toRealPath(), false)));
        } catch (IOException e) {
            throw InputException.of(folder, e);
        }
    }

    /**
     * Roots for an engine inside this process, made from the user's own PATH arguments: a folder is a root, a file's
     * folder is one. Symbolic links may lead anywhere, for whoever named the folder can read there anyway. An argument
     * that is missing gets no root: the walk reports it.
     */
    public static InputRoots ofArguments(Collection<Path> arguments) {
        Map<Path, Root> byFolder = new LinkedHashMap<>();
        for (Path argument : arguments) {
            Path absolute = withoutDots(argument);
            Path folder = Files.isDirectory(absolute) ? absolute : absolute.getParent();
            if (folder != null) {
                byFolder.computeIfAbsent(folder, f -> new Root("path" + (byFolder.size() + 1), f, true));
            }
        }
        return new InputRoots(byFolder.values());
    }

    /**
     * The file that a task speaks of, confined to its root. The file need not be regular.
     *
     * @throws InputException {@link Kind#ROOT} for an unknown root or a path that leads out of it, {@link Kind#MISSING}
     */
    public Path resolve(String rootName, String encodedPath) throws InputException {
        Root root = roots.get(rootName);
        if (root == null) {
            throw new InputException(
                    Kind.ROOT,
                    "this mapper has no root '" + Names.printable(rootName) + "' (it has " + this
                            + "): start it with --root " + Names.printable(rootName) + "=PATH");
        }
        Path file = root.folder.resolve(relative(root, encodedPath));
        if (root.linksAllowed) {
            return file;
        }
        Path real;
        try {
            real = file.toRealPath();
        } catch (IOException e) {
            throw InputException.of(file, e);
        }
        if (!real.startsWith(root.folder)) {
            throw new InputException(
                    Kind.ROOT,
                    Names.printable(file) + ": leads out of root " + root + " to " + Names.printable(real)
                            + ": put the file itself below the root, or add a root that holds it");
        }
        return real;
    }

    private static Path relative(Root root, String encodedPath) throws InputException {
        if (encodedPath.isEmpty()) {
            return Path.of("");
        }
        try {
            for (String name : encodedPath.split("/", -1)) {
                checkName(Names.decode(name));
            }
            Path absolute = Path.of(URI.create("file:///" + encodedPath));
            return absolute.subpath(0, absolute.getNameCount());
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    Kind.ROOT,
                    "'" + Names.printable(encodedPath) + "' is not a path below root " + root + ": " + e.getMessage(),
                    e);
        }
    }

    private static void checkName(byte[] name) {
        String text = new String(name, StandardCharsets.ISO_8859_1);
        if (text.isEmpty() || text.equals(".") || text.equals("..")) {
            throw new IllegalArgumentException("it has an empty name, '.' or '..'");
        }
        if (text.indexOf('/') >= 0 || text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("it has a slash or NUL inside a name");
        }
    }

    /**
     * Finds the root that holds a path; of several the innermost. Symbolic links in the path are followed first, so that
     * what is found is where the file truly is, except for roots of {@link #ofArguments}.
     *
     * @throws MillraceException USAGE where no root holds it
     * @throws InputException if the path is missing or cannot be looked at
     */
    public Located locate(Path path) throws InputException {
        Path given = withoutDots(path);
        Path real;
        try {
            real = given.toRealPath();
        } catch (IOException e) {
            throw InputException.of(path, e);
        }
        Root best = null;
        for (Root root : roots.values()) {
            boolean holds = (root.linksAllowed ? given : real).startsWith(root.folder);
            if (holds && (best == null || root.folder.getNameCount() > best.folder.getNameCount())) {
                best = root;
            }
        }
        if (best == null) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    Names.printable(path) + " is in none of the roots (" + this
                            + "): the mappers cannot reach it. Put it below one, or start driver and mappers with one"
                            + " more --root NAME=PATH");
        }
        Path file = best.linksAllowed ? given : real;
        return new Located(best.name, Names.encode(below(best.folder, file)), file);
    }

    private static Path below(Path folder, Path file) {
        return folder.equals(file) ? Path.of("") : folder.relativize(file);
    }

    /**
     * An absolute path without {@code .} and {@code ..}. Where {@code ..} follows a symbolic link, only the file system
     * knows what is meant, so a path with {@code ..} is looked up.
     */
    public static Path withoutDots(Path path) {
        Path absolute = path.toAbsolutePath();
        for (Path name : absolute) {
            if (name.toString().equals("..")) {
                Path real = realPathOrNull(absolute);
                return real == null ? absolute.normalize() : real;
            }
        }
        return absolute.normalize();
    }

    private static @Nullable Path realPathOrNull(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException missing) {
            // The caller looks the path up again and reports it.
            return null;
        }
    }

    /** How a file of a task is shown to people: its full path where the root is known here. */
    public String printable(String rootName, String encodedPath) {
        Root root = roots.get(rootName);
        String path = Names.printableEncoded(encodedPath);
        if (root == null) {
            return Names.printable(rootName) + ":" + path;
        }
        String folder = Names.printable(root.folder);
        return folder.endsWith("/") ? folder + path : path.isEmpty() ? folder : folder + "/" + path;
    }

    /** Whether symbolic links may lead out of the root. */
    boolean allowsLinks(String rootName) {
        Root root = roots.get(rootName);
        return root != null && root.linksAllowed;
    }

    public boolean isEmpty() {
        return roots.isEmpty();
    }

    /** The roots as options would give them: {@code data=/data, logs=/var/log}. */
    @Override
    public String toString() {
        List<String> shown = new ArrayList<>();
        roots.values().forEach(root -> shown.add(root.toString()));
        return shown.isEmpty() ? "none" : String.join(", ", shown);
    }
}
