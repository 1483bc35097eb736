package dev.millrace.driver.continuous;

import dev.millrace.job.BlockPosition;
import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextStats;
import dev.millrace.text.TextParts;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.DocumentCodec;
import dev.millrace.wire.MalformedRecordException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the driver of a continuous job decides: which document is counted next, what its tasks are, which are done, and up
 * to where the sources need not be read again. Pure: time comes in as an argument, events in any order and any number of
 * times.
 *
 * <p>Of each document at most one change is under way; the newest that comes meanwhile waits for it, and older ones that
 * waited are forgotten, for what counts is the document as it is now. All tasks of one change are handed out together.
 */
final class DocumentTracker {
    /** Parts of text that fill a task, unless a single one is longer: enough to combine, little enough to be quick. */
    private static final int TASK_PARTS = 4;

    private static final int TASK_CHANGES = 1_000;
    /** Characters of names and versions, which may be longer than the texts. */
    private static final int TASK_NAMES = 128 << 10;
    /**
     * Of a backlog of many times what fills a task, one takes such a share, but no more than so many fillings: the more
     * it carries, the less of a processor's time goes to transactions, and its record stays under 8 MiB.
     */
    private static final int BACKLOG_SHARE = 8, MOST_FILLINGS = 4;
    /**
     * Parts of which a task takes away what is counted: whoever runs it holds all these blocks at once, and a large
     * document that is deleted has hundreds.
     */
    private static final int MOST_OLD_PARTS = MOST_FILLINGS * TASK_PARTS;
    /**
     * Small tasks that are out at once; one that is out for so long does not count, or a mapper that is stuck would keep
     * all documents waiting.
     */
    private static final int FEW_TASKS = 1;

    private static final long SLOW_MILLIS = 500;
    /**
     * Behind a small task the next one is put off for as long as that one took, so that the busier the machine is, the more
     * is counted in one go.
     */
    private static final long LONGEST_REST_MILLIS = 25;

    /**
     * Totals that may be known ahead of the watermark, one for each task and partition: all are written with every position,
     * and one task that nobody takes would let them grow until they fit no record.
     */
    private static final int MOST_TOTALS_AHEAD = 16_384;

    private static final long LATE_MILLIS = 5_000;
    /** From the issue that failed to the next, four times as long each time: what made it fail may pass. */
    private static final long RETRY_MILLIS = 500;
    /**
     * What may wait in memory: what can be handed out, enough for the largest tasks, and beside it what waits for the
     * change before it, which must not keep other documents from coming.
     */
    private static final int MOST_FILLINGS_READY = BACKLOG_SHARE * MOST_FILLINGS;

    private static final long MOST_BYTES_WAITING = 128L << 20;
    /** A part of which nothing is counted: it is not counted yet, or not any more. */
    private static final DocumentEntry.Part NO_PART =
            new DocumentEntry.Part(TextHash.NONE, BlockPosition.NONE, PartitionTotal.ZERO, TextStats.NONE);

    private final JobSpec spec;
    private final DocumentNames names;
    private final int partBytes;
    private final TextParts cutter;
    /** Of all documents of which something is counted, those that are dealt with among them. */
    private final DocumentEntries entries = new DocumentEntries();
    /** Those that are dealt with: under way, or to be written down, or not settled. */
    private final Map<String, Document> documents = new HashMap<>();

    private final Queue<Document> ready = new ArrayDeque<>();
    private final List<Document> dirty = new ArrayList<>();
    /** By when the oldest of their changes came; one that is at rest by now stays until all before it are. */
    private final Queue<Document> fresh = new ArrayDeque<>();

    private final Map<String, String> unreadable = new TreeMap<>();
    /** Tasks that are issued, by number. */
    private final TreeMap<Long, Open> open = new TreeMap<>();
    /** Those that are not: of them nothing is written anywhere. */
    private final Set<Open> drafts = new LinkedHashSet<>();

    private final TreeMap<Long, Event.DocumentsDone> done = new TreeMap<>();
    private final SourcePositions sources = new SourcePositions();

    private final List<PartitionTotal> totals;
    private long nextTask, watermark;
    private long bytesWaiting, bytesReady, changes;
    /** The last task takes away all that one can, and more is ready; what that takes away nobody has added up. */
    private boolean isLeft;

    private long restUntilMillis = Long.MIN_VALUE;
    private long lastFreshness = -1;
    private @Nullable String failure;

    DocumentTracker(JobSpec spec) {
        this.spec = spec;
        this.names = DocumentNames.of(spec);
        this.partBytes = Math.toIntExact(spec.input().chunkBytes());
        this.cutter = new TextParts(TextProfile.named(spec.rules().profile()), partBytes);
        this.totals = new ArrayList<>(Collections.nCopies(spec.partitions(), PartitionTotal.ZERO));
    }

    private static final class Document {
        final String id;
        /** The entry as it is written. */
        byte @Nullable [] written;

        @Nullable
        Flight flight;

        @Nullable
        DocumentChange waiting;
        /** When the first of those came of which {@link #waiting} is the newest. */
        long waitingSinceMillis;

        boolean isDirty;
        boolean isFresh;
        long freshSinceMillis;

        Document(String id, byte @Nullable [] written) {
            this.id = id;
            this.written = written;
        }

        boolean isUnderWay() {
            return flight != null || waiting != null;
        }

        /** When the oldest change came that is under way. */
        long underWaySinceMillis() {
            return flight != null ? flight.sinceMillis : waitingSinceMillis;
        }

        @Nullable
        DocumentEntry entry() {
            return written == null ? null : DocumentCodec.document(written);
        }
    }

    /** A change that is being counted; its tasks are done in any order, and its parts with them. */
    private static final class Flight {
        final Document document;
        final DocumentTask.Target target;
        final List<DocumentEntry.Part> parts;
        final long sinceMillis;
        int tasks;
        /** What it was told as; null where an earlier driver was told. */
        @Nullable
        Origin origin;

        Flight(Document document, DocumentTask.Target target, @Nullable DocumentEntry before, long sinceMillis) {
            this.document = document;
            this.target = target;
            this.sinceMillis = sinceMillis;
            this.parts = new ArrayList<>(before == null ? List.of() : before.parts());
        }

        void land(int part, DocumentEntry.Part counted) {
            while (parts.size() <= part) {
                parts.add(NO_PART);
            }
            parts.set(part, counted);
        }
    }

    /** Where a change stands in a source. */
    private record Origin(String source, long position) {}

    /** A task that is not done; without a number until it is issued. */
    private static final class Open {
        DocumentTask task;
        /** Those of the task, in its order. */
        final List<Document> documents;

        final byte[] texts;
        final Set<Long> failed = new HashSet<>(2);
        int issues;
        long issuedMillis;
        boolean failedLast;

        Open(DocumentTask task, List<Document> documents, byte[] texts) {
            this.task = task;
            this.documents = documents;
            this.texts = texts;
        }
    }

    /**
     * A task that is to be done, and the texts that travel with it.
     *
     * @param isWhole whether it is new, and all that is to be done for its documents
     * @param of the task as it is known here
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Due(DocumentTask task, byte[] texts, boolean isWhole, Open of) {
        /** Whether it has no number yet. */
        boolean isDraft() {
            return of.issues == 0;
        }
    }

    /** What the documents topic is to say of a document from now on; null where it is gone. */
    @SuppressWarnings("ArrayRecordComponent")
    record Entry(String id, byte @Nullable [] value) {}

    // ---- what an earlier driver of the job has left

    void restore(ContinuousPosition position) {
        nextTask = position.nextTask();
        watermark = position.watermark();
        for (int p = 0; p < totals.size(); p++) {
            totals.set(p, position.totals().get(p));
        }
        for (ContinuousPosition.DoneTask each : position.doneAbove()) {
            done.put(
                    each.task(),
                    new Event.DocumentsDone(spec.id(), each.task(), 1, 0, "", List.of(), each.totals(), List.of()));
        }
        sources.restore(position.sources());
        advance();
    }

    /**
     * What the documents topic says of a document.
     *
     * @throws MalformedRecordException if that is no entry that this release can read
     */
    void restore(String id, byte @Nullable [] value) {
        if (value == null) {
            entries.remove(id);
        } else {
            DocumentCodec.document(value);
            entries.put(id, value);
        }
    }

    /** A task that was published; passed over if it is known as done. */
    void restore(DocumentTask task, byte[] texts, long nowMillis) {
        if (task.number() < watermark || done.containsKey(task.number()) || open.containsKey(task.number())) {
            return;
        }
        List<Document> those = new ArrayList<>(task.documents().size());
        for (DocumentTask.Target target : task.documents()) {
            Document document = document(target.id());
            Flight flight = document.flight;
            if (flight == null) {
                flight = new Flight(document, target, document.entry(), nowMillis);
                document.flight = flight;
            }
            flight.tasks++;
            those.add(document);
        }
        Open restored = new Open(task, those, texts);
        restored.issues = task.attempt();
        restored.issuedMillis = nowMillis;
        open.put(task.number(), restored);
        nextTask = Math.max(nextTask, task.number() + 1);
    }

    /**
     * Whether what was restored belongs together: a broker that lost its machine's power may have kept the one and not the
     * other, and counting would go on from that unnoticed.
     *
     * @param ledgerEnd by partition of the ledger
     * @return what does not agree; null where all does
     */
    @Nullable
    String disagreement(IntToLongFunction ledgerEnd) {
        PartitionTotal documented = PartitionTotal.ZERO, counted = total();
        for (String id : entries.ids()) {
            DocumentEntry entry = Objects.requireNonNull(entry(id));
            documented = documented.plus(entry.total());
            for (DocumentEntry.Part part : entry.parts()) {
                BlockPosition block = part.block();
                if (block.partition() >= 0 && block.offset() >= ledgerEnd.applyAsLong(block.partition())) {
                    return "the ledger's partition " + block.partition() + " ends before offset " + block.offset()
                            + ", where counts of " + names.printable(id) + " are to be";
                }
            }
        }
        for (Event.DocumentsDone each : done.values()) {
            counted = each.totals().stream().reduce(counted, PartitionTotal::plus);
        }
        if (!documented.equals(counted)) {
            return "its documents come to " + documented + ", its tasks to " + counted;
        }
        for (long task = watermark; task < nextTask; task++) {
            if (!open.containsKey(task) && !done.containsKey(task)) {
                return "its task " + task + " is gone";
            }
        }
        return null;
    }

    private Document document(String id) {
        return documents.computeIfAbsent(id, name -> new Document(name, entries.get(name)));
    }

    /** Only its entry is kept of a document that is not dealt with any more. */
    private void leave(Document document) {
        if (!document.isUnderWay() && !document.isDirty && !document.isFresh) {
            documents.remove(document.id);
        }
    }

    // ---- what sources say

    /**
     * Takes what a source says.
     *
     * @throws IllegalArgumentException if it was not announced, and is not behind all that its source has said before
     */
    void change(DocumentChange change, long nowMillis) {
        if (!change.source().isEmpty()) {
            sources.told(change.source(), change.position());
        }
        changes++;
        unreadable.remove(change.id());
        Document document = document(change.id());
        if (!document.isFresh) {
            document.isFresh = true;
            document.freshSinceMillis = nowMillis;
            fresh.add(document);
        }
        DocumentChange older = document.waiting;
        if (older != null) {
            release(origin(older));
            bytesWaiting -= older.textBytes();
        } else {
            document.waitingSinceMillis = nowMillis;
        }
        document.waiting = change;
        bytesWaiting += change.textBytes();
        if (document.flight == null) {
            bytesReady += change.textBytes() - (older == null ? 0 : older.textBytes());
            if (older == null) {
                ready.add(document);
            }
        }
    }

    /** A document keeps its last good version, for this reason. */
    void unreadable(String id, String why) {
        unreadable.put(id, why);
    }

    /** A document is as it is counted again, or gone. True where it was called unreadable. */
    boolean readable(String id) {
        return unreadable.remove(id) != null;
    }

    /** A document has another name. False where it cannot simply be renamed now, or its text is not the same. */
    boolean rename(String from, DocumentChange change) {
        String to = change.id();
        DocumentEntry entry = entryAtRest(from);
        if (entry == null || documents.containsKey(to) || entries.get(to) != null) {
            return false;
        }
        List<TextHash> hashes =
                cutter.of(text(change)).stream().map(TextParts.Part::hash).toList();
        if (!hashes.equals(entry.parts().stream().map(DocumentEntry.Part::hash).toList())) {
            return false;
        }
        if (unreadable.containsKey(from)) {
            return false; // what is counted of it is an older version
        }
        unreadable.remove(to);
        become(document(to), entry.renewed(change.version(), change.bytes(), change.modifiedNanos()));
        become(document(from), null);
        return true;
    }

    /** What is counted of a document has another version from now on; what is under way has its own. */
    void renew(String id, String version) {
        DocumentEntry entry = entryAtRest(id);
        if (entry != null) {
            become(document(id), entry.renewed(version, entry.bytes(), entry.modifiedNanos()));
        }
    }

    /** What is counted of a document, or null. */
    @Nullable
    DocumentEntry entry(String id) {
        byte[] written = entries.get(id);
        return written == null ? null : DocumentCodec.document(written);
    }

    /** What is counted of a document and will be, unless it changes; null where a change is under way. */
    @Nullable
    DocumentEntry entryAtRest(String id) {
        Document document = documents.get(id);
        return document != null && document.isUnderWay() ? null : entry(id);
    }

    /** The version of a document, or that which it will have when what is under way is done; null where there is none. */
    @Nullable
    String version(String id) {
        Document document = documents.get(id);
        if (document != null && document.waiting != null) {
            return document.waiting.version();
        }
        if (document != null && document.flight != null) {
            return document.flight.target.version();
        }
        DocumentEntry entry = entry(id);
        return entry == null ? null : entry.version();
    }

    private static @Nullable Origin origin(DocumentChange change) {
        return change.source().isEmpty() ? null : new Origin(change.source(), change.position());
    }

    private void release(@Nullable Origin origin) {
        if (origin != null) {
            sources.release(origin.source, origin.position);
        }
    }

    /** Whether sources may be asked for more. */
    boolean hasRoom() {
        return fillings() < MOST_FILLINGS_READY && bytesWaiting < MOST_BYTES_WAITING;
    }

    // ---- what is to be done

    /**
     * Tasks to do now. A new one is a draft: it becomes part of what this driver has decided by {@link #issue}, and those
     * that are not {@link Due#isWhole} must all be issued for the same transaction.
     */
    List<Due> due(long nowMillis) {
        List<Due> due = new ArrayList<>();
        for (Open task : open.values()) {
            long patience = task.failedLast
                    ? RETRY_MILLIS << 2 * Math.min(task.failed.size() - 1, 10)
                    : LATE_MILLIS << Math.min(task.issues, 10);
            if (nowMillis - task.issuedMillis > patience) {
                due.add(reissue(task, nowMillis));
            }
        }
        while (mayBegin(nowMillis)) {
            Packer packer = new Packer((int) Math.max(1, Math.min(MOST_FILLINGS, fillings() / BACKLOG_SHARE)));
            while (!ready.isEmpty() && packer.hasRoom()) {
                plan(ready.remove(), packer);
            }
            isLeft = !ready.isEmpty() && packer.takesAwayMost();
            for (Open task : packer.finish()) {
                task.issuedMillis = nowMillis;
                drafts.add(task);
                boolean isWhole = task.documents.stream().allMatch(document -> flight(document).tasks == 1);
                due.add(new Due(task.task, task.texts, isWhole, task));
            }
        }
        return due;
    }

    /**
     * Gives a draft its number: from here on it counts as published, and what it is made of need not be read again. To be
     * written in the transaction of the next {@link #position}, as it is or as what it came to.
     */
    Due issue(Due draft) {
        Open task = draft.of;
        if (!drafts.remove(task)) {
            throw new IllegalStateException("task " + task.task.number() + " is issued already");
        }
        task.task = task.task.withNumber(nextTask++);
        task.issues = 1;
        open.put(task.task.number(), task);
        for (Document document : task.documents) {
            release(flight(document).origin);
        }
        return new Due(task.task, task.texts, draft.isWhole, task);
    }

    /** Whether a new task may be handed out now. */
    boolean mayBegin(long nowMillis) {
        return !ready.isEmpty()
                && openTasks() < spec.window()
                && nextTask - watermark < Math.max(2L * spec.window(), MOST_TOTALS_AHEAD / spec.partitions())
                && (isBacklog() || nowMillis >= restUntilMillis && quickTasks(nowMillis) < FEW_TASKS);
    }

    /** How long until a small task may begin, if nothing else is against it. */
    long restMillis(long nowMillis) {
        return ready.isEmpty() ? 0 : Math.max(0, restUntilMillis - nowMillis);
    }

    private int quickTasks(long nowMillis) {
        int quick = 0;
        for (Collection<Open> tasks : List.of(open.values(), drafts)) {
            for (Open task : tasks) {
                quick += nowMillis - task.issuedMillis < SLOW_MILLIS ? 1 : 0;
            }
        }
        return quick;
    }

    /**
     * Whether what waits fills a task. Else another small task would only queue up behind the one before it, and what it
     * carries would be counted sooner together with what comes meanwhile.
     */
    private boolean isBacklog() {
        return fillings() > 0 || isLeft;
    }

    /** How many tasks would be full of what can be handed out. */
    private long fillings() {
        return Math.max(bytesReady / ((long) TASK_PARTS * partBytes), ready.size() / TASK_CHANGES);
    }

    private static Due reissue(Open task, long nowMillis) {
        task.issues++;
        task.issuedMillis = nowMillis;
        task.failedLast = false;
        return new Due(task.task.withAttempt(task.issues), task.texts, false, task);
    }

    private static byte[] text(DocumentChange change) {
        byte[] text = change.text();
        return text == null ? new byte[0] : text;
    }

    private void plan(Document document, Packer packer) {
        DocumentChange change = document.waiting;
        if (change == null) {
            return;
        }
        document.waiting = null;
        bytesWaiting -= change.textBytes();
        bytesReady -= change.textBytes();
        byte[] text = text(change);
        List<TextParts.Part> parts = cutter.of(text);
        DocumentEntry entry = document.entry();
        List<DocumentEntry.Part> known = entry == null ? List.of() : entry.parts();
        DocumentTask.Target target = new DocumentTask.Target(
                change.id(), change.version(), change.bytes(), change.modifiedNanos(), parts.size());
        Flight flight = new Flight(document, target, entry, document.waitingSinceMillis);
        flight.origin = origin(change);
        for (int i = 0; i < Math.max(parts.size(), known.size()); i++) {
            DocumentEntry.Part base = i < known.size() ? known.get(i) : NO_PART;
            if (i >= parts.size()) {
                packer.remove(flight, i, base);
            } else if (i >= known.size() || !base.hash().equals(parts.get(i).hash())) {
                packer.add(flight, i, base, parts.get(i), text);
            }
        }
        if (flight.tasks == 0) {
            release(flight.origin);
            finish(document, flight);
        } else {
            document.flight = flight;
        }
    }

    /** A part, and the text that it is cut from. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Piece(TextParts.Part part, byte[] text) {}

    /** Puts changes into tasks. A document's changes may span several. */
    private final class Packer {
        private final List<Open> tasks = new ArrayList<>();
        private List<Document> documents = new ArrayList<>();
        private List<DocumentTask.Target> targets = new ArrayList<>();
        private List<DocumentTask.Change> changes = new ArrayList<>();
        private final List<Piece> pieces = new ArrayList<>();
        private final int fillings;
        private int bytes;
        /** Of the texts that its old blocks were counted from. */
        private long oldBytes;
        /** Whether a task was closed for these. */
        private boolean isSplit;

        private int names;
        private @Nullable Flight last;

        /** @param fillings of how many usual tasks it makes one */
        Packer(int fillings) {
            this.fillings = fillings;
        }

        /** False once a task is full: then the next is begun by a packer of its own, as far as the window lets it. */
        boolean hasRoom() {
            return tasks.isEmpty()
                    && bytes < fillings * TASK_PARTS * partBytes
                    && !takesAwayMost()
                    && changes.size() < fillings * TASK_CHANGES
                    && names < fillings * TASK_NAMES;
        }

        boolean takesAwayMost() {
            return isSplit || oldBytes >= (long) MOST_OLD_PARTS * partBytes;
        }

        void add(Flight flight, int number, DocumentEntry.Part base, TextParts.Part part, byte[] text) {
            begin(flight, base, part.bytes());
            changes.add(new DocumentTask.Change(
                    targets.size() - 1, number, base.block(), base.hash(), part.hash(), part.bytes()));
            pieces.add(new Piece(part, text));
            bytes += part.bytes();
        }

        void remove(Flight flight, int number, DocumentEntry.Part base) {
            begin(flight, base, 0);
            changes.add(
                    new DocumentTask.Change(targets.size() - 1, number, base.block(), base.hash(), TextHash.NONE, -1));
        }

        private void begin(Flight flight, DocumentEntry.Part base, int more) {
            long old = base.text().textBytes();
            boolean takesTooMuch = oldBytes + old > (MOST_OLD_PARTS + 1L) * partBytes;
            boolean isFull = bytes + more > (fillings * TASK_PARTS + 1) * partBytes
                    || takesTooMuch
                    || changes.size() >= 2 * fillings * TASK_CHANGES;
            if (isFull && !changes.isEmpty()) {
                isSplit |= takesTooMuch;
                close();
            }
            oldBytes += old;
            if (last != flight) {
                last = flight;
                documents.add(flight.document);
                targets.add(flight.target);
                names += flight.target.id().length() + flight.target.version().length();
                flight.tasks++;
            }
        }

        private void close() {
            byte[] texts = new byte[bytes];
            int at = 0;
            for (Piece piece : pieces) {
                at = piece.part.copyTo(texts, at, piece.text);
            }
            tasks.add(new Open(
                    new DocumentTask(spec.id(), 0, 1, spec.rules(), spec.partitions(), targets, changes),
                    documents,
                    texts));
            documents = new ArrayList<>();
            targets = new ArrayList<>();
            changes = new ArrayList<>();
            pieces.clear();
            bytes = 0;
            oldBytes = 0;
            names = 0;
            last = null;
        }

        List<Open> finish() {
            if (!changes.isEmpty()) {
                close();
            }
            return tasks;
        }
    }

    // ---- what mappers say

    /** Takes an event of this job. */
    void apply(Event event, long nowMillis) {
        if (event instanceof Event.DocumentsDone each) {
            done(each, nowMillis);
        } else if (event instanceof Event.DocumentsFailed each) {
            failed(each);
        } else if (event instanceof Event.PartitionFailed each) {
            fail("partition " + each.partition() + " on " + each.worker() + ": " + each.message());
        }
    }

    private void done(Event.DocumentsDone result, long nowMillis) {
        if (result.task() < watermark) {
            return; // a late copy
        }
        Event.DocumentsDone first = done.get(result.task());
        if (first != null) {
            if (!first.totals().equals(result.totals())) {
                fail("two runs of task " + result.task() + " differ, by " + first.worker() + " and " + result.worker()
                        + ": the mappers are not of one release");
            }
            return;
        }
        Open task = open.remove(result.task());
        if (task == null
                || result.totals().size() != spec.partitions()
                || result.blocks().size() != task.task.changes().size()) {
            fail(result.worker() + " reports a task " + result.task() + " that was never handed out like this");
            return;
        }
        land(task, result);
        for (Document document : task.documents) {
            Flight flight = flight(document);
            if (--flight.tasks > 0) {
                landedPartly(document, flight);
                continue;
            }
            finish(document, flight);
            document.flight = null;
            if (document.waiting != null) {
                ready.add(document);
                bytesReady += document.waiting.textBytes();
            }
        }
        done.put(result.task(), result);
        rest(task, nowMillis);
        advance();
    }

    private void rest(Open behind, long nowMillis) {
        restUntilMillis = nowMillis + Math.min(LONGEST_REST_MILLIS, nowMillis - behind.issuedMillis);
    }

    /** A task that was done here, and is in a transaction with all that it came to, has taken until now. */
    void committed(Due task, long nowMillis) {
        rest(task.of, nowMillis);
    }

    private static void land(Open task, Event.DocumentsDone result) {
        for (int i = 0; i < result.blocks().size(); i++) {
            DocumentTask.Change change = task.task.changes().get(i);
            Event.Block block = result.blocks().get(i);
            flight(task.documents.get(change.document()))
                    .land(
                            change.part(),
                            change.isRemoval()
                                    ? NO_PART
                                    : new DocumentEntry.Part(
                                            change.hash(),
                                            new BlockPosition(block.partition(), block.offset(), result.task(), i),
                                            block.total(),
                                            block.text()));
        }
    }

    private static Flight flight(Document document) {
        if (document.flight == null) {
            throw new IllegalStateException(document.id + " is not under way");
        }
        return document.flight;
    }

    /**
     * The entry says what is counted now, so that a driver that takes over amid a change finds the parts that are done; the
     * rest of it is still the document before.
     */
    private void landedPartly(Document document, Flight flight) {
        DocumentEntry before = document.entry();
        become(
                document,
                before == null
                        ? new DocumentEntry("", 0, 0, flight.parts)
                        : new DocumentEntry(before.version(), before.bytes(), before.modifiedNanos(), flight.parts));
    }

    private void finish(Document document, Flight flight) {
        become(document, after(document, flight));
    }

    private static @Nullable DocumentEntry after(Document document, Flight flight) {
        DocumentTask.Target target = flight.target;
        if (target.isDeleted()) {
            return null;
        }
        List<DocumentEntry.Part> parts = flight.parts.subList(0, target.parts());
        if (parts.contains(NO_PART)) {
            throw new IllegalStateException("a part of " + document.id + " was never counted");
        }
        return new DocumentEntry(target.version(), target.bytes(), target.modifiedNanos(), parts);
    }

    private void become(Document document, @Nullable DocumentEntry after) {
        byte[] written = encoded(after);
        document.written = written;
        if (written == null) {
            entries.remove(document.id);
        } else {
            entries.put(document.id, written);
        }
        dirty(document);
    }

    private static byte @Nullable [] encoded(@Nullable DocumentEntry entry) {
        return entry == null ? null : DocumentCodec.encode(entry);
    }

    private void dirty(Document document) {
        if (!document.isDirty) {
            document.isDirty = true;
            dirty.add(document);
        }
    }

    private void advance() {
        for (Event.DocumentsDone next = done.remove(watermark); next != null; next = done.remove(watermark)) {
            for (int p = 0; p < totals.size(); p++) {
                totals.set(p, totals.get(p).plus(next.totals().get(p)));
            }
            watermark++;
        }
    }

    private void failed(Event.DocumentsFailed failed) {
        Open task = open.get(failed.task());
        if (task == null || !task.failed.add(failed.execution())) {
            return;
        }
        if (task.failed.size() >= spec.maxAttempts()) {
            fail("task " + failed.task() + " (" + describe(task.task) + ") failed " + task.failed.size()
                    + " times, last on " + failed.worker() + ": " + failed.message());
        } else {
            task.failedLast = true;
        }
    }

    String describe(DocumentTask task) {
        int more = task.documents().size() - 1;
        return "document " + names.printable(task.documents().get(0).id())
                + (more == 0 ? "" : " and " + more + " more");
    }

    private void fail(String why) {
        if (failure == null) {
            failure = why;
        }
    }

    // ---- what is to be written down

    /** Documents whose entry has changed since the last call. */
    List<Entry> takeDirty() {
        List<Entry> taken = new ArrayList<>(dirty.size());
        for (Document document : dirty) {
            document.isDirty = false;
            taken.add(new Entry(document.id, document.written));
            leave(document);
        }
        dirty.clear();
        return taken;
    }

    boolean isDirty() {
        return !dirty.isEmpty();
    }

    /** Where this driver is; what has been taken as dirty and due belongs to it. */
    ContinuousPosition position(long tasksStart, long eventsStart) {
        List<ContinuousPosition.DoneTask> above = new ArrayList<>();
        done.forEach((task, result) -> above.add(new ContinuousPosition.DoneTask(task, result.totals())));
        return new ContinuousPosition(
                spec.id(), tasksStart, eventsStart, nextTask, watermark, above, totals, sources.written());
    }

    /** How far sources were read. */
    SourcePositions sources() {
        return sources;
    }

    /** Every task below is done. */
    long watermark() {
        return watermark;
    }

    long nextTask() {
        return nextTask;
    }

    /** By partition, what the tasks below the watermark came to. */
    List<PartitionTotal> totals() {
        return List.copyOf(totals);
    }

    PartitionTotal total() {
        return totals.stream().reduce(PartitionTotal.ZERO, PartitionTotal::plus);
    }

    /** Whether nothing waits and nothing is under way. */
    boolean isQuiet() {
        return ready.isEmpty() && openTasks() == 0;
    }

    /** Documents counted. */
    int documents() {
        return entries.size();
    }

    /** Names of all documents that are counted or under way. */
    Collection<String> ids() {
        Set<String> ids = new HashSet<>(entries.ids());
        for (Document document : documents.values()) {
            if (document.isUnderWay()) {
                ids.add(document.id);
            }
        }
        return ids;
    }

    /** Takes the time of what is counted by now; to be called after each turn. */
    void settle(long nowMillis) {
        for (Document oldest = fresh.peek(); oldest != null; oldest = fresh.peek()) {
            boolean isUnderWay = oldest.isUnderWay();
            if (isUnderWay && oldest.underWaySinceMillis() == oldest.freshSinceMillis) {
                return;
            }
            lastFreshness = nowMillis - oldest.freshSinceMillis;
            fresh.remove();
            if (isUnderWay) { // again: that change was counted, a newer one is not
                oldest.freshSinceMillis = oldest.underWaySinceMillis();
                fresh.add(oldest);
            } else {
                oldest.isFresh = false;
                leave(oldest);
            }
        }
    }

    /** Whether a change is not settled. */
    boolean isBehind() {
        return !fresh.isEmpty();
    }

    /** Age of the oldest change that is not settled, else what the last one took; -1 where there was none. */
    long freshnessMillis(long nowMillis) {
        Document oldest = fresh.peek();
        return oldest == null ? lastFreshness : nowMillis - oldest.freshSinceMillis;
    }

    /** Changes that came from the sources. */
    long changes() {
        return changes;
    }

    int waiting() {
        return ready.size();
    }

    /** Drafts are among them. */
    int openTasks() {
        return open.size() + drafts.size();
    }

    /** Documents that keep their last good version, and why. */
    Map<String, String> unreadable() {
        return Collections.unmodifiableMap(unreadable);
    }

    /** Why the job cannot go on; null while it can. */
    @Nullable
    String failure() {
        return failure;
    }
}
