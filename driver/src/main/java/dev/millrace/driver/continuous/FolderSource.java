package dev.millrace.driver.continuous;

import dev.millrace.driver.submit.Filter;
import dev.millrace.input.CompressionProbe;
import dev.millrace.input.FileVersion;
import dev.millrace.input.InputException;
import dev.millrace.input.InputFiles;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.Names;
import dev.millrace.input.TextInput;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.InputRange;
import dev.millrace.job.InputSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The files of watched folders, as they are now. The truth is a scan: what has another size or time than what is counted is
 * read, what is gone is deleted, and a file that only has another name, which its identity, size and time show, is renamed.
 * Notifications of the file system are hints that a scan is due; where they fail, as on mounted volumes, scans at an
 * interval find everything.
 *
 * <p>A file is read once it has settled: nothing has changed at two looks, {@value #SETTLED_MILLIS} ms apart. A file that
 * cannot be read keeps its last good version until it can. A folder that cannot be listed keeps all its documents.
 *
 * <p>Scans and reads on a thread of its own; the driver's thread takes over what was found.
 */
public final class FolderSource implements DocumentSource {
    private static final long SETTLED_MILLIS = 100;
    /** A file that changes for longer than this holds up no barrier. */
    private static final long RESTLESS_NANOS = 5_000_000_000L;

    private static final long UNREADABLE_AGAIN_NANOS = 2_000_000_000L;
    private static final long MOST_BYTES_QUEUED = 64L << 20;

    private final List<Path> folders;
    private final Filter filter;
    private final boolean followLinks;
    private final InputLimits limits;
    private final long mostBytes;
    private final Duration interval;
    private final InputRoots roots;
    private final Queue<Found> found = new ConcurrentLinkedQueue<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicLong barriersAsked = new AtomicLong();
    private volatile long barriersPassed;
    private Runnable wake = () -> {};
    private @Nullable Scanner scanner;

    /** @param mostBytes longest text that is taken as a document */
    public FolderSource(
            List<Path> folders,
            List<String> includes,
            List<String> excludes,
            boolean followLinks,
            InputLimits limits,
            long mostBytes,
            Duration interval) {
        this.folders = folders.stream()
                .map(folder -> folder.toAbsolutePath().normalize())
                .toList();
        this.filter = new Filter(new InputSpec(List.of(), includes, excludes, followLinks, 1));
        this.followLinks = followLinks;
        this.limits = limits;
        this.mostBytes = mostBytes;
        this.interval = interval;
        this.roots = InputRoots.ofArguments(this.folders);
    }

    @Override
    public List<String> names() {
        return folders.stream().map(Names::encode).map(name -> "/" + name).toList();
    }

    @Override
    public void open(Runnable wakeDriver) {
        wake = wakeDriver;
    }

    /** Something that a scan found; run on the driver's thread. */
    private record Found(int bytes, Told told) {
        interface Told {
            void to(Driver driver);
        }
    }

    @Override
    public void poll(Driver driver) {
        Scanner running = scanner;
        if (running == null) {
            running = new Scanner(driver);
            scanner = running;
            running.start();
        }
        if (running.failure != null) {
            throw running.failure;
        }
        while (driver.hasRoom()) {
            Found next = found.poll();
            if (next == null) {
                return;
            }
            queuedBytes.addAndGet(-next.bytes());
            next.told().to(driver);
        }
    }

    @Override
    public void beginBarrier(Map<TopicPartition, Long> ends) {
        barriersAsked.incrementAndGet();
        if (scanner != null) {
            scanner.hint();
        }
    }

    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        return barriersPassed >= barriersAsked.get() && found.isEmpty();
    }

    @Override
    public void close() {
        if (scanner != null) {
            scanner.interrupt();
            try {
                scanner.join(2_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A file as one look found it. */
    private record Seen(Path file, FileVersion version) {
        /** Time, size and identity: the same file in the same state, whatever its name. */
        String state() {
            return version.modifiedNanos() + "/" + version.bytes() + "/" + version.key();
        }
    }

    /** Looks for changes and reads what has changed. */
    private final class Scanner extends Thread {
        /** By document, the state of the file that the driver was told of. */
        private final Map<String, String> told = new HashMap<>();
        /** Files that cannot be read, as they were then. */
        private final Map<String, String> unreadable = new HashMap<>();

        private final Map<String, FileVersion> restless = new HashMap<>();
        private final Map<String, Long> restlessSince = new HashMap<>();
        private final Set<Path> watched = new HashSet<>();
        private final Map<String, String> unlistedTold = new HashMap<>();
        private long lastUnreadable = System.nanoTime();
        private volatile @Nullable RuntimeException failure;
        private final Object hints = new Object();
        private boolean hinted;

        Scanner(Driver driver) {
            super("folders");
            setDaemon(true);
            for (String id : driver.ids()) {
                DocumentEntry entry = driver.entry(id);
                // One that an earlier driver began to count may be gone by now.
                told.put(id, entry == null ? "under way" : entry.version());
            }
        }

        @Override
        public void run() {
            try (WatchService watcher = folders.get(0).getFileSystem().newWatchService()) {
                Thread events = new Thread(() -> watch(watcher), "folder-hints");
                events.setDaemon(true);
                events.start();
                while (!isInterrupted()) {
                    long asked = barriersAsked.get();
                    if (scan(watcher)) {
                        barriersPassed = asked;
                        wake.run();
                    }
                    await(restless.isEmpty() ? interval.toMillis() : SETTLED_MILLIS);
                }
            } catch (InterruptedException e) {
                // told to stop
            } catch (IOException | RuntimeException e) {
                failure = e instanceof RuntimeException known ? known : new UncheckedIOException((IOException) e);
                wake.run();
            }
        }

        void hint() {
            synchronized (hints) {
                hinted = true;
                hints.notifyAll();
            }
        }

        private void await(long millis) throws InterruptedException {
            synchronized (hints) {
                long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
                for (long left = millis; !hinted && left > 0; left = (end - System.nanoTime()) / 1_000_000) {
                    hints.wait(left);
                }
                hinted = false;
            }
        }

        private void watch(WatchService watcher) {
            try {
                while (true) {
                    WatchKey key = watcher.take();
                    key.pollEvents();
                    key.reset();
                    hint();
                }
            } catch (ClosedWatchServiceException | InterruptedException e) {
                // the scanner has ended
            }
        }

        /** Returns whether all that is there now has been told: nothing waits to settle. */
        private boolean scan(WatchService watcher) throws IOException, InterruptedException {
            Map<String, Seen> seen = new TreeMap<>();
            List<String> unlisted = new ArrayList<>();
            for (int i = 0; i < folders.size(); i++) {
                list(folders.get(i), folders.size() == 1 ? "" : i + 1 + "/", watcher, seen, unlisted);
            }
            Map<String, String> gone = new HashMap<>();
            told.forEach((id, state) -> {
                if (!seen.containsKey(id)) {
                    gone.put(state, id);
                }
            });
            boolean again = System.nanoTime() - lastUnreadable > UNREADABLE_AGAIN_NANOS;
            if (again) {
                lastUnreadable = System.nanoTime();
            }
            boolean settled = true;
            for (Map.Entry<String, Seen> each : seen.entrySet()) {
                String id = each.getKey();
                Seen now = each.getValue();
                if (now.state().equals(told.get(id))) {
                    calm(id);
                    continue;
                }
                if (now.state().equals(unreadable.get(id)) && !again) {
                    continue;
                }
                if (!isSettled(id, now)) {
                    settled &= System.nanoTime() - restlessSince.getOrDefault(id, Long.MAX_VALUE) > RESTLESS_NANOS;
                    continue;
                }
                String old = told.containsKey(id) ? null : gone.get(now.state());
                if (old != null) {
                    rename(old, id, now);
                } else {
                    read(id, now);
                }
                settled &= !restless.containsKey(id);
            }
            for (String id : List.copyOf(told.keySet())) {
                if (!seen.containsKey(id) && unlisted.stream().noneMatch(id::startsWith)) {
                    told.remove(id);
                    calm(id);
                    tell(0, driver -> driver.change(DocumentChange.deleted(id, "gone", "", 0)));
                }
            }
            unreadable.keySet().retainAll(seen.keySet());
            restless.keySet().retainAll(seen.keySet());
            restlessSince.keySet().retainAll(seen.keySet());
            return settled;
        }

        private void calm(String id) {
            restless.remove(id);
            restlessSince.remove(id);
        }

        private boolean isSettled(String id, Seen now) {
            if (System.currentTimeMillis() - now.version().modifiedNanos() / 1_000_000 > SETTLED_MILLIS * 2) {
                return true;
            }
            FileVersion before = restless.put(id, now.version());
            Long since = restlessSince.putIfAbsent(id, System.nanoTime());
            return now.version().equals(before)
                    && since != null
                    && System.nanoTime() - since >= TimeUnit.MILLISECONDS.toNanos(SETTLED_MILLIS);
        }

        private void list(
                Path folder, String prefix, WatchService watcher, Map<String, Seen> seen, List<String> unlisted)
                throws IOException {
            Set<FileVisitOption> options =
                    followLinks ? EnumSet.of(FileVisitOption.FOLLOW_LINKS) : EnumSet.noneOf(FileVisitOption.class);
            Files.walkFileTree(folder, options, Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path inner, BasicFileAttributes attributes) {
                    if (!inner.equals(folder)
                            && !filter.enters(
                                    String.valueOf(inner.getFileName()),
                                    folder.relativize(inner).toString())) {
                        return FileVisitResult.SKIP_SUBTREE;
                    }
                    unlistedTold.remove(id(inner));
                    watch(inner);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    if (attributes.isRegularFile()
                            && filter.takes(
                                    String.valueOf(file.getFileName()),
                                    folder.relativize(file).toString())) {
                        seen.put(id(file), new Seen(file, FileVersion.of(file, attributes)));
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException why) {
                    // A name that is gone by now is a deletion, but not that of a watched folder itself, or of one that
                    // cannot be looked into: all below is kept.
                    if (file.equals(folder) || Files.isDirectory(file)) {
                        unlisted.add(file.equals(folder) ? prefix : id(file) + "/");
                        String reason = "the folder cannot be listed, all in it is kept: " + why.getMessage();
                        if (!reason.equals(unlistedTold.put(id(file), reason))) {
                            tell(0, driver -> driver.unreadable(Names.printable(file), reason));
                        }
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path inner, @Nullable IOException why) throws IOException {
                    return why == null ? FileVisitResult.CONTINUE : visitFileFailed(inner, why);
                }

                private String id(Path file) {
                    return prefix + Names.encode(folder.relativize(file));
                }

                private void watch(Path inner) {
                    if (watched.add(inner)) {
                        try {
                            inner.register(
                                    watcher,
                                    StandardWatchEventKinds.ENTRY_CREATE,
                                    StandardWatchEventKinds.ENTRY_DELETE,
                                    StandardWatchEventKinds.ENTRY_MODIFY);
                        } catch (IOException | UnsupportedOperationException e) {
                            watched.remove(inner); // scans at the interval have to do
                        }
                    }
                }
            });
        }

        private void rename(String from, String to, Seen now) throws InterruptedException {
            byte[] text = text(to, now);
            if (text == null) {
                return; // it has moved on: what became of the old name is for the next look to say
            }
            FileVersion version = now.version();
            told.remove(from);
            told.put(to, now.state());
            calm(to);
            tell(text.length, driver -> {
                if (!driver.rename(from, to, now.state(), version.modifiedNanos())) {
                    driver.change(DocumentChange.deleted(from, "gone", "", 0));
                    driver.change(change(to, now, text));
                }
            });
        }

        private void read(String id, Seen now) throws InterruptedException {
            byte[] text = text(id, now);
            if (text != null) {
                told.put(id, now.state());
                calm(id);
                unreadable.remove(id);
                tell(text.length, driver -> driver.change(change(id, now, text)));
            }
        }

        private DocumentChange change(String id, Seen now, byte[] text) {
            FileVersion version = now.version();
            return new DocumentChange(id, now.state(), text, version.bytes(), version.modifiedNanos(), "", 0);
        }

        /** The text of a file; null where it cannot be read now, or is changing. */
        private byte @Nullable [] text(String id, Seen now) {
            try {
                InputRoots.Located located = roots.locate(now.file());
                FileVersion version = now.version();
                InputRange range = new InputRange(
                        located.root(),
                        located.path(),
                        0,
                        version.bytes(),
                        version.bytes(),
                        version.modifiedNanos(),
                        CompressionProbe.probe(now.file(), version.bytes()));
                try (TextInput in = InputFiles.open(roots, range, limits)) {
                    byte[] text = in.readNBytes((int) Math.min(mostBytes + 1, Integer.MAX_VALUE - 8));
                    in.verifyUnchanged();
                    if (text.length > mostBytes) {
                        unreadable(id, now, "it has more than " + mostBytes + " bytes of text");
                        return null;
                    }
                    return text;
                }
            } catch (IOException e) {
                boolean changing = e instanceof InputException input
                                && (input.kind() == InputException.Kind.CHANGED
                                        || input.kind() == InputException.Kind.MISSING)
                        || hasChanged(now);
                if (changing) {
                    restless.put(id, now.version()); // looked at again at once
                    restlessSince.putIfAbsent(id, System.nanoTime());
                } else {
                    unreadable(id, now, String.valueOf(e.getMessage()));
                }
                return null;
            }
        }

        private boolean hasChanged(Seen before) {
            try {
                return !new Seen(before.file(), FileVersion.of(before.file()))
                        .state()
                        .equals(before.state());
            } catch (IOException e) {
                return true;
            }
        }

        private void unreadable(String id, Seen now, String why) {
            calm(id);
            if (!now.state().equals(unreadable.put(id, now.state()))) {
                tell(0, driver -> driver.unreadable(id, why));
            }
        }

        private void tell(int bytes, Found.Told what) {
            found.add(new Found(bytes, what));
            long queued = queuedBytes.addAndGet(bytes);
            wake.run();
            while (queued > MOST_BYTES_QUEUED && !isInterrupted()) {
                LockSupport.parkNanos(1_000_000);
                queued = queuedBytes.get();
            }
        }
    }
}
