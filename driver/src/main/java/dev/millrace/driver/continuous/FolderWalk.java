package dev.millrace.driver.continuous;

import dev.millrace.driver.submit.Filter;
import dev.millrace.input.FileLook;
import dev.millrace.input.FileVersion;
import dev.millrace.input.Names;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Lists watched folders: one look at each file and folder, none of them opened. Decides nothing. The scanner's thread; a
 * {@link Visitor} may begin another walk from within.
 */
final class FolderWalk {
    /** What a walk comes upon. */
    interface Visitor {
        /** A file that the patterns take. */
        void file(String id, FileVersion version) throws InterruptedException;

        /** A folder whose names are listed next. */
        void folder(Folder folder);

        /** All names of a folder have been listed, and there was none. */
        void empty(Folder folder);

        /**
         * What cannot be looked into: nothing is known of what is there, so all of it stays as it is.
         *
         * @param id of a folder, with a slash behind it, or of what may be a file or a folder
         */
        void unknown(String id, Path path, String why);

        /** A link whose target is gone; followed links alone are told. */
        void leadsNowhere(String id, Path path);

        /** A name that was asked for by {@link FolderWalk#at} is gone. */
        void gone(String id);
    }

    /** The calls of the file system; tests make them fail. */
    static class Disk {
        @SuppressWarnings("StreamResourceLeak") // closed by the caller
        DirectoryStream<Path> list(Path folder) throws IOException {
            return Files.newDirectoryStream(folder);
        }

        FileLook look(Path path, LinkOption... options) throws IOException {
            return FileLook.of(path, options);
        }
    }

    /**
     * A folder as it was looked at before its names are listed.
     *
     * @param id what the ids of all below begin with: empty, or ending in a slash
     * @param below path below the watched folder as patterns see it: empty, or ending in a slash
     * @param look null where nobody has looked at it
     */
    record Folder(
            Path path,
            String id,
            String below,
            @Nullable FileLook look,
            @Nullable Folder parent) {
        /** Identity within the file system, where it has one. */
        @Nullable
        Object key() {
            return look == null ? null : look.key();
        }

        /** When a name last came or went, unless somebody has set that time; nanoseconds since 1970. */
        long modifiedNanos() {
            return look == null ? 0 : look.modifiedNanos();
        }

        /** When anything about it changed last; 0 where the file system does not tell. */
        long changedNanos() {
            return look == null ? 0 : look.changedNanos();
        }

        /** Whether it is a watched folder itself. */
        boolean isWatched() {
            return below.isEmpty();
        }

        /** Whether a link leads from in here back to a folder around it. */
        boolean isWithin(@Nullable Object other) {
            return other != null && (other.equals(key()) || parent != null && parent.isWithin(other));
        }
    }

    private final List<Path> roots;
    private final Filter filter;
    private final boolean followLinks;
    private final LinkOption[] options;
    private final Disk disk;
    private final DiskWatch watch;

    /** @param roots absolute */
    FolderWalk(List<Path> roots, Filter filter, boolean followLinks, Disk disk, DiskWatch watch) {
        this.roots = roots;
        this.filter = filter;
        this.followLinks = followLinks;
        this.options = followLinks ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
        this.disk = disk;
        this.watch = watch;
    }

    /** What the ids of all files in a watched folder begin with. */
    static String prefix(int root, int roots) {
        return roots == 1 ? "" : root + 1 + "/";
    }

    /** Of the watched folders. */
    List<String> ids() {
        return IntStream.range(0, roots.size())
                .mapToObj(root -> prefix(root, roots.size()))
                .toList();
    }

    /** Looks at everything. A watched folder that is gone, or none any more, is unknown. */
    void all(Visitor visitor) throws InterruptedException {
        for (int i = 0; i < roots.size(); i++) {
            Path path = roots.get(i);
            String id = prefix(i, roots.size());
            watch.at(path);
            try {
                FileLook look = disk.look(path);
                if (look.kind() == FileLook.Kind.FOLDER) {
                    list(new Folder(path, id, "", look, null), visitor);
                } else {
                    visitor.unknown(id, path, "it is no folder any more");
                }
            } catch (NoSuchFileException e) {
                visitor.unknown(id, path, "it is gone");
            } catch (IOException e) {
                visitor.unknown(id, path, reason(e));
            }
        }
    }

    /** Looks at one file or folder, and all in it. Nothing where no watched folder holds it or the patterns exclude it. */
    void at(Path path, Visitor visitor) throws InterruptedException {
        for (int i = 0; i < roots.size(); i++) {
            Path root = roots.get(i);
            if (!path.startsWith(root) || path.equals(root)) {
                continue;
            }
            Folder around = new Folder(root, prefix(i, roots.size()), "", null, null);
            Path inner = root.relativize(path);
            for (int n = 0; around != null && n < inner.getNameCount() - 1; n++) {
                around = enter(around, around.path.resolve(inner.getName(n)), null);
            }
            if (around != null) {
                Deque<Folder> folders = new ArrayDeque<>();
                if (!look(around, path, visitor, folders)) {
                    visitor.gone(id(around, path));
                }
                if (!followLinks) { // else only a walk from the top knows what a link leads back to
                    listAll(folders, visitor);
                }
            }
        }
    }

    private void list(Folder first, Visitor visitor) throws InterruptedException {
        Deque<Folder> folders = new ArrayDeque<>();
        folders.push(first);
        listAll(folders, visitor);
    }

    private void listAll(Deque<Folder> folders, Visitor visitor) throws InterruptedException {
        List<Folder> inner = new ArrayList<>();
        while (!folders.isEmpty()) {
            Folder folder = folders.pop();
            watch.at(folder.path);
            visitor.folder(folder);
            inner.clear();
            try (DirectoryStream<Path> names = disk.list(folder.path)) {
                boolean empty = true;
                for (Path each : names) {
                    empty = false;
                    look(folder, each, visitor, inner);
                    watch.at(folder.path); // for the next name
                }
                if (empty) {
                    visitor.empty(folder);
                }
            } catch (IOException | DirectoryIteratorException e) {
                boolean gone = e instanceof NoSuchFileException || e instanceof NotDirectoryException;
                if (!gone || folder.parent == null) {
                    visitor.unknown(folder.id, folder.path, gone ? "it is gone" : reason(e));
                }
            }
            inner.forEach(folders::push);
        }
    }

    /** False where there is nothing of this name. */
    private boolean look(Folder folder, Path path, Visitor visitor, Collection<Folder> inner)
            throws InterruptedException {
        watch.at(path);
        try {
            FileLook look = disk.look(path, options);
            if (look.kind() == FileLook.Kind.FOLDER) {
                Folder entered = enter(folder, path, look);
                if (entered != null && !(followLinks && folder.isWithin(look.key()))) {
                    inner.add(entered);
                }
            } else if (look.kind() == FileLook.Kind.FILE) {
                String name = name(path);
                if (filter.takes(name, folder.below + name)) {
                    visitor.file(id(folder, path), FileVersion.of(path, look));
                }
            }
            return true;
        } catch (NoSuchFileException e) {
            if (followLinks && Files.isSymbolicLink(path)) {
                visitor.leadsNowhere(id(folder, path), path);
            }
            return false;
        } catch (IOException e) {
            visitor.unknown(id(folder, path), path, reason(e));
            return true;
        }
    }

    private @Nullable Folder enter(Folder parent, Path path, @Nullable FileLook look) {
        String name = name(path);
        String below = parent.below + name;
        return filter.enters(name, below) ? new Folder(path, id(parent, path) + "/", below + "/", look, parent) : null;
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static String id(Folder folder, Path path) {
        return folder.id + Names.encode(path.getFileName());
    }

    private static String reason(Exception e) {
        return "it cannot be looked into: " + Names.printable(String.valueOf(e.getMessage()));
    }
}
