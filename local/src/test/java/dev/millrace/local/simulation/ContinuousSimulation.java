package dev.millrace.local.simulation;

import dev.millrace.driver.continuous.SimulatedContinuousDriver;
import dev.millrace.job.BlockPosition;
import dev.millrace.job.Checkpoint;
import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.map.SimulatedDocumentMapper;
import dev.millrace.reducer.SimulatedContinuousReducer;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.DocumentCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A continuous job in one thread: documents that change, drivers, mappers, reducers, a neighbour that uses the same
 * topics, and the broker, one step of one of them at a time, in an order and with faults that a seed decides. What they
 * decide is the product's own code and passes through its own codecs; what carries their records is {@link Topic}.
 *
 * <p>Faults: every process dies between any two records of a transaction, before its commit, or behind it without
 * knowing; frozen ones go on later, with their transaction open or timed out; tasks are run twice, or again long after
 * newer ones; partitions move; topics are compacted and purged as far as the design allows. At barriers the table is
 * compared with a plain count of the documents.
 */
final class ContinuousSimulation {
    private static final String[] WORDS = {"mill", "race", "water", "é", "日本", "grain", "a", "weir", "x7", "sluice"};
    private static final int MOST_STEPS = 60_000;
    /** Millrace's are over after 10 s, and a broker looks for such every 10 s. */
    private static final int TRANSACTION_MILLIS = 10_000, LOOK_MILLIS = 10_000;

    private static final int DELIVERIES = 5;
    private static final String POSITION = "position";

    /** A defect put in on purpose, to see that the simulation finds it. */
    enum Planted {
        NOTHING,
        WATERMARK_ONE_TOO_HIGH,
        EVERY_EXECUTION_COUNTS,
        POSITION_WITHOUT_ITS_DOCUMENTS,
        POSITION_WITHOUT_ITS_INLINE_TASK,
        BLOCKS_EXPECTED_TOO_FAR_ON,
        OLD_BASE_USED,
        TOMBSTONES_NOT_WRITTEN,
        BARRIER_TOLD_BEFORE_ITS_COUNTS,
        OLD_DRIVER_NOT_FENCED,
        DRIVER_READS_TO_THE_STABLE_END,
        REDUCER_READS_TO_THE_STABLE_END,
        COUNTS_WITHOUT_THEIR_CHECKPOINT,
        ZOMBIES_PUBLISH,
        REDUCERS_READ_UNCOMMITTED,
        MAPPERS_FIND_NO_BLOCK_BEHIND_AN_OPEN_TRANSACTION
    }

    /** A record of any topic. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Rec(String key, byte @Nullable [] value, byte[] header) {
        Rec(String key, byte @Nullable [] value) {
            this(key, value, new byte[0]);
        }

        boolean isForeign() {
            return key.equals("foreign");
        }
    }

    private static final Rec FOREIGN = new Rec("foreign", new byte[0]);

    private final Random random;
    private final Planted planted;
    private final boolean calm, folder;
    /** Of four tasks that a driver may count itself. */
    private final int own;

    private final int partitions, transactionMillis;
    /** As many may make a document that no single task takes away. */
    private final int manyLines;

    private final JobSpec spec;
    private final JobId id = new JobId(7);
    private final Topic<Rec> jobs = new Topic<>(), tasks = new Topic<>(), events = new Topic<>();
    private final Topic<Rec> documents = new Topic<>(), sourceTopic = new Topic<>();
    private final List<Topic<Rec>> pairs = new ArrayList<>(), ledger = new ArrayList<>();
    private final List<Topic<Rec>> results = new ArrayList<>(), checkpoints = new ArrayList<>();
    private final long[] groupOffsets;
    private final Map<Topic.Transaction, Long> transactions = new LinkedHashMap<>();
    private long now = 1_000;
    int faults, barriers, inlined;
    /** Tasks that only take away, of a document of which other tasks do the rest. */
    int removals;

    private boolean faultsOver;
    private @Nullable String verdict;

    // The documents as they are: what the job is to count.
    private final TreeMap<String, String> truth = new TreeMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, Long> order = new HashMap<>();
    private long versions;
    private int editsLeft;

    private DriverActor driver;
    private @Nullable DriverActor frozenDriver;
    private int driverEpoch;
    private final List<MapperActor> mappers = new ArrayList<>();
    private final List<Delivery> deliveries = new ArrayList<>();
    private long deliveriesNext;
    private final ReducerActor[] owners;
    private final int[] generations;
    private final List<ReducerActor> zombies = new ArrayList<>();
    private Topic.@Nullable Transaction neighbour;

    // The one who asks for tables.
    private long barrier;
    private long barrierAskedAt, barrierEvents;
    private boolean barrierFrozen;
    private TreeMap<String, String> askedOf = new TreeMap<>();

    ContinuousSimulation(long seed, Planted planted) {
        this.random = new Random(seed);
        this.planted = planted;
        this.partitions = 1 + random.nextInt(3);
        this.calm = random.nextInt(10) == 0;
        this.folder = random.nextBoolean();
        this.own = random.nextInt(4);
        this.editsLeft = 10 + random.nextInt(50);
        this.groupOffsets = new long[partitions];
        this.generations = new int[partitions];
        this.owners = new ReducerActor[partitions];
        int partBytes = 4 << random.nextInt(5);
        manyLines = 20 + 2 * partBytes;
        spec = new JobSpec(
                id,
                "simulated",
                JobKind.CONTINUOUS,
                new TextRules("unicode", 1, List.of()),
                new InputSpec(List.of(), List.of(), List.of(), false, partBytes),
                partitions,
                "topic",
                1 + random.nextInt(4),
                4,
                false,
                0,
                0,
                0);
        for (int p = 0; p < partitions; p++) {
            pairs.add(new Topic<>());
            ledger.add(new Topic<>());
            results.add(new Topic<>());
            checkpoints.add(new Topic<>());
            pairs.get(p).append(null, new Rec("", LaneCodec.encode(new LaneRecord.OpenContinuous(id))));
        }
        for (int p = 0; p < partitions; p++) {
            owners[p] = new ReducerActor(p);
        }
        for (int m = 0; m <= random.nextInt(3); m++) {
            mappers.add(new MapperActor());
        }
        transactionMillis = TRANSACTION_MILLIS + random.nextInt(LOOK_MILLIS);
        driver = new DriverActor();
    }

    /** Runs to the end. Returns what went wrong, or null. */
    @Nullable
    String run() {
        for (int step = 0; step < MOST_STEPS; step++) {
            try {
                step();
            } catch (RuntimeException e) {
                return "step " + step + ": " + e + " at "
                        + List.of(e.getStackTrace()).subList(0, 4);
            }
            if (verdict != null) {
                return verdict.isEmpty() ? null : "step " + step + ": " + verdict;
            }
        }
        return "not finished after " + MOST_STEPS + " steps: " + driver + ", barrier " + barrier + ", edits left "
                + editsLeft;
    }

    private void step() {
        now += random.nextInt(30);
        if (random.nextInt(1_500) == 0) {
            now += 20_000;
        }
        faultsOver |= editsLeft == 0 && random.nextInt(1_000) == 0;
        transactions.entrySet().removeIf(each -> {
            if (each.getKey().state == Topic.State.OPEN && now - each.getValue() > transactionMillis) {
                each.getKey().abort();
            }
            return each.getKey().state != Topic.State.OPEN;
        });
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> driver.step();
            case 3, 4, 5 -> mappers.get(random.nextInt(mappers.size())).step();
            case 6, 7, 8 -> owners[random.nextInt(partitions)].step();
            case 9 -> ask();
            case 10 -> {
                if (random.nextInt(4) == 0 && editsLeft > 0 && !(barrier != 0 && barrierFrozen)) {
                    edit();
                }
            }
            default -> fault();
        }
    }

    private boolean chance(int oneIn) {
        return !calm && !faultsOver && random.nextInt(oneIn) == 0;
    }

    private Topic.Transaction begin() {
        Topic.Transaction transaction = new Topic.Transaction();
        transactions.put(transaction, now);
        return transaction;
    }

    private void fault() {
        if (calm || faultsOver || random.nextInt(4) != 0) {
            return;
        }
        faults++;
        int p = random.nextInt(partitions);
        MapperActor mapper = mappers.get(random.nextInt(mappers.size()));
        switch (random.nextInt(14)) {
            case 0 -> driver.die();
            case 1 -> {
                frozenDriver = driver;
                driver = new DriverActor();
            }
            case 2 -> {
                if (frozenDriver != null) {
                    for (int n = random.nextInt(6); n > 0; n--) {
                        frozenDriver.step();
                    }
                }
            }
            case 3, 4 -> mapper.crash();
            case 5 -> deliveries.forEach(Delivery::expire);
            case 6 -> mapper.runAgain();
            case 7 -> owners[p].replaced(false);
            case 8, 9 -> owners[p].replaced(true);
            case 10 -> {
                if (!zombies.isEmpty()) {
                    zombies.remove(random.nextInt(zombies.size())).wake();
                }
            }
            case 11 -> compact();
            case 12 -> purge();
            default -> disturb();
        }
    }

    private void compact() {
        ledger.get(random.nextInt(partitions)).compact(Rec::key, rec -> rec.value() == null);
        jobs.compact(Rec::key, rec -> false);
        if (barrier == 0) { // kept for as long as somebody may read up to a barrier
            documents.compact(Rec::key, rec -> rec.value() == null);
            results.get(random.nextInt(partitions)).compact(Rec::key, rec -> rec.value() == null);
        }
    }

    private void purge() {
        int p = random.nextInt(partitions);
        pairs.get(p).purge(groupOffsets[p]);
        ContinuousPosition position = position(jobs.stableEnd());
        if (position != null) {
            tasks.purge(position.tasksStart());
            events.purge(Math.min(position.eventsStart(), barrier == 0 ? Long.MAX_VALUE : barrierEvents));
        }
    }

    /** Another job on the same topics, which may leave its transaction open. */
    private void disturb() {
        Topic.Transaction open = neighbour;
        if (open != null && open.state == Topic.State.OPEN) {
            if (random.nextBoolean()) {
                open.commit();
            } else {
                open.abort();
            }
            return;
        }
        neighbour = begin();
        jobs.append(neighbour, FOREIGN);
        tasks.append(neighbour, FOREIGN);
        events.append(neighbour, FOREIGN);
        pairs.get(random.nextInt(partitions))
                .append(neighbour, new Rec("", LaneCodec.encode(new LaneRecord.Open(new JobId(9)))));
    }

    // ---- documents ------------------------------------------------------------------------------------------------

    private String line() {
        StringBuilder line = new StringBuilder();
        for (int n = random.nextInt(7); n > 0; n--) {
            line.append(WORDS[random.nextInt(WORDS.length)]).append(n == 1 ? "" : " ");
        }
        return line.append('\n').toString();
    }

    private String text(int lines) {
        StringBuilder text = new StringBuilder();
        for (int n = lines; n > 0; n--) {
            text.append(line());
        }
        return text.toString();
    }

    private void edit() {
        editsLeft--;
        String document = "d" + random.nextInt(5);
        String version = truth.get(document);
        String text = version == null ? "" : Objects.requireNonNull(texts.get(version));
        if (version == null) {
            save(document, text(random.nextInt(random.nextInt(4) == 0 ? manyLines : 6)));
            return;
        }
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> save(document, text + text(1 + random.nextInt(4)));
            case 3 -> save(document, text(random.nextInt(30)));
            case 4 -> save(document, text.substring(0, text.lastIndexOf('\n', text.length() / 2) + 1));
            case 5 -> delete(document);
            case 6 -> {
                delete(document);
                save(document, random.nextBoolean() ? text : text(random.nextInt(6)));
            }
            case 7 -> rename(document, "d" + random.nextInt(5));
            case 8 -> {
                save(document, "");
                save(document, text);
            }
            default -> {
                int at = text.indexOf('\n', random.nextInt(text.length() + 1)) + 1;
                save(document, text.substring(0, at) + line() + text.substring(at));
            }
        }
    }

    private void save(String document, String text) {
        String version = folder ? "v" + versions : "0@" + sourceTopic.writtenEnd();
        texts.put(version, text);
        order.put(version, versions++);
        truth.put(document, version);
        sourceTopic.append(null, new Rec(document, text.getBytes(StandardCharsets.UTF_8)));
    }

    private void delete(String document) {
        truth.remove(document);
        sourceTopic.append(null, new Rec(document, null));
    }

    private void rename(String from, String to) {
        if (truth.containsKey(to)) {
            return;
        }
        String version = Objects.requireNonNull(truth.get(from));
        if (folder) {
            truth.remove(from);
            truth.put(to, version);
        } else {
            delete(from);
            save(to, Objects.requireNonNull(texts.get(version)));
        }
    }

    private static void count(String text, Map<String, Long> into) {
        for (String word : text.split("[ \n]+", -1)) {
            if (!word.isEmpty()) {
                into.merge(word, 1L, Long::sum);
            }
        }
    }

    // ---- tables ---------------------------------------------------------------------------------------------------

    private void ask() {
        if (barrier != 0) {
            if (now - barrierAskedAt > 200_000) {
                barrier = 0; // its driver is gone: ask again
            } else if (random.nextInt(3) == 0) {
                check();
            }
            return;
        }
        if (random.nextInt(editsLeft == 0 ? 4 : 80) == 0) {
            barrier = 1L + random.nextInt(Integer.MAX_VALUE);
            barrierAskedAt = now;
            barrierFrozen = random.nextBoolean();
            barrierEvents = events.writtenEnd();
            askedOf = new TreeMap<>(truth);
            events.append(null, new Rec("", ControlCodec.encode(new Event.BarrierAsked(id, barrier))));
        }
    }

    private void check() {
        Event.BarrierReached reached = null;
        Map<Integer, Event.PartitionBarrier> parts = new HashMap<>();
        for (Topic.Read<Rec> read : events.read(Math.max(barrierEvents, events.start()), Integer.MAX_VALUE)) {
            if (read.value().isForeign()) {
                continue;
            }
            Event event = ControlCodec.event(Objects.requireNonNull(read.value().value()));
            if (event instanceof Event.BarrierReached each && each.barrier() == barrier) {
                reached = each;
            } else if (event instanceof Event.PartitionBarrier each && each.barrier() == barrier) {
                parts.put(each.partition(), each);
            } else if (event instanceof Event.PartitionFailed failed) {
                verdict = failed.message();
                return;
            }
            if (reached != null && parts.size() == partitions) {
                break;
            }
        }
        if (reached == null || parts.size() < partitions) {
            return;
        }
        for (Event.PartitionBarrier each : parts.values()) {
            if (results.get(each.partition()).stableEnd() < each.resultsEnd()) {
                return; // a reader waits
            }
        }
        if (documents.stableEnd() < reached.documentsEnd()) {
            return;
        }
        Map<String, Long> counts = new TreeMap<>();
        long words = 0;
        for (Event.PartitionBarrier each : parts.values()) {
            words += each.words();
            counts.putAll(counts(each.partition(), each.resultsEnd()));
        }
        compare(reached, words, counts);
        barriers++;
        barrier = 0;
        if (verdict == null && editsLeft == 0 && barrierFrozen) {
            verdict = "";
        }
    }

    private Map<String, Long> counts(int partition, long end) {
        Map<String, Long> counts = new TreeMap<>();
        for (Topic.Read<Rec> read : results.get(partition).read(0, Integer.MAX_VALUE)) {
            byte[] value = read.value().value();
            if (read.offset() >= end) {
                break;
            } else if (value == null) {
                counts.remove(read.value().key());
            } else {
                counts.put(read.value().key(), ByteBuffer.wrap(value).getLong());
            }
        }
        return counts;
    }

    private Map<String, DocumentEntry> entries(long end) {
        Map<String, DocumentEntry> entries = new TreeMap<>();
        for (Topic.Read<Rec> read : documents.read(0, Integer.MAX_VALUE)) {
            byte[] value = read.value().value();
            if (read.offset() >= end) {
                break;
            } else if (value == null) {
                entries.remove(read.value().key());
            } else {
                entries.put(read.value().key(), DocumentCodec.document(value));
            }
        }
        return entries;
    }

    private void compare(Event.BarrierReached reached, long words, Map<String, Long> counts) {
        Map<String, Long> plain = new TreeMap<>();
        PartitionTotal documented = PartitionTotal.ZERO;
        Map<String, DocumentEntry> entries = entries(reached.documentsEnd());
        for (Map.Entry<String, DocumentEntry> each : entries.entrySet()) {
            String version = each.getValue().version();
            String text = texts.get(version);
            if (text == null) {
                verdict = each.getKey() + " is counted in a version " + version + " that never was";
                return;
            }
            count(text, plain);
            documented = documented.plus(each.getValue().total());
            String asked = askedOf.get(each.getKey());
            if (asked != null && rank(asked) > rank(version)) {
                verdict = each.getKey() + " is counted as " + version + ", was " + asked;
                return;
            }
        }
        if (barrierFrozen && !entries.keySet().equals(truth.keySet())) {
            verdict = "counted " + entries.keySet() + " where there are " + truth.keySet();
        } else if (!counts.equals(plain)) {
            verdict = "counted " + counts + " in place of " + plain;
        } else if (words != counts.size() || reached.documents() != entries.size()) {
            verdict = "stated " + words + " words, " + reached.documents() + " documents, there are " + counts.size()
                    + " and " + entries.size();
        } else if (!documented.equals(reached.total())) {
            verdict = "the documents come to " + documented + ", the tasks to " + reached.total();
        }
    }

    private long rank(String version) {
        return Objects.requireNonNull(order.get(version));
    }

    // ---- drivers --------------------------------------------------------------------------------------------------

    private @Nullable ContinuousPosition position(long end) {
        ContinuousPosition position = null;
        for (Topic.Read<Rec> read : jobs.read(0, Integer.MAX_VALUE)) {
            if (read.offset() < end && read.value().key().equals(POSITION)) {
                position = ControlCodec.position(
                        Objects.requireNonNull(read.value().value()));
            }
        }
        return position;
    }

    private final class DriverActor {
        private final int epoch = ++driverEpoch;
        private final SimulatedContinuousDriver driver = new SimulatedContinuousDriver(spec);
        private final long jobsEnd = jobs.writtenEnd(), documentsEnd = documents.writtenEnd();
        private final long tasksEnd = tasks.writtenEnd();
        private boolean running;
        private Topic.@Nullable Transaction transaction;
        private List<Runnable> writes = List.of();
        private int written;
        private Runnable then = () -> {};
        private long sourceNext, lastFlush;
        private final Map<String, String> told = new HashMap<>();
        private final Queue<Long> asked = new ArrayDeque<>();
        private final SimulatedDocumentMapper mapper = new SimulatedDocumentMapper(partitions, this::fetch);
        /** What the driver's own tasks of the next transaction came to. */
        private record Counted(DocumentTask task, SimulatedDocumentMapper.Output output) {}

        private final List<Counted> counted = new ArrayList<>();
        private final List<Runnable> ownWrites = new ArrayList<>();

        private long atBarrier, barrierEnd;
        private boolean draining, scanned;

        DriverActor() {
            if (planted != Planted.OLD_DRIVER_NOT_FENCED) {
                DriverActor old = ContinuousSimulation.this.driver;
                for (DriverActor each : new DriverActor[] {old, frozenDriver}) {
                    if (each != null && each.transaction != null) {
                        each.transaction.abort();
                    }
                }
            }
        }

        void die() {
            ContinuousSimulation.this.driver = new DriverActor();
        }

        void step() {
            if (!running) {
                recover();
            } else if (!writes.isEmpty()) {
                write();
            } else {
                work();
            }
        }

        private void recover() {
            boolean patient = planted != Planted.DRIVER_READS_TO_THE_STABLE_END;
            if (epoch != driverEpoch
                    || patient
                            && (jobs.stableEnd() < jobsEnd
                                    || documents.stableEnd() < documentsEnd
                                    || tasks.stableEnd() < tasksEnd)) {
                return;
            }
            ContinuousPosition position = position(Long.MAX_VALUE);
            for (int p = 0; p < partitions; p++) {
                driver.reach(p, ledger.get(p).writtenEnd());
            }
            if (position != null) {
                driver.restore(position);
                for (Topic.Read<Rec> read : documents.read(0, Integer.MAX_VALUE)) {
                    driver.restore(read.value().key(), read.value().value());
                }
                for (Topic.Read<Rec> read : tasks.read(driver.tasksStart(), Integer.MAX_VALUE)) {
                    if (!read.value().isForeign()) {
                        driver.restore(
                                (DocumentTask) ControlCodec.task(
                                        Objects.requireNonNull(read.value().value())),
                                read.value().header(),
                                now);
                    }
                }
                if (driver.disagreement() != null) {
                    verdict = "failed: DATA_LOST: " + driver.disagreement();
                }
            }
            Long next = driver.sourcePosition("source");
            sourceNext = next == null ? 0 : next;
            for (String each : driver.ids()) {
                DocumentEntry entry = driver.entry(each);
                told.put(each, entry == null ? "" : entry.version());
            }
            running = true;
        }

        private void work() {
            if (epoch == driverEpoch || driver.eventsNext() >= events.start()) {
                readEvents();
            }
            if (!draining && driver.hasRoom()) {
                readSource();
            }
            if (driver.failure() != null) {
                if (epoch == driverEpoch) {
                    verdict = "failed: " + driver.failure();
                }
                return;
            }
            if (atBarrier == 0 && !asked.isEmpty()) {
                atBarrier = asked.remove();
                barrierEnd = sourceTopic.writtenEnd();
                scanned = false;
            }
            if (atBarrier != 0 && !draining) {
                draining = folder ? scanned : sourceNext >= barrierEnd;
            }
            if (atBarrier != 0 && draining && driver.isQuiet()) {
                long number = atBarrier;
                begin(driver.barrier(number, tasks::stableEnd), () -> tell(number));
                return;
            }
            boolean flush = now - lastFlush > 200 && driver.wantsFlush();
            counted.clear();
            ownWrites.clear();
            SimulatedContinuousDriver.Batch batch = driver.publish(now, flush, tasks::stableEnd, counting);
            if (batch != null) {
                lastFlush = flush ? now : lastFlush;
                begin(batch, () -> {});
            }
        }

        private void readEvents() {
            for (Topic.Read<Rec> read : events.read(driver.eventsNext(), 1 + random.nextInt(8))) {
                driver.taken(read.offset());
                if (read.value().isForeign()) {
                    continue;
                }
                Event event =
                        ControlCodec.event(Objects.requireNonNull(read.value().value()));
                if (event instanceof Event.BarrierAsked each) {
                    asked.add(each.barrier());
                } else {
                    driver.apply(event, now);
                }
            }
        }

        private void readSource() {
            if (folder) {
                scan();
                return;
            }
            for (Topic.Read<Rec> read : sourceTopic.read(sourceNext, 1 + random.nextInt(3))) {
                sourceNext = read.offset() + 1;
                Rec rec = read.value();
                driver.change(rec.key(), "0@" + read.offset(), rec.value(), "source", read.offset());
            }
        }

        /** As a folder is scanned: compares what is there with what was told. */
        private void scan() {
            List<String> gone = new ArrayList<>();
            driver.ids().forEach(each -> {
                if (!truth.containsKey(each) && !"gone".equals(told.get(each))) {
                    gone.add(each);
                }
            });
            for (Map.Entry<String, String> each : truth.entrySet()) {
                String document = each.getKey(), version = each.getValue();
                if (version.equals(told.get(document)) || chance(3)) {
                    continue;
                }
                String from = gone.stream()
                        .filter(old -> version.equals(told.get(old)))
                        .findFirst()
                        .orElse(null);
                byte[] text = Objects.requireNonNull(texts.get(version)).getBytes(StandardCharsets.UTF_8);
                if (from != null && driver.rename(from, document, version, text)) {
                    told.put(from, "gone");
                    gone.remove(from);
                } else {
                    driver.change(document, version, text, "", 0);
                }
                told.put(document, version);
            }
            for (String each : gone) {
                driver.change(each, "gone", null, "", 0);
                told.put(each, "gone");
            }
            scanned = truth.entrySet().stream().allMatch(e -> e.getValue().equals(told.get(e.getKey())));
        }

        /** Some tasks, at once or later, if their old blocks can be read then. */
        private final SimulatedContinuousDriver.Counting counting = new SimulatedContinuousDriver.Counting() {
            @Override
            public boolean begins() {
                return random.nextInt(4) < own;
            }

            @Override
            public boolean isDone() {
                return random.nextInt(3) != 0;
            }

            @Override
            public boolean count(SimulatedContinuousDriver.Task task) {
                SimulatedDocumentMapper.Output output = mapper.map(task.task(), task.texts(), random);
                if (output != null) {
                    counted.add(new Counted(task.task(), output));
                }
                return output != null;
            }

            @Override
            public List<Event.DocumentsDone> done(Function<List<Integer>, List<Long>> earliest) {
                List<Runnable> others = new ArrayList<>();
                List<Integer> homes = new ArrayList<>();
                for (Counted each : counted) {
                    int home = home(each.task);
                    List<Runnable> blocks = blockWrites(
                            each.task, each.output, () -> transaction, offset -> driver.reach(home, offset + 1));
                    ownWrites.addAll(blocks);
                    homes.addAll(Collections.nCopies(blocks.size(), home));
                }
                Iterator<Long> offsets = earliest.apply(homes).iterator();
                List<Event.DocumentsDone> done = new ArrayList<>();
                for (Counted each : counted) {
                    long execution = random.nextLong();
                    List<Long> own = new ArrayList<>();
                    for (DocumentTask.Change change : each.task.changes()) {
                        if (!change.isRemoval()) {
                            own.add(offsets.next() + (planted == Planted.BLOCKS_EXPECTED_TOO_FAR_ON ? 3 : 0));
                        }
                    }
                    others.addAll(otherWrites(each.task, each.output, execution, () -> transaction));
                    done.add(ContinuousSimulation.this.done(each.task, each.output, execution, "d", own));
                }
                ownWrites.addAll(others);
                return done;
            }
        };

        private byte @Nullable [] fetch(BlockPosition position) {
            String key = position.task() + "/" + position.change();
            for (Topic.Read<Rec> read : ledger.get(position.partition()).read(position.offset(), 3)) {
                if (read.value().key().equals(key)) {
                    return read.value().value();
                }
            }
            return null;
        }

        private void begin(SimulatedContinuousDriver.Batch batch, Runnable next) {
            List<Runnable> plan = new ArrayList<>(batch.own().isEmpty() ? List.of() : ownWrites);
            Runnable afterwards = () -> {
                inlined += batch.own().size();
                next.run();
            };
            for (SimulatedContinuousDriver.Task each : batch.tasks()) {
                removals += isRest(each.task(), batch.tasks()) ? 1 : 0;
                Rec rec = new Rec("", ControlCodec.encode(each.task()), each.texts());
                plan.add(() -> tasks.append(transaction, rec));
            }
            if (planted != Planted.POSITION_WITHOUT_ITS_DOCUMENTS || random.nextInt(4) != 0) {
                for (SimulatedContinuousDriver.Entry each : batch.documents()) {
                    Rec rec = new Rec(each.id(), each.value());
                    plan.add(() -> documents.append(transaction, rec));
                }
            }
            for (int p = 0; p < batch.watermarks().size(); p++) {
                LaneRecord.Watermark mark = batch.watermarks().get(p);
                if (planted == Planted.WATERMARK_ONE_TOO_HIGH) {
                    mark = new LaneRecord.Watermark(id, mark.below() + 1, mark.total(), mark.barrier());
                }
                Topic<Rec> lane = pairs.get(p);
                Rec rec = new Rec("", LaneCodec.encode(mark));
                plan.add(() -> lane.append(transaction, rec));
            }
            ContinuousPosition position =
                    planted == Planted.POSITION_WITHOUT_ITS_INLINE_TASK ? batch.before() : batch.position();
            plan.add(() -> jobs.append(transaction, new Rec(POSITION, ControlCodec.encode(position))));
            start(plan, afterwards);
        }

        private static boolean isRest(DocumentTask task, List<SimulatedContinuousDriver.Task> all) {
            String document = task.documents().get(0).id();
            return task.changes().stream().allMatch(DocumentTask.Change::isRemoval)
                    && all.stream()
                            .filter(each -> each.task().number() != task.number())
                            .anyMatch(each -> each.task().documents().stream()
                                    .anyMatch(target -> target.id().equals(document)));
        }

        private void tell(long number) {
            Rec rec = new Rec(
                    "",
                    ControlCodec.encode(new Event.BarrierReached(
                            id, number, documents.writtenEnd(), driver.documents(), driver.total(), List.of())));
            start(List.of(() -> events.append(transaction, rec)), () -> {
                atBarrier = 0;
                draining = false;
            });
        }

        private void start(List<Runnable> plan, Runnable next) {
            writes = plan;
            written = 0;
            then = next;
        }

        private void write() {
            boolean current = epoch == driverEpoch || planted == Planted.OLD_DRIVER_NOT_FENCED;
            if (written == 0) {
                if (!current) {
                    return; // fenced
                }
                transaction = ContinuousSimulation.this.begin();
            }
            Topic.Transaction open = Objects.requireNonNull(transaction);
            for (int n = 1 + random.nextInt(4); n > 0 && written < writes.size(); n--) {
                if (open.state == Topic.State.OPEN) {
                    writes.get(written).run();
                }
                written++;
            }
            if (written < writes.size()) {
                return;
            }
            if (open.state != Topic.State.OPEN) { // too slow: fenced by the broker itself, and this driver ends
                if (epoch == driverEpoch) {
                    die();
                }
                return;
            }
            open.commit();
            if (chance(30)) {
                written = 0; // the answer got lost: done again
                return;
            }
            writes = List.of();
            then.run();
        }

        @Override
        public String toString() {
            return "driver " + epoch + " running " + running + " writing " + writes.size() + " barrier " + atBarrier
                    + " draining " + draining + " " + driver;
        }
    }

    // ---- mappers --------------------------------------------------------------------------------------------------

    private static final class Delivery {
        private final Rec record;
        private int count;
        private boolean held, over;

        Delivery(Rec record) {
            this.record = record;
        }

        void expire() {
            held = false;
            over |= count >= DELIVERIES;
        }
    }

    private @Nullable Delivery take() {
        for (Topic.Read<Rec> read : tasks.read(Math.max(tasks.start(), deliveriesNext), 8)) {
            deliveriesNext = read.offset() + 1;
            if (!read.value().isForeign()) {
                deliveries.add(new Delivery(read.value()));
            }
        }
        for (Delivery each : deliveries) {
            if (!each.over && !each.held) {
                each.held = true;
                each.count++;
                return each;
            }
        }
        return null;
    }

    /** Blocks first, for what is said names where they lie; then the old blocks' tombstones, the deltas, and what is said. */
    private int home(DocumentTask task) {
        return (int) (task.number() % partitions);
    }

    /** @param told the offset of each new block */
    private List<Runnable> blockWrites(
            DocumentTask task,
            SimulatedDocumentMapper.Output counted,
            Supplier<Topic.@Nullable Transaction> transaction,
            LongConsumer told) {
        List<Runnable> plan = new ArrayList<>();
        Topic<Rec> lane = ledger.get(home(task));
        for (int i = 0; i < task.changes().size(); i++) {
            if (!task.changes().get(i).isRemoval()) {
                Rec rec = new Rec(task.number() + "/" + i, counted.blocks().get(i));
                plan.add(() -> {
                    told.accept(lane.writtenEnd());
                    lane.append(transaction.get(), rec);
                });
            }
        }
        return plan;
    }

    /** What comes behind the blocks: the tombstones of the old ones, and the differences. */
    private List<Runnable> otherWrites(
            DocumentTask task,
            SimulatedDocumentMapper.Output counted,
            long execution,
            Supplier<Topic.@Nullable Transaction> transaction) {
        List<Runnable> plan = new ArrayList<>();
        for (DocumentTask.Change each : task.changes()) {
            BlockPosition base = each.base();
            if (!base.isNone()) {
                plan.add(() -> ledger.get(base.partition())
                        .append(transaction.get(), new Rec(base.task() + "/" + base.change(), null)));
            }
        }
        List<Deque<Runnable>> lanes = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            Topic<Rec> lane = pairs.get(p);
            List<byte[]> deltas = counted.deltas().get(p);
            Deque<Runnable> sends = new ArrayDeque<>();
            for (int part = 0; part < deltas.size(); part++) {
                byte[] block = deltas.get(part);
                Rec rec = new Rec(
                        "",
                        LaneCodec.encode(new LaneRecord.Delta(
                                id, task.number(), execution, part, deltas.size(), block, 0, block.length)));
                sends.add(() -> lane.append(transaction.get(), rec));
            }
            lanes.add(sends);
        }
        while (lanes.stream().anyMatch(lane -> !lane.isEmpty())) {
            Deque<Runnable> lane = lanes.get(random.nextInt(partitions));
            if (!lane.isEmpty()) {
                plan.add(lane.remove());
            }
        }
        return plan;
    }

    /** @param offsets of the new blocks */
    private Event.DocumentsDone done(
            DocumentTask task,
            SimulatedDocumentMapper.Output counted,
            long execution,
            String worker,
            List<Long> offsets) {
        Iterator<Long> offset = offsets.iterator();
        List<Event.Block> placed = new ArrayList<>();
        for (int i = 0; i < task.changes().size(); i++) {
            Event.Block block = counted.counted().get(i);
            placed.add(
                    task.changes().get(i).isRemoval()
                            ? block
                            : new Event.Block(home(task), offset.next(), block.total(), block.text()));
        }
        List<Integer> parts = counted.deltas().stream().map(List::size).toList();
        return new Event.DocumentsDone(
                id, task.number(), task.attempt(), execution, worker, parts, counted.totals(), placed);
    }

    private final Map<String, BlockPosition> bases = new HashMap<>(), basesBefore = new HashMap<>();

    private final class MapperActor {
        private SimulatedDocumentMapper mapper = newMapper();
        private @Nullable Delivery delivery;
        private @Nullable DocumentTask task;
        private SimulatedDocumentMapper.@Nullable Output output;
        private long execution;
        private Topic.@Nullable Transaction transaction;
        private List<Runnable> writes = List.of();
        private int written;
        private boolean waits;
        private long frozenUntil;

        private SimulatedDocumentMapper newMapper() {
            return new SimulatedDocumentMapper(partitions, this::fetch);
        }

        /** As the ledger is read: from the place on, where the block or a later copy of it lies. */
        private byte @Nullable [] fetch(BlockPosition position) {
            Topic<Rec> lane = ledger.get(position.partition());
            String key = position.task() + "/" + position.change();
            for (Topic.Read<Rec> read : lane.read(position.offset(), Integer.MAX_VALUE)) {
                if (read.value().key().equals(key) && read.value().value() != null) {
                    return read.value().value();
                }
            }
            waits = lane.stableEnd() < lane.writtenEnd()
                    && planted != Planted.MAPPERS_FIND_NO_BLOCK_BEHIND_AN_OPEN_TRANSACTION;
            return null;
        }

        void step() {
            DocumentTask current = task;
            if (now < frozenUntil) {
                return;
            } else if (chance(transaction == null ? 150 : 30)) { // amid its writes it hides what others write behind
                frozenUntil = now + random.nextInt(2_000 * (1 + random.nextInt(8)));
            } else if (delivery == null) {
                delivery = take();
                if (delivery != null) {
                    open(delivery);
                }
            } else if (current != null && output == null) {
                compute(current);
            } else if (written < writes.size()) {
                write();
            } else {
                commit();
            }
        }

        private void open(Delivery taken) {
            task = (DocumentTask) ControlCodec.task(Objects.requireNonNull(taken.record.value()));
            output = null;
            execution = random.nextLong();
            written = 0;
        }

        private void compute(DocumentTask current) {
            DocumentTask read = current;
            if (planted == Planted.OLD_BASE_USED && random.nextInt(4) == 0) {
                read = withOldBases(current);
            }
            waits = false;
            SimulatedDocumentMapper.Output counted =
                    mapper.map(read, Objects.requireNonNull(delivery).record.header(), random);
            if (waits) {
                return;
            }
            for (DocumentTask.Change change : current.changes()) {
                String part = current.documents().get(change.document()).id() + "/" + change.part();
                BlockPosition before = bases.put(part, change.base());
                if (before != null && !before.equals(change.base())) {
                    basesBefore.put(part, before);
                }
            }
            output = counted;
            if (counted == null || chance(40)) {
                Rec failed = event(new Event.DocumentsFailed(
                        id, current.number(), current.attempt(), execution, "m", "a block is gone, or by chance"));
                output = new SimulatedDocumentMapper.Output(List.of(), List.of(), List.of(), List.of());
                writes = List.of(() -> events.append(transaction, failed));
            } else {
                List<Long> offsets = new ArrayList<>();
                writes = new ArrayList<>();
                writes.add(offsets::clear); // it may be done again
                writes.addAll(blockWrites(current, counted, () -> transaction, offsets::add));
                writes.addAll(otherWrites(current, counted, execution, () -> transaction));
                writes.add(() -> events.append(transaction, event(done(current, counted, execution, "m", offsets))));
            }
        }

        private DocumentTask withOldBases(DocumentTask current) {
            List<DocumentTask.Change> changes = new ArrayList<>();
            for (DocumentTask.Change each : current.changes()) {
                String part = current.documents().get(each.document()).id() + "/" + each.part();
                BlockPosition old = basesBefore.getOrDefault(part, each.base());
                changes.add(new DocumentTask.Change(
                        each.document(), each.part(), old, each.baseHash(), each.hash(), each.bytes()));
            }
            return new DocumentTask(id, current.number(), 1, current.rules(), partitions, current.documents(), changes);
        }

        private Rec event(Event event) {
            return new Rec("", ControlCodec.encode(event));
        }

        private void write() {
            if (written == 0) {
                transaction = begin();
            }
            for (int n = 1 + random.nextInt(8); n > 0 && written < writes.size(); n--) {
                if (Objects.requireNonNull(transaction).state == Topic.State.OPEN) {
                    writes.get(written).run();
                }
                written++;
            }
        }

        private void commit() {
            Topic.Transaction open = Objects.requireNonNull(transaction);
            if (open.state == Topic.State.ABORTED) {
                written = 0; // timed out: the same execution starts over
                return;
            }
            open.commit();
            if (chance(12)) {
                written = 0; // the answer got lost
                return;
            }
            Delivery held = Objects.requireNonNull(delivery);
            held.over |= held.held;
            reset();
        }

        private void reset() {
            delivery = null;
            task = null;
            output = null;
            transaction = null;
            writes = List.of();
            written = 0;
        }

        /** Dies; another comes back under its id, which ends what was open, or under another one, which does not. */
        void crash() {
            if (transaction != null && random.nextBoolean()) {
                transaction.abort();
            }
            if (delivery != null && delivery.held) {
                delivery.expire();
            }
            reset();
            mapper = newMapper();
        }

        /** Gets a task that was done long ago. */
        void runAgain() {
            if (delivery == null && !deliveries.isEmpty()) {
                delivery = new Delivery(deliveries.get(random.nextInt(deliveries.size())).record);
                open(delivery);
            }
        }
    }

    // ---- reducers -------------------------------------------------------------------------------------------------

    private final class ReducerActor {
        private final int partition;
        private final int generation;
        private @Nullable SimulatedContinuousReducer reducer;
        private long checkpointsEnd = -1, resultsEnd;
        private final Deque<Topic.Read<Rec>> polled = new ArrayDeque<>();
        private final List<Event> told = new ArrayList<>();
        private SimulatedContinuousReducer.@Nullable Publication publication;
        private Topic.@Nullable Transaction transaction;
        private List<Runnable> writes = List.of();
        private int written;
        private boolean offsetsSent, markReady;

        ReducerActor(int partition) {
            this.partition = partition;
            this.generation = ++generations[partition];
        }

        private boolean isOwner() {
            return generation == generations[partition] || planted == Planted.ZOMBIES_PUBLISH;
        }

        void step() {
            SimulatedContinuousReducer current = reducer;
            if (current == null) {
                takeOver();
            } else if (publication != null) {
                publish(publication);
            } else {
                work(current);
            }
        }

        /** Waits for transactions on the offsets first, then reads the checkpoint and the results. */
        private void takeOver() {
            for (ReducerActor zombie : zombies) {
                Topic.Transaction open = zombie.transaction;
                if (zombie.partition == partition
                        && zombie.offsetsSent
                        && open != null
                        && open.state == Topic.State.OPEN) {
                    return;
                }
            }
            Topic<Rec> saved = checkpoints.get(partition), counts = results.get(partition);
            if (checkpointsEnd < 0) {
                checkpointsEnd = saved.writtenEnd();
                resultsEnd = counts.writtenEnd();
            }
            if (planted != Planted.REDUCER_READS_TO_THE_STABLE_END
                    && (saved.stableEnd() < checkpointsEnd || counts.stableEnd() < resultsEnd)) {
                return;
            }
            Checkpoint newest = null;
            for (Topic.Read<Rec> read : saved.read(0, Integer.MAX_VALUE)) {
                newest = ControlCodec.checkpoint(
                        Objects.requireNonNull(read.value().value()));
            }
            if (newest != null && newest.position() != groupOffsets[partition]) {
                verdict = "DATA_LOST: reduced up to " + groupOffsets[partition] + ", checkpoint " + newest;
                return;
            }
            SimulatedContinuousReducer fresh = new SimulatedContinuousReducer(partition, id, newest);
            counts(partition, Long.MAX_VALUE).forEach(fresh::restore);
            fresh.restored();
            reducer = fresh;
        }

        private void work(SimulatedContinuousReducer current) {
            if (polled.isEmpty()) {
                Topic<Rec> lane = pairs.get(partition);
                int most = 1 + random.nextInt(6);
                long from = current.nextOffset();
                if (from < lane.start() && generation != generations[partition]) {
                    return; // a zombie ends here
                }
                polled.addAll(
                        planted == Planted.REDUCERS_READ_UNCOMMITTED
                                ? lane.readUncommitted(from, most)
                                : lane.read(from, most));
            }
            while (!polled.isEmpty()) {
                Topic.Read<Rec> read = polled.peek();
                LaneRecord record =
                        LaneCodec.decode(Objects.requireNonNull(read.value().value()));
                if (record instanceof LaneRecord.Watermark mark && mark.barrier() != 0) {
                    if (current.isDirty() && !markReady && planted != Planted.BARRIER_TOLD_BEFORE_ITS_COUNTS) {
                        markReady = true;
                        start(current);
                        return;
                    }
                    markReady = false;
                    polled.remove();
                    current.apply(read.offset(), record);
                    Event.PartitionBarrier reached = current.reached(
                            mark.barrier(),
                            read.offset(),
                            results.get(partition).writtenEnd());
                    if (reached != null) {
                        told.add(reached);
                    }
                    start(current);
                    return;
                }
                polled.remove();
                if (planted == Planted.EVERY_EXECUTION_COUNTS && record instanceof LaneRecord.Delta d) {
                    record = new LaneRecord.Delta(
                            id,
                            d.task() + 1_000_000 * Math.floorMod(d.execution(), 1_000L),
                            d.execution(),
                            d.part(),
                            d.parts(),
                            d.bytes(),
                            d.from(),
                            d.to());
                }
                current.apply(read.offset(), record);
            }
            if (current.isDirty()) {
                start(current);
            }
        }

        private void start(SimulatedContinuousReducer current) {
            SimulatedContinuousReducer.Publication due = current.publication();
            List<Runnable> plan = new ArrayList<>();
            due.counts().forEach((word, count) -> {
                byte[] value = count == 0
                        ? null
                        : ByteBuffer.allocate(Long.BYTES).putLong(count).array();
                if (value != null || planted != Planted.TOMBSTONES_NOT_WRITTEN) {
                    plan.add(() -> results.get(partition).append(transaction, new Rec(word, value)));
                }
            });
            Rec checkpoint = new Rec("" + partition, ControlCodec.encode(due.checkpoint()));
            if (planted == Planted.COUNTS_WITHOUT_THEIR_CHECKPOINT) {
                plan.add(() -> {
                    Objects.requireNonNull(transaction).commit();
                    transaction = begin();
                });
            }
            plan.add(() -> checkpoints.get(partition).append(transaction, checkpoint));
            due.events().forEach(event -> plan.add(() -> append(event)));
            told.forEach(event -> plan.add(() -> append(event)));
            publication = due;
            writes = plan;
            written = 0;
        }

        private void append(Event event) {
            events.append(transaction, new Rec("", ControlCodec.encode(event)));
        }

        private void publish(SimulatedContinuousReducer.Publication due) {
            if (written == 0) {
                transaction = begin();
                offsetsSent = false;
            }
            Topic.Transaction open = Objects.requireNonNull(transaction);
            for (int n = 1 + random.nextInt(8); n > 0 && written < writes.size(); n--) {
                open = Objects.requireNonNull(transaction);
                if (open.state == Topic.State.OPEN) {
                    writes.get(written).run();
                }
                written++;
            }
            if (written < writes.size()) {
                return;
            }
            open = Objects.requireNonNull(transaction);
            if (open.state == Topic.State.ABORTED) {
                refused();
                return;
            }
            if (!offsetsSent) {
                if (!isOwner() || chance(25)) {
                    open.abort();
                    refused();
                } else {
                    offsetsSent = true;
                }
                return;
            }
            open.commit();
            groupOffsets[partition] = due.checkpoint().position();
            if (chance(15)) {
                written = 0; // the answer got lost
                return;
            }
            due.confirm().run();
            told.clear();
            publication = null;
        }

        /** Not ours any more, or in the middle of a rebalance: what is left of the poll is read again. */
        private void refused() {
            publication = null;
            markReady = false;
            polled.clear();
        }

        /** Another reducer takes the partition: this one is dead, or frozen without knowing. */
        void replaced(boolean frozen) {
            if (!frozen && transaction != null && random.nextBoolean()) {
                transaction.abort();
            }
            zombies.add(this); // a dead one never wakes, but its transaction may stay open for a while
            dead = !frozen;
            if (planted == Planted.ZOMBIES_PUBLISH) {
                generations[partition]--;
            }
            owners[partition] = new ReducerActor(partition);
        }

        private boolean dead;

        void wake() {
            if (dead) {
                if (transaction != null) {
                    transaction.abort();
                }
                return;
            }
            for (int i = random.nextInt(12); i > 0 && reducer != null; i--) {
                step();
            }
            if (publication != null && transaction != null && random.nextBoolean()) {
                zombies.add(this);
            }
        }
    }
}
