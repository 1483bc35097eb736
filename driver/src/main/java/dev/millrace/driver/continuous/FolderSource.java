package dev.millrace.driver.continuous;

import dev.millrace.driver.submit.Filter;
import dev.millrace.input.InputException;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.input.Names;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The files of watched folders, as they are now. The truth is a scan: what has another size or another time, of its
 * text or of anything about it, than what is counted is read, what two scans in a row do not find is deleted, and a
 * file that only has another name, which its identity, size and the time of its text show, is renamed. Notifications
 * of the file system have a file looked at early; where they fail, as on mounted volumes, scans at an interval find
 * everything.
 *
 * <p>A file is read once it has settled: nothing has changed for as long as file times may stand still; one that
 * was read soon behind its last change is read again later. A file that cannot be read keeps its last good version
 * until it can. A folder that cannot be listed, or is empty because its volume is not mounted, keeps all its
 * documents. A file system that does not answer is told.
 *
 * <p>Scans and reads on a thread of its own, from the first {@link #poll}; the driver's thread takes over what was found.
 */
public final class FolderSource implements DocumentSource {
    /** Hints that come within this time are looked at together. */
    private static final long HINTS_MILLIS = 10;

    private final List<Path> folders;
    private final DiskWatch watch = new DiskWatch();
    private final FolderWalk walk;
    private final FolderTexts texts;
    private final Duration interval;
    private final FoundQueue found = new FoundQueue();
    private Runnable wake = () -> {};
    private boolean barrierAsked;
    private @Nullable Running running;

    /**
     * @param mostBytes longest text that is taken as a document
     * @param interval between full scans; they pause longer where they take long
     * @throws MillraceException USAGE if a folder is missing
     */
    public FolderSource(
            List<Path> folders,
            List<String> includes,
            List<String> excludes,
            boolean followLinks,
            InputLimits limits,
            int mostBytes,
            Duration interval) {
        this.folders = folders.stream().map(FolderSource::plain).toList();
        this.interval = interval;
        Filter filter = new Filter(new InputSpec(List.of(), includes, excludes, followLinks, 1));
        this.walk = new FolderWalk(this.folders, filter, followLinks, new FolderWalk.Disk(), watch);
        this.texts = texts(this.folders, limits, mostBytes, watch);
    }

    /** Without dots; links stay, for they may lead elsewhere one day, but where two dots lead back from one. */
    private static Path plain(Path folder) {
        Path absolute = folder.toAbsolutePath(), plain = absolute.normalize();
        try {
            return Files.isSameFile(absolute, plain) ? plain : InputRoots.withoutDots(absolute);
        } catch (IOException e) {
            return plain; // there is none, which is told
        }
    }

    private static FolderTexts texts(List<Path> folders, InputLimits limits, int mostBytes, DiskWatch watch) {
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                throw new MillraceException(
                        ExitCode.USAGE,
                        "there is no folder " + Names.printable(folder)
                                + ": make it, mount the volume that holds it, or name another");
            }
        }
        try {
            return new FolderTexts(folders, limits, mostBytes, watch);
        } catch (InputException e) {
            throw new MillraceException(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public List<String> names() {
        return folders.stream().map(Names::encode).map(name -> "/" + name).toList();
    }

    @Override
    public void open(Runnable wakeDriver) {
        wake = wakeDriver;
    }

    @Override
    public void poll(Driver driver) {
        Running scanner = started(driver);
        Throwable failure = scanner.failure;
        if (failure != null) {
            throw failure instanceof RuntimeException known
                    ? known
                    : new IllegalStateException("the folders cannot be watched any more", failure);
        }
        watch.tell(driver, System.nanoTime());
        while (driver.hasRoom()) {
            FoundQueue.Found next = found.poll();
            if (next == null) {
                return;
            }
            next.to(driver);
        }
    }

    /** Under which name the driver remembers a watched folder's number. */
    static String mark(String folder) {
        return "folder:" + folder;
    }

    private Running started(Driver driver) {
        if (running == null) {
            FolderState state = new FolderState();
            for (String id : driver.ids()) {
                DocumentEntry entry = driver.entry(id);
                state.restore(id, entry == null ? driver.version(id) : entry.version(), entry == null);
            }
            for (String folder : walk.ids()) {
                Long number = driver.remembered(mark(folder));
                if (number != null) {
                    state.restore(folder, number);
                }
            }
            running = new Running(state);
            if (barrierAsked) {
                running.scanner.askBarrier();
            }
            running.start();
        }
        return running;
    }

    @Override
    public void beginBarrier(Map<TopicPartition, Long> ends) {
        barrierAsked = true;
        if (running != null) {
            running.scanner.askBarrier();
        }
    }

    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        return running != null && running.scanner.isBarrierTold();
    }

    @Override
    public @Nullable String heldUpBy() {
        return running == null ? null : running.scanner.heldUpBy();
    }

    @Override
    public void close() {
        found.close();
        if (running != null) {
            running.interrupt();
            try {
                running.join(2_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private final class Running extends Thread {
        private final FolderHints hints = FolderHints.of(folders.get(0).getFileSystem());
        private final FolderScanner scanner;
        private volatile @Nullable Throwable failure;

        Running(FolderState state) {
            super("folders");
            setDaemon(true);
            scanner = new FolderScanner(
                    walk,
                    texts,
                    state,
                    hints,
                    found,
                    watch,
                    wake,
                    () -> new FolderState.Now(System.nanoTime(), System.currentTimeMillis() * 1_000_000),
                    interval);
        }

        @Override
        public void run() {
            try (hints) {
                while (true) {
                    hints.await(scanner.step());
                    sleep(HINTS_MILLIS);
                }
            } catch (InterruptedException e) {
                // told to stop
            } catch (IOException e) {
                // of closing the hints
            } catch (RuntimeException | Error e) {
                failure = e;
                wake.run();
            }
        }
    }
}
