package dev.millrace.driver.continuous;

import dev.millrace.driver.continuous.FolderState.Now;
import dev.millrace.driver.continuous.FolderState.Step;
import dev.millrace.input.FileVersion;
import dev.millrace.input.InputException;
import dev.millrace.input.Names;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks at watched folders turn by turn, and puts into a queue what is to be told. A turn looks at what hints name and at
 * files that have not settled, and at everything when that is due. One thread, but for {@link #askBarrier}, {@link
 * #isPastBarrier} and {@link #heldUpBy}.
 */
final class FolderScanner {
    /** Between a full scan and another that has a reason: something has gone, moved or not settled. */
    private static final long SOON_NANOS = 100_000_000;
    /** A scan takes at most a quarter of the time. */
    private static final int PAUSES = 3;
    /** Files that a scan looks at before it looks whether there are hints. */
    private static final int AT_ONCE = 512;

    private final FolderWalk walk;
    private final FolderTexts texts;
    private final FolderState state;
    private final FolderHints hints;
    private final FoundQueue found;
    private final DiskWatch watch;
    private final Runnable wake;
    private final Supplier<Now> clock;
    private final long intervalNanos;
    private final AtomicLong barriersAsked = new AtomicLong();
    private volatile long barriersPassed;
    /** Of the driver's thread. */
    private long barrierTold;

    private long scans, scanEnded, scanTook;
    /** The barrier that the last scan was begun after, and when the first such scan had ended. */
    private long barrier, barrierSince;

    private int looks;

    /**
     * @param watch that of walk and texts
     * @param wake called when there is something in the queue, a barrier that has been passed among them
     * @param interval between full scans, at least
     */
    FolderScanner(
            FolderWalk walk,
            FolderTexts texts,
            FolderState state,
            FolderHints hints,
            FoundQueue found,
            DiskWatch watch,
            Runnable wake,
            Supplier<Now> clock,
            Duration interval) {
        this.walk = walk;
        this.texts = texts;
        this.state = state;
        this.hints = hints;
        this.found = found;
        this.watch = watch;
        this.wake = wake;
        this.clock = clock;
        this.intervalNanos = interval.toNanos();
    }

    /** Any thread. */
    void askBarrier() {
        barriersAsked.incrementAndGet();
        hints.wake();
    }

    /** Whether the driver has taken all that was saved before the last {@link #askBarrier}. The driver's thread. */
    boolean isBarrierTold() {
        return barrierTold >= barriersAsked.get();
    }

    /** Whether all that was saved before the last {@link #askBarrier} is in the queue, or was. */
    boolean isPastBarrier() {
        return barriersPassed >= barriersAsked.get();
    }

    /** What the barrier waits for. */
    String heldUpBy() {
        Path path = watch.path();
        return path != null && !isPastBarrier()
                ? "a scan of the watched folders, which is at " + Names.printable(path)
                : found.isEmpty() ? "files that still change" : "files that were found, and are to be counted first";
    }

    /** Does what is due. Returns after how many nanoseconds something will be, unless there is a hint before. */
    long step() throws InterruptedException {
        if (scans > 0) {
            lookAround();
        }
        if (scanDue() <= clock.get().nanos()) {
            scan();
        }
        watch.away();
        return Math.max(
                0, Math.min(scanDue(), state.nextRestless()) - clock.get().nanos());
    }

    private long scanDue() {
        if (scans == 0) {
            return Long.MIN_VALUE;
        }
        if (!isPastBarrier()) {
            return barrier == barriersAsked.get() && state.isMoving()
                    ? scanEnded + FolderState.SETTLED_NANOS
                    : scanEnded;
        }
        return scanEnded + Math.max(scanTook * PAUSES, state.wantsScan() ? SOON_NANOS : intervalNanos);
    }

    private void scan() throws InterruptedException {
        long asked = barriersAsked.get();
        Now begun = clock.get();
        state.barrier(asked);
        state.beginScan(begun);
        FullScan scan = new FullScan();
        walk.all(scan);
        scanTook = clock.get().nanos() - begun.nanos() - scan.heldUpNanos;
        hints.clean();
        watch.away();
        state.endScan();
        carryOut();
        scans++;
        Now ended = clock.get();
        scanEnded = ended.nanos();
        if (asked > barriersPassed) {
            pass(asked, ended);
        }
    }

    /**
     * The second scan behind a barrier passes it if it agrees with the first. Where files come and go all the time no two
     * scans ever agree; then what was there when the barrier was asked for has had its time to be told.
     */
    private void pass(long asked, Now ended) throws InterruptedException {
        if (asked != barrier) {
            barrier = asked;
            barrierSince = ended.nanos();
        } else if (state.agrees() || ended.nanos() - barrierSince > FolderState.RESTLESS_NANOS) {
            state.passOver(ended);
            carryOut();
            barriersPassed = asked;
            tell(0, driver -> barrierTold = asked);
        }
    }

    /** Looks at what hints name, and at what had not settled. */
    private void lookAround() throws InterruptedException {
        FolderHints.Hints taken = hints.take();
        if (taken.lost()) {
            state.wantScan();
        }
        Hinted visitor = new Hinted();
        for (Path path : taken.paths()) {
            walk.at(path, visitor);
        }
        Now now = clock.get();
        for (String id : state.takeGrown(now, AT_ONCE)) {
            look(id, visitor);
        }
        for (String id : state.restless(now)) {
            look(id, visitor);
            state.lookedAgain(id, now);
        }
    }

    private void look(String id, Hinted visitor) throws InterruptedException {
        try {
            walk.at(texts.path(id), visitor);
        } catch (InputException e) {
            state.gone(id);
        }
    }

    private final class FullScan implements FolderWalk.Visitor {
        /** How long files were read meanwhile, or waited for room with the driver: no scan has to pause for that. */
        long heldUpNanos;

        @Override
        public void file(String id, FileVersion version) throws InterruptedException {
            state.scanned(id, version, clock.get());
            long begun = clock.get().nanos();
            carryOut();
            if (++looks % AT_ONCE == 0 && scans > 0) {
                lookAround();
            }
            heldUpNanos += clock.get().nanos() - begun;
        }

        @Override
        public void folder(FolderWalk.Folder folder) {
            hints.watch(folder);
            state.folder(folder, clock.get());
        }

        @Override
        public void empty(FolderWalk.Folder folder) {
            state.empty(folder);
        }

        @Override
        public void unknown(String id, Path path, String why) {
            state.unknown(id, path, why);
        }

        @Override
        public void leadsNowhere(String id, Path path) {
            state.leadsNowhere(id, path);
        }

        @Override
        public void gone(String id) {
            throw new IllegalStateException("nothing was asked for by name");
        }
    }

    private final class Hinted implements FolderWalk.Visitor {
        @Override
        public void file(String id, FileVersion version) throws InterruptedException {
            state.hinted(id, version, clock.get());
            carryOut();
        }

        @Override
        public void folder(FolderWalk.Folder folder) {
            hints.watch(folder);
        }

        @Override
        public void empty(FolderWalk.Folder folder) {
            // a scan may see more in that
        }

        @Override
        public void unknown(String id, Path path, String why) {
            state.gone(id);
        }

        @Override
        public void leadsNowhere(String id, Path path) {
            // a scan tells what was there
        }

        @Override
        public void gone(String id) {
            state.gone(id);
        }
    }

    private void carryOut() throws InterruptedException {
        for (Step step = state.next(); step != null; step = state.next()) {
            if (step instanceof Step.Read read) {
                Now begun = clock.get();
                byte[] text = text(read.id(), read.version());
                FolderState.Told told = text == null ? null : state.read(read.id(), read.version(), text, begun);
                if (text != null && told != null) {
                    tell(read, told, text);
                }
            } else if (step instanceof Step.Rename rename) {
                rename(rename);
            } else if (step instanceof Step.Deleted deleted) {
                tell(0, driver -> driver.change(DocumentChange.deleted(deleted.id(), "gone", "", 0)));
            } else if (step instanceof Step.Unreadable unreadable) {
                tell(0, driver -> driver.unreadable(unreadable.name(), unreadable.why()));
            } else if (step instanceof Step.Filled filled) {
                tell(0, driver -> driver.remember(FolderSource.mark(filled.folder()), filled.number()));
            } else if (step instanceof Step.Mended mended) {
                tell(0, driver -> driver.readable(mended.name()));
            }
        }
    }

    /**
     * The text travels along: what looks like the old file by identity, size and time may be another one, which an archive
     * gave the same time and the file system the old one's place.
     */
    private void rename(Step.Rename rename) throws InterruptedException {
        String from = rename.from(), to = rename.to();
        FileVersion version = rename.version();
        Now begun = clock.get();
        byte[] text = text(to, version);
        if (text == null) {
            return; // it has moved on: what became of the old name is for the next scan to say
        }
        String told = state.renamed(from, to, version, text, begun);
        tell(text.length, driver -> {
            DocumentChange renamed = change(to, told, version, text);
            if (!driver.rename(from, renamed)) {
                driver.change(DocumentChange.deleted(from, "gone", "", 0));
                driver.change(renamed);
            }
        });
    }

    private void tell(Step.Read read, FolderState.Told told, byte[] text) throws InterruptedException {
        if (told.isNews()) {
            tell(text.length, driver -> driver.change(change(read.id(), told.version(), read.version(), text)));
        } else {
            tell(0, driver -> driver.renew(read.id(), told.version()));
        }
    }

    private byte @Nullable [] text(String id, FileVersion version) throws InterruptedException {
        Now begun = clock.get();
        FolderTexts.Text text = texts.read(id, version);
        String why = text.unreadable();
        if (why != null) {
            if (state.unreadable(id, version, text.isOfContent(), begun, clock.get())) {
                tell(0, driver -> driver.unreadable(id, why));
            }
        } else if (text.bytes() == null) {
            state.changing(id, version, clock.get());
        }
        return text.bytes();
    }

    private static DocumentChange change(String id, String told, FileVersion version, byte[] text) {
        return new DocumentChange(id, told, text, version.bytes(), version.modifiedNanos(), "", 0);
    }

    private void tell(int bytes, FoundQueue.Found what) throws InterruptedException {
        watch.away(); // the queue may be full
        if (found.put(bytes, what)) {
            wake.run();
        }
    }
}
