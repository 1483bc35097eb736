package dev.millrace.driver.continuous;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the file system tells of changes in folders: names to look at. Only hints, for it tells not all, and of mounted
 * volumes often nothing; where it fails or falls behind, scans have to do. Read by a thread of its own; all methods but
 * {@link #watch} may be called by any thread.
 */
final class FolderHints implements AutoCloseable {
    private static final int MOST = 50_000;

    /**
     * What there is to look at.
     *
     * @param lost whether there was more
     */
    record Hints(Set<Path> paths, boolean lost) {}

    private record Watched(WatchKey watch, Object key) {}

    private final @Nullable WatchService watcher;
    private final Map<Path, Watched> watched = new HashMap<>();
    /** Where a folder is now: renamed, it keeps its watch. */
    private final Map<WatchKey, Path> folders = new HashMap<>();

    private Set<Path> paths = new HashSet<>();
    private boolean lost, woken;

    private FolderHints(@Nullable WatchService watcher) {
        this.watcher = watcher;
    }

    /** Hints of a file system; none where it has none, or too many are watched already. */
    static FolderHints of(FileSystem files) {
        try {
            WatchService watcher = files.newWatchService();
            FolderHints hints = new FolderHints(watcher);
            Thread thread = new Thread(() -> hints.run(watcher), "folder-hints");
            thread.setDaemon(true);
            thread.start();
            return hints;
        } catch (IOException | UnsupportedOperationException e) {
            return none();
        }
    }

    /** Those that {@link #add} gives, and no others. */
    static FolderHints none() {
        return new FolderHints(null);
    }

    private void run(WatchService watcher) {
        try {
            while (true) {
                WatchKey watch = watcher.take();
                Path folder = folder(watch);
                for (WatchEvent<?> event : watch.pollEvents()) {
                    if (folder == null || !(event.context() instanceof Path name)) {
                        lose();
                    } else {
                        add(folder.resolve(name));
                    }
                }
                watch.reset();
            }
        } catch (ClosedWatchServiceException | InterruptedException e) {
            // closed
        }
    }

    private synchronized @Nullable Path folder(WatchKey watch) {
        return folders.get(watch);
    }

    /** Watches a folder, before its names are listed. Tried again at each call while it fails. One thread. */
    void watch(FolderWalk.Folder folder) {
        if (watcher == null) {
            return;
        }
        Object key = Objects.requireNonNullElse(folder.key(), folder.path());
        if (isWatchedAs(folder.path(), key)) {
            return;
        }
        try {
            // Without the lock, which the driver's thread takes: a file system may never answer.
            WatchKey watch = folder.path()
                    .register(
                            watcher,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_DELETE,
                            StandardWatchEventKinds.ENTRY_MODIFY);
            watched(folder.path(), new Watched(watch, key));
        } catch (IOException | UnsupportedOperationException | ClosedWatchServiceException e) {
            forget(folder.path());
        }
    }

    private synchronized boolean isWatchedAs(Path folder, Object key) {
        Watched known = watched.get(folder);
        return known != null && known.key.equals(key) && isWatched(folder, known.watch);
    }

    private synchronized void watched(Path folder, Watched by) {
        watched.put(folder, by);
        folders.put(by.watch, folder);
    }

    private synchronized void forget(Path folder) {
        watched.remove(folder);
    }

    private synchronized boolean isWatched(Path folder, WatchKey watch) {
        return watch.isValid() && folder.equals(folders.get(watch));
    }

    /** Drops what is not watched any more. */
    synchronized void clean() {
        watched.entrySet().removeIf(each -> !isWatched(each.getKey(), each.getValue().watch));
        folders.keySet().removeIf(watch -> !watch.isValid());
    }

    synchronized void add(Path path) {
        if (paths.size() < MOST) {
            paths.add(path);
        } else {
            lost = true;
        }
        wake();
    }

    private synchronized void lose() {
        lost = true;
        wake();
    }

    synchronized Hints take() {
        Hints taken = new Hints(paths, lost);
        paths = new HashSet<>();
        lost = false;
        return taken;
    }

    /** Ends {@link #await}, the present or the next. */
    synchronized void wake() {
        woken = true;
        notifyAll();
    }

    /** Waits for a hint. */
    synchronized void await(long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; !woken && left > 0; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        woken = false;
    }

    @Override
    public void close() throws IOException {
        if (watcher != null) {
            watcher.close();
        }
    }
}
