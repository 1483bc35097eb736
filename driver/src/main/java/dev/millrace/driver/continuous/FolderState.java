package dev.millrace.driver.continuous;

import dev.millrace.input.FileLook;
import dev.millrace.input.FileVersion;
import dev.millrace.input.Names;
import dev.millrace.job.TextHash;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What has been told of the files of watched folders, and what follows from each look at them. Pure: looks and times come in
 * as arguments, {@link Step}s come out; what became of a step is to be said before the next look. One thread.
 *
 * <p>Looks come from full scans, between {@link #beginScan} and {@link #endScan}, and one by one from hints, at any time.
 * A hint may have a file read early. That a file is gone, or has another name, only a full scan can say: gone is what two
 * scans in a row have not found.
 *
 * <p>A file whose text was read soon after it changed is <em>young</em>: what is written in one long call, or
 * stored through a mapping, may come behind the change of its times. It is read again though it looks as it was
 * told: once it is old, by the first look behind each barrier, and when a hint says so. Where the text is the
 * same, nothing is told.
 */
final class FolderState {
    /** A file is read when it was the same for as long as this; no step of a modification time is longer. */
    static final long SETTLED_NANOS = 100_000_000;
    /** The same where modification times are whole seconds, or every other second. */
    private static final long SETTLED_COARSE_NANOS = 2_100_000_000L;
    /** A file that changes for longer than this holds up no barrier. */
    static final long RESTLESS_NANOS = 5_000_000_000L;

    /** A text that is read as long as this after the file's change holds all of it; writeback begins after 35 s. */
    static final long SURE_NANOS = 60_000_000_000L;

    /** Behind a version, of which all may not have been read: another driver reads it again. */
    private static final String YOUNG = "/young";

    private static final long SHORT_NANOS = 5_000_000;
    /** What could not be read is tried again after this. */
    private static final long UNREADABLE_AGAIN_NANOS = 2_000_000_000L;
    /** Tries that fail may take one part in so many of the time, as all else waits meanwhile. */
    private static final int UNREADABLE_SHARE = 4;
    /** However long they took, they are made again after this. */
    private static final long UNREADABLE_MOST_NANOS = 300_000_000_000L;

    /**
     * When a look was taken.
     *
     * @param nanos of a clock that never jumps
     * @param wallNanos since 1970, as modification times are
     */
    record Now(long nanos, long wallNanos) {}

    /** What is to be done about a document. */
    sealed interface Step {
        /** Read it; then one of {@link #read}, {@link #changing}, {@link #unreadable}. */
        record Read(String id, FileVersion version) implements Step {}

        /** Read it under its new name; then {@link #renamed}, or as for {@link Read}. */
        record Rename(String from, String to, FileVersion version) implements Step {}

        record Deleted(String id) implements Step {}

        /** A file, or all in a folder, keeps its last good version. */
        record Unreadable(String name, String why) implements Step {}

        /** What was called unreadable is as it is counted again, or gone. */
        record Mended(String name) implements Step {}

        /** There is something in a watched folder, which has this number: to be remembered for the next driver. */
        record Filled(String folder, long number) implements Step {}
    }

    private static final class Document {
        final String id;
        /** What was told of it by an earlier driver, until a look has found the same. */
        @Nullable
        String toldBefore;
        /** The state that was told; null where nothing was, or nothing by this driver. */
        @Nullable
        FileVersion told;
        /** The state in which it could not be read. */
        @Nullable
        FileVersion unreadable;
        /** Whether it stays so until the file changes: all was there for sure, and is no text that can be taken. */
        boolean isRefused;
        /** When it was tried first in that state, and last. */
        long triedFirstNanos, triedNanos;
        /** The barrier that was asked for last when it was tried. */
        long triedBarrier;
        /** The last scan that found it, and the first of those that found this very file without a gap. */
        int seen, seenSince;
        /** Hash of that file's identity. */
        int seenKey;
        /** As the scan under way found it, where it is to be read. */
        @Nullable
        FileVersion found;

        @Nullable
        Restless restless;
        /** Since when it differs from what was told, be it gone for a moment. */
        long unsettledSince;

        boolean isPassedOver;
        /** Null where all of what was told was read for sure. */
        @Nullable
        Young young;

        Document(String id) {
            this.id = id;
        }

        boolean isTold() {
            return told != null || toldBefore != null;
        }

        String toldVersion() {
            return told != null ? version(told) : String.valueOf(toldBefore);
        }
    }

    /** A file that differs from what was told, and has not settled. */
    private static final class Restless {
        FileVersion version;
        long sameSince;
        /** When to look again. */
        long due;

        Restless(FileVersion version, long nanos) {
            this.version = version;
            this.sameSince = nanos;
        }
    }

    /** A text that may not have been all when it was read. */
    private static final class Young {
        /** When it was read first. */
        final long sinceNanos;

        TextHash hash;
        /** The barrier that was asked for last when it was read last. */
        long barrier;

        Young(long sinceNanos, TextHash hash, long barrier) {
            this.sinceNanos = sinceNanos;
            this.hash = hash;
            this.barrier = barrier;
        }
    }

    /** A folder as it was before a scan listed it; quiet where any later change would show in its times. */
    private record Listed(@Nullable FileLook look, long sinceNanos, boolean isQuiet) {
        boolean isSame(@Nullable FileLook other) {
            return Objects.equals(look, other);
        }

        @Nullable
        Object key() {
            return look == null ? null : look.key();
        }
    }

    /** Identity of a folder in which a scan found something, and when that scan had begun. */
    private record LastFilled(Object key, Now begun) {
        /** Whether another folder was there by then, and nothing came or went in it since. */
        boolean isOlder(FolderWalk.Folder other) {
            return !key.equals(other.key())
                    && untilSettled(other.modifiedNanos(), other.changedNanos(), begun.nanos, begun) <= 0;
        }
    }

    private final Map<String, Document> documents = new HashMap<>();
    /** By identity, files that were told: a new name of one of them is for a scan to judge. */
    private final Map<Object, Document> byKey = new HashMap<>();

    private final Set<Document> restless = new LinkedHashSet<>();
    /** These, and those that were gone when they were to be looked at again. */
    private final Set<Document> unsettled = new LinkedHashSet<>();
    /** In the order in which they were read first. */
    private final Set<Document> young = new LinkedHashSet<>();
    /** To be read again though they are as they were told. */
    private final Set<Document> doubted = new HashSet<>();
    /** Told, and not found by the last scan. */
    private final Set<Document> missed = new HashSet<>();
    /** Folders by id, as the last scan and the one under way found them. */
    private Map<String, Listed> listed = new HashMap<>();

    private Map<String, Listed> listing = new HashMap<>();
    /** Folders by id, as they were when last there was something in them. */
    private final Map<String, LastFilled> filled = new HashMap<>();

    /** By id, as the scan under way found them. */
    private final Map<String, FolderWalk.Folder> watched = new HashMap<>();
    /** Watched folders by id, with their number in the file system when last there was something in them. */
    private final Map<String, Long> numbers = new HashMap<>();

    private final Map<String, FolderWalk.Folder> empty = new HashMap<>();
    /** Links to nothing, by id, as the scan under way found them. */
    private final Map<String, Path> nowhere = new HashMap<>();

    private final Map<String, Step.Unreadable> unknown = new LinkedHashMap<>();
    private final Map<String, Step.Unreadable> unknownTold = new HashMap<>();
    private final List<Document> changed = new ArrayList<>();
    private final Queue<Step> steps = new ArrayDeque<>();
    /** The number of the last; the first is 2, as documents that no scan has found have 0. */
    private int scan = 1;

    private Now begun = new Now(0, 0);
    private long barrier;
    private boolean moved, wanted;
    /** From when on scans try again what could not be read. */
    private long triesAgainNanos = Long.MIN_VALUE;
    /** Whether the scan under way does: all or nothing, or the first were tried each time, and the last never. */
    private boolean triesAgain;

    /**
     * A document of an earlier driver.
     *
     * @param version as {@link #version} made it
     * @param isUnderWay whether it is not counted yet: then the file is read again, and the version says where it was
     */
    void restore(String id, @Nullable String version, boolean isUnderWay) {
        document(id).toldBefore = isUnderWay ? "under way: " + version : String.valueOf(version);
    }

    /** What {@link Step.Filled} said to an earlier driver. */
    void restore(String folder, long number) {
        numbers.put(folder, number);
    }

    /** All of it in one text, which begins with what stays the same when the file is renamed. */
    static String version(FileVersion version) {
        return version.modifiedNanos() + "/" + version.bytes() + "/" + version.key() + "/" + version.changedNanos();
    }

    /** The part of a version that a rename leaves; all of it where a release wrote it that did not know the rest. */
    private static String nameless(String version) {
        int bytes = version.indexOf('/'),
                key = version.indexOf('/', bytes + 1),
                changed = version.indexOf('/', key + 1);
        return changed < 0 ? version : version.substring(0, changed);
    }

    /** What has been decided; null where all has been taken. */
    @Nullable
    Step next() {
        return steps.poll();
    }

    /** Another barrier has been asked for: what could not be read before may have been mended before it. */
    void barrier(long asked) {
        barrier = asked;
    }

    // ---- full scans

    void beginScan(Now now) {
        scan++;
        begun = now;
        moved = false;
        wanted = false;
        triesAgain = now.nanos >= triesAgainNanos;
        unknown.clear();
        empty.clear();
        nowhere.clear();
        watched.clear();
        listing = new HashMap<>();
    }

    void folder(FolderWalk.Folder folder, Now now) {
        if (folder.isWatched()) {
            watched.put(folder.id(), folder);
        }
        Listed before = listed.get(folder.id());
        long since = before != null && before.isSame(folder.look()) ? before.sinceNanos : now.nanos();
        boolean isQuiet = untilSettled(folder.modifiedNanos(), folder.changedNanos(), since, now) <= 0;
        listing.put(folder.id(), new Listed(folder.look(), since, isQuiet));
    }

    void empty(FolderWalk.Folder folder) {
        empty.put(folder.id(), folder);
    }

    /** What a link led to may be on a disk that is not there at the moment. */
    void leadsNowhere(String id, Path path) {
        nowhere.put(id, path);
    }

    /** What is there cannot be looked into: all that was told of it stays. */
    void unknown(String id, Path path, String why) {
        unknown.put(id, new Step.Unreadable(Names.printable(path), why + "; what was counted of it is kept"));
    }

    void scanned(String id, FileVersion version, Now now) {
        Document document = document(id);
        moved |= document.seen != scan - 1;
        int key = Objects.hashCode(version.key());
        if (document.seen != scan - 1 || document.seenKey != key) {
            document.seenSince = scan;
            document.seenKey = key;
        }
        document.seen = scan;
        missed.remove(document);
        boolean isPutOff =
                isTried(document, version) && (!triesAgain || now.nanos - document.triedNanos < UNREADABLE_AGAIN_NANOS);
        if (!isPutOff && isDue(document, version, now)) {
            if (version.equals(document.told)) {
                steps.add(new Step.Read(id, version)); // whatever else the scan finds
            } else {
                document.found = version;
                changed.add(document);
            }
        }
    }

    /** Decides what only a whole scan shows. */
    void endScan() {
        List<Document> absent = absent();
        keepUnmounted(absent);
        keepLinked(absent);
        Predicate<Document> isKept = document -> isUnknown(document.id);
        absent.removeIf(isKept);
        missed.removeIf(isKept);
        Map<String, Deque<Document>> gone = new HashMap<>();
        for (Document document : absent) {
            moved |= document.seen == scan - 1;
            if (document.isTold()) {
                gone.computeIfAbsent(nameless(document.toldVersion()), v -> new ArrayDeque<>(1))
                        .add(document);
            } else if (document.restless == null) {
                forget(document); // a restless one is looked at again by itself
            }
        }
        List<Step> reads = new ArrayList<>();
        Map<Document, Boolean> left = new HashMap<>();
        for (Document each : changed) {
            FileVersion version = Objects.requireNonNull(each.found);
            if (version.equals(each.told) || documents.get(each.id) != each) {
                continue; // by a hint, meanwhile, or gone
            }
            Document old = takeOld(gone, each, version);
            if (old != null) {
                reads.add(new Step.Rename(old.id, each.id, version));
                missed.add(old); // until it has been read under its new name
            } else if (isLeft(each, left)) {
                wanted = true;
            } else {
                reads.add(new Step.Read(each.id, version));
            }
        }
        changed.forEach(each -> each.found = null);
        changed.clear();
        for (Document each : restless) {
            Document old = takeOld(gone, each, restless(each).version);
            if (old != null) {
                missed.add(old); // a rename is a change, and has to settle
            }
        }
        gone.values().forEach(olds -> olds.forEach(this::miss));
        numberFilled();
        steps.addAll(reads);
        tellUnknown();
        moved |= !isListedAsBefore();
        filled.keySet().removeIf(id -> !listing.containsKey(id) && !isUnknown(id));
        listing.forEach((id, folder) -> {
            Object key = folder.key();
            if (!empty.containsKey(id) && !unknown.containsKey(id) && key != null) {
                filled.put(id, new LastFilled(key, begun));
            }
        });
        listed = listing;
    }

    /** The old name of a file that is new there. */
    private static @Nullable Document takeOld(
            Map<String, Deque<Document>> gone, Document document, FileVersion version) {
        Deque<Document> olds =
                gone.isEmpty() || isToldOf(document, version) ? null : gone.get(nameless(version(version)));
        return olds == null ? null : olds.poll();
    }

    /** Whether this file, changed in nothing but its name, was told under this name. */
    private static boolean isToldOf(Document document, FileVersion version) {
        return document.told != null
                ? version.isSameButForName(document.told)
                : document.isTold() && nameless(document.toldVersion()).equals(nameless(version(version)));
    }

    /**
     * Whether a file is left to the next scan: this one is the first to find it there, and has found it under its
     * old name as well. So it was moved meanwhile, or is a hard link; told now, it might be counted twice.
     *
     * @param known what was found of others, as one hangs on the next
     */
    private boolean isLeft(Document document, Map<Document, Boolean> known) {
        List<Document> chain = new ArrayList<>();
        Document each = document;
        Boolean isLeft = null;
        while (isLeft == null) {
            isLeft = known.putIfAbsent(each, false); // false where they have changed places
            if (isLeft == null) {
                chain.add(each);
                Document other = each.found == null || each.seenSince != scan ? null : otherName(each, each.found);
                if (other == null || other.seen != scan) {
                    isLeft = false;
                } else if (other.found == null || isToldOf(other, other.found)) {
                    isLeft = true;
                } else {
                    each = other; // there is another file there, which may be left itself
                }
            }
        }
        for (Document one : chain) {
            known.put(one, isLeft);
        }
        return isLeft;
    }

    /** Under which name a file was told that was not told under this one. */
    private @Nullable Document otherName(Document document, FileVersion version) {
        Document same = version.key() == null ? null : byKey.get(version.key());
        return same != null && same.told != null && version.isSameButForName(same.told) && !isToldOf(document, version)
                ? same
                : null;
    }

    private List<Document> absent() {
        List<Document> absent = new ArrayList<>();
        for (Document document : documents.values()) {
            if (document.seen != scan) {
                absent.add(document);
            }
        }
        return absent;
    }

    private void numberFilled() {
        watched.forEach((id, folder) -> {
            Long number = empty.containsKey(id) || unknown.containsKey(id) ? null : number(folder);
            if (number != null && !number.equals(numbers.put(id, number))) {
                steps.add(new Step.Filled(id, number));
            }
        });
    }

    private static @Nullable Long number(FolderWalk.Folder folder) {
        String key = String.valueOf(folder.key());
        int from = key.indexOf(",ino="), to = key.indexOf(')', from);
        return from < 0 || to < 0 ? null : Long.valueOf(key.substring(from + 5, to));
    }

    /**
     * A folder that is suddenly empty and on another device was unmounted, as was one that is another and was empty
     * before that: a folder that is emptied, or deleted and made again, is younger. A watched one that is another was
     * replaced. None of these is what deleting looks like.
     */
    private void keepUnmounted(List<Document> absent) {
        if (empty.isEmpty()) {
            return;
        }
        for (Document document : absent) {
            FolderWalk.Folder around = around(document.id, empty);
            if (around == null || !document.isTold()) {
                continue;
            }
            if (isAnother(around)) {
                unknown(around.id(), around.path(), "it is empty, and not the folder that it was");
            } else if (!filled.containsKey(around.id()) && isOnOtherDevice(around, document.toldVersion())) {
                unknown(
                        around.id(),
                        around.path(),
                        "it is empty, and what was in it lay on another device, mounted there or behind a link");
            }
        }
    }

    private void keepLinked(List<Document> absent) {
        if (nowhere.isEmpty()) {
            return;
        }
        for (Document document : absent) {
            for (String id = document.id; !id.isEmpty(); id = id.substring(0, Math.max(id.lastIndexOf('/'), 0))) {
                Path link = nowhere.get(id);
                if (link != null && document.isTold()) {
                    unknown(id, link, "it is a link that leads to nothing");
                }
            }
        }
    }

    private boolean isAnother(FolderWalk.Folder folder) {
        Long number = numbers.get(folder.id());
        if (number != null && !number.equals(number(folder))) {
            return true;
        }
        LastFilled before = filled.get(folder.id());
        return before != null && (before.isOlder(folder) || isOnOtherDevice(folder, before.key.toString()));
    }

    /** @param key of what was in the folder, or of the folder that it was; or a version that ends in one */
    private static boolean isOnOtherDevice(FolderWalk.Folder folder, String key) {
        String device = device(key);
        return !device.isEmpty() && !device.equals(device(String.valueOf(folder.key())));
    }

    /** The part of an identity, or a version that ends in one, that names the device; empty where there is none. */
    private static String device(String key) {
        int from = key.indexOf("(dev="), to = key.indexOf(",ino=");
        return from < 0 || to < from ? "" : key.substring(from, to);
    }

    private boolean isUnknown(String id) {
        return unknown.containsKey(id) || !unknown.isEmpty() && around(id, unknown) != null;
    }

    /** What is said of the innermost folder around a file. */
    private static <T> @Nullable T around(String id, Map<String, T> folders) {
        int end = id.length();
        do {
            end = id.lastIndexOf('/', end - 1);
            String inner = id.substring(0, end + 1);
            T known = folders.get(inner);
            if (known == null && end > 0) {
                known = folders.get(id.substring(0, end)); // of which was not known what it is
            }
            if (known != null) {
                return known;
            }
        } while (end > 0);
        return null;
    }

    private void miss(Document document) {
        if (missed.add(document)) {
            return;
        }
        steps.add(new Step.Deleted(document.id));
        document.unreadable = null;
        forget(document);
    }

    private void tellUnknown() {
        unknown.forEach((id, what) -> {
            if (unknownTold.putIfAbsent(id, what) == null) {
                steps.add(what);
            }
        });
        unknownTold.entrySet().removeIf(told -> {
            boolean known = !isUnknown(told.getKey());
            if (known) {
                steps.add(new Step.Mended(told.getValue().name()));
            }
            return known;
        });
    }

    private boolean isListedAsBefore() {
        return listing.size() == listed.size()
                && listing.entrySet().stream().allMatch(each -> {
                    Listed before = listed.get(each.getKey());
                    return before != null && before.isQuiet && before.isSame(each.getValue().look);
                });
    }

    /**
     * Whether the last two scans found the same names, and all that they found has been told. A folder's times are
     * taken before its names are listed; where the second scan finds them unchanged, nothing came or went until after
     * the first scan had ended. So the first was right about all folders at one moment, its end: no file moved around
     * it.
     */
    boolean agrees() {
        return !moved && missed.isEmpty() && restless.isEmpty();
    }

    /**
     * A barrier does not wait any longer for files that change all the time: it is to list them. Where scans do not
     * {@link #agrees agree}, also those that are new, as one may have been counted under a name that it has no more.
     */
    void passOver(Now now) {
        boolean agrees = agrees();
        for (Document each : unsettled) {
            boolean isOld = now.nanos - each.unsettledSince > RESTLESS_NANOS;
            if (!each.isPassedOver && (isOld || !agrees && !each.isTold())) {
                each.isPassedOver = true;
                steps.add(new Step.Unreadable(
                        each.id,
                        isOld
                                ? "it changes all the time; what was counted of it last, if anything, is kept"
                                : "it is new here, and was still changing; it is counted when it has settled"));
            }
        }
    }

    /** Whether a full scan should not wait for its time: something that only it can judge has happened. */
    boolean wantsScan() {
        return wanted || !missed.isEmpty();
    }

    // ---- single looks

    /** A look at one file, which may be new. */
    void hinted(String id, FileVersion version, Now now) {
        Document document = document(id);
        missed.remove(document); // it is there
        Restless before = document.restless;
        if (before != null && now.nanos < before.due) {
            return;
        }
        if (document.young != null && version.equals(document.told)) {
            doubted.add(document); // it may tell of the end of a write that has been read half-way
        }
        if (isTried(document, version) && now.nanos - document.triedNanos < SETTLED_NANOS) {
            fidget(document, version, now).due = document.triedNanos + SETTLED_NANOS; // no other hint may come
            return;
        }
        if (!isDue(document, version, now)) {
            return;
        }
        if (otherName(document, version) != null) {
            wanted = true; // another name of it, or a new one
            if (document.restless != null) {
                document.restless.due = now.nanos + RESTLESS_NANOS; // that scan comes before
            }
        } else {
            steps.add(new Step.Read(id, version));
        }
    }

    /** There is nothing of this name now. */
    void gone(String id) {
        Document document = documents.get(id);
        if (document != null) {
            if (!document.isTold() && document.unreadable == null) {
                forget(document);
                document = null;
            } else {
                rest(document); // who writes it anew all the time deletes it first
            }
        }
        wanted |= document != null || listed.containsKey(id + "/");
    }

    /** A restless file was to be looked at again; one that the look has not come upon is no file any more. */
    void lookedAgain(String id, Now now) {
        Document document = documents.get(id);
        if (document != null && document.restless != null && document.restless.due <= now.nanos) {
            gone(id);
        }
    }

    /** Something has happened that no single look shows. */
    void wantScan() {
        wanted = true;
    }

    /** Files that are to be looked at again by now. */
    List<String> restless(Now now) {
        return restless.stream()
                .filter(each -> now.nanos >= restless(each).due)
                .map(each -> each.id)
                .toList();
    }

    /** Files that have grown old by now, to be looked at and read again; at most so many. Each is named once. */
    List<String> takeGrown(Now now, int most) {
        List<String> ids = new ArrayList<>();
        Iterator<Document> all = young.iterator();
        while (ids.size() < most && all.hasNext()) {
            Document oldest = all.next();
            if (now.nanos < grownNanos(oldest)) {
                break;
            }
            all.remove();
            doubted.add(oldest);
            ids.add(oldest.id);
        }
        return ids;
    }

    private long grownNanos(Document document) {
        return Objects.requireNonNull(document.young).sinceNanos + SURE_NANOS;
    }

    /** When the next file is to be looked at again. */
    long nextRestless() {
        long grown =
                young.isEmpty() ? Long.MAX_VALUE : grownNanos(young.iterator().next());
        return restless.stream().mapToLong(each -> restless(each).due).reduce(grown, Math::min);
    }

    /** Whether something changed so recently that scans cannot agree yet. */
    boolean isMoving() {
        return !restless.isEmpty() || listed.values().stream().anyMatch(folder -> !folder.isQuiet);
    }

    // ---- what became of a step

    /**
     * What the driver is to be told of a file.
     *
     * @param isNews else the text is that which was told, and all of it for sure now
     */
    record Told(String version, boolean isNews) {}

    /**
     * It has been read.
     *
     * @param begun before it was read
     * @return what is to be told before the next look; null where nothing is
     */
    @Nullable
    Told read(String id, FileVersion version, byte[] text, Now begun) {
        Document document = document(id);
        Young before = version.equals(document.told) ? document.young : null;
        boolean isYoung = isYoung(version, begun.wallNanos)
                && (before == null || begun.nanos < grownNanos(document)); // whatever the clocks say
        TextHash hash = isYoung || before != null ? FolderTexts.hash(text) : TextHash.NONE;
        boolean isNews = before == null || !before.hash.equals(hash);
        if (isNews) {
            document.unreadable = null; // nor is it passed over: the driver knows by the change
            document.isPassedOver = false;
        }
        if (before == null) {
            unindex(document);
            become(document, version);
            if (isYoung) {
                document.young = new Young(begun.nanos, hash, barrier);
                young.add(document);
            }
        } else {
            calm(document);
            mended(document);
            doubted.remove(document);
            before.hash = hash;
            before.barrier = barrier;
            if (!isYoung) {
                trust(document);
            }
        }
        return isNews || !isYoung ? new Told(isYoung ? version(version) + YOUNG : version(version), isNews) : null;
    }

    /** As {@link #read}. Returns the version to tell. */
    String renamed(String from, String to, FileVersion version, byte[] text, Now begun) {
        forget(document(from));
        return Objects.requireNonNull(read(to, version, text, begun)).version;
    }

    /** It has changed since it was looked at. */
    void changing(String id, FileVersion version, Now now) {
        fidget(document(id), version, now);
    }

    /**
     * It cannot be read.
     *
     * @param isOfContent whether that is for what is in the file, so that it takes a change of it to mend it
     * @param begun before it was tried
     * @return whether that is news
     */
    boolean unreadable(String id, FileVersion version, boolean isOfContent, Now begun, Now now) {
        Document document = document(id);
        boolean isOther = !version.equals(document.unreadable), news = document.isPassedOver || isOther;
        document.isPassedOver = false; // the driver is told of another reason
        calm(document);
        if (isOther) {
            document.unreadable = version;
            document.triedFirstNanos = begun.nanos;
        }
        document.isRefused = isOfContent
                && (!isYoung(version, begun.wallNanos)
                        || begun.nanos - document.triedFirstNanos >= SURE_NANOS); // whatever the clocks say
        document.triedNanos = now.nanos;
        document.triedBarrier = barrier;
        long share = Math.max(triesAgainNanos, begun.nanos) + (now.nanos - begun.nanos) * UNREADABLE_SHARE;
        triesAgainNanos = Math.min(share, now.nanos + UNREADABLE_MOST_NANOS);
        return news;
    }

    /** Whether more may come behind the change that its times tell of. */
    static boolean isYoung(FileVersion version, long wallNanos) {
        return version.changedNanos() != 0 && wallNanos - version.changedNanos() < SURE_NANOS;
    }

    private Document document(String id) {
        return documents.computeIfAbsent(id, Document::new);
    }

    /** Whether it could not be read behind the last barrier, is as it was then, and is to be tried again one day. */
    private boolean isTried(Document document, FileVersion version) {
        return version.equals(document.unreadable) && !document.isRefused && document.triedBarrier == barrier;
    }

    /** Whether a file is to be read now. */
    private boolean isDue(Document document, FileVersion version, Now now) {
        if (document.toldBefore != null && document.toldBefore.equals(version(version))) {
            become(document, version);
        }
        if (document.isRefused && version.equals(document.unreadable)) {
            calm(document);
            return false;
        }
        if (version.equals(document.told)) {
            if (document.young != null && document.young.barrier != barrier) {
                doubted.add(document);
            }
            if (doubted.contains(document)) {
                return true; // it had settled when it was told
            }
            calm(document);
            mended(document);
            return false;
        }
        if (document.restless == null && untilSettled(version, now.nanos, now) <= 0) {
            return true;
        }
        return untilSettled(version, fidget(document, version, now).sameSince, now) <= 0;
    }

    private Restless fidget(Document document, FileVersion version, Now now) {
        Restless known = document.restless;
        if (known == null) {
            known = new Restless(version, now.nanos);
            document.restless = known;
            restless.add(document);
            if (unsettled.add(document)) {
                document.unsettledSince = now.nanos;
            }
        } else if (!known.version.equals(version)) {
            known.version = version;
            known.sameSince = now.nanos;
        }
        long settled = untilSettled(version, known.sameSince, now);
        known.due = now.nanos + Math.max(SHORT_NANOS, Math.min(settled, SETTLED_NANOS));
        return known;
    }

    private static long untilSettled(FileVersion version, long sameSinceNanos, Now now) {
        return untilSettled(version.modifiedNanos(), version.changedNanos(), sameSinceNanos, now);
    }

    /**
     * How long until a later change would show: the times of the last one are not now, or have stayed the same long
     * enough. Both, as a file that was just written may have been given an old time.
     */
    private static long untilSettled(long modifiedNanos, long changedNanos, long sameSinceNanos, Now now) {
        return Math.max(
                untilSettled(modifiedNanos, sameSinceNanos, now), untilSettled(changedNanos, sameSinceNanos, now));
    }

    private static long untilSettled(long timeNanos, long sameSinceNanos, Now now) {
        return needed(timeNanos) - Math.max(now.wallNanos - timeNanos, now.nanos - sameSinceNanos);
    }

    private static long needed(long timeNanos) {
        return timeNanos % 1_000_000_000 == 0 ? SETTLED_COARSE_NANOS : SETTLED_NANOS;
    }

    private void become(Document document, FileVersion version) {
        calm(document);
        trust(document);
        document.toldBefore = null;
        document.told = version;
        if (version.key() != null) {
            byKey.put(version.key(), document);
        }
    }

    private void trust(Document document) {
        doubted.remove(document);
        if (document.young != null) {
            young.remove(document);
            document.young = null;
        }
    }

    private void rest(Document document) {
        if (document.restless != null) {
            restless.remove(document);
            document.restless = null;
        }
    }

    private void calm(Document document) {
        rest(document);
        unsettled.remove(document);
        if (document.isPassedOver) {
            document.isPassedOver = false;
            if (document.unreadable == null) {
                steps.add(new Step.Mended(document.id));
            }
        }
    }

    private void mended(Document document) {
        if (document.unreadable != null) {
            document.unreadable = null;
            steps.add(new Step.Mended(document.id));
        }
    }

    private void forget(Document document) {
        calm(document);
        mended(document);
        trust(document);
        unindex(document);
        missed.remove(document);
        documents.remove(document.id);
    }

    private void unindex(Document document) {
        if (document.told != null && document.told.key() != null) {
            byKey.remove(document.told.key(), document);
        }
    }

    private static Restless restless(Document document) {
        return Objects.requireNonNull(document.restless);
    }
}
