package dev.millrace.local.simulation;

import dev.millrace.driver.SimulatedDriver;
import dev.millrace.job.Checkpoint;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import dev.millrace.reducer.SimulatedReducer;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.StopWords;
import dev.millrace.shuffle.WordHash;
import dev.millrace.shuffle.WordTable;
import dev.millrace.wire.ControlCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Drivers, mappers, reducers and the broker, one step of one of them at a time, in an order and with faults that a seed
 * decides. What they decide is the product's own code and passes through its own codecs; what carries their records is
 * the model in {@link Topic} and the share group below.
 *
 * <p>Faults: processes die between any two steps, with a transaction open or with its commit done and unknown; frozen
 * ones go on after another has taken their work; tasks are handed out again, and given up after five deliveries;
 * claims get lost; runs fail; partitions move; drivers are replaced at any moment. Several jobs run at once.
 */
final class Simulation {
    private static final String[] WORDS = {
        "mill", "race", "water", "wheel", "é", "straße", "日本", "stone", "grain", "a", "flour", "sluice", "weir", "🙂x"
    };
    private static final int DELIVERIES = 5;
    private static final int MOST_STEPS = 400_000;

    /** A defect put in on purpose, to see that the simulation finds it. */
    enum Planted {
        NOTHING,
        RUNS_SHARE_AN_EXECUTION_ID,
        REDUCERS_RESTART_AT_THE_END,
        END_BEFORE_THE_LAST_TASK,
        DUPLICATES_COUNT,
        ZOMBIES_PUBLISH
    }

    private final Random random;
    private final Planted planted;
    private final int partitions;
    private final Topic<byte[]> tasks = new Topic<>();
    private final Topic<byte[]> events = new Topic<>();
    private final List<Topic<byte[]>> pairs = new ArrayList<>();
    private final List<Topic<byte[]>> checkpoints = new ArrayList<>();
    private final List<Job> jobs = new ArrayList<>();
    private final List<MapperActor> mappers = new ArrayList<>();
    private final ShareGroup group = new ShareGroup();
    private final ReducerActor[] owners;
    private final List<ReducerActor> zombies = new ArrayList<>();
    private final boolean calm;
    private long now = 1_000;
    int faults;

    Simulation(long seed, Planted planted) {
        this.random = new Random(seed);
        this.planted = planted;
        this.partitions = 1 + random.nextInt(4);
        this.calm = random.nextInt(8) == 0;
        this.owners = new ReducerActor[partitions];
        for (int p = 0; p < partitions; p++) {
            pairs.add(new Topic<>());
            checkpoints.add(new Topic<>());
            owners[p] = new ReducerActor(p);
        }
        for (int m = 0; m <= random.nextInt(3); m++) {
            mappers.add(new MapperActor("m" + m));
        }
        for (int j = 0; j <= random.nextInt(3); j++) {
            jobs.add(new Job(new JobId(random.nextLong())));
        }
    }

    /** Runs to the end. Returns what went wrong, or null. */
    @Nullable
    String run() {
        for (int step = 0; step < MOST_STEPS; step++) {
            now += random.nextInt(30);
            if (random.nextInt(2_000) == 0) {
                now += 20_000;
            }
            int pick = random.nextInt(jobs.size() + mappers.size() * 3 + partitions * 2 + 1);
            if (pick < jobs.size()) {
                jobs.get(pick).step();
            } else if (pick < jobs.size() + mappers.size() * 3) {
                mappers.get((pick - jobs.size()) % mappers.size()).step();
            } else if (pick < jobs.size() + mappers.size() * 3 + partitions * 2) {
                owners[(pick - jobs.size()) % partitions].step();
            } else {
                fault();
            }
            boolean finished = true;
            for (Job job : jobs) {
                if (job.verdict != null && !job.verdict.isEmpty()) {
                    return "job " + job.id + ": " + job.verdict;
                }
                finished &= job.verdict != null;
            }
            if (finished) {
                return null;
            }
        }
        return "not finished after " + MOST_STEPS + " steps: "
                + jobs.stream().map(Job::describe).toList() + " "
                + group.deliveries.values().stream()
                        .map(d -> d.count + (d.over ? "x" : d.holder == null ? "-" : "h"))
                        .toList();
    }

    private void fault() {
        if (calm) {
            return;
        }
        int p = random.nextInt(partitions);
        switch (random.nextInt(7)) {
            case 0 -> jobs.get(random.nextInt(jobs.size())).restartDriver();
            case 1, 2 -> mappers.get(random.nextInt(mappers.size())).crash();
            case 3 -> group.expireLocks();
            case 4 -> owners[p] = owners[p].replaced(false);
            case 5 -> owners[p] = owners[p].replaced(true);
            default -> {
                if (!zombies.isEmpty()) {
                    zombies.remove(random.nextInt(zombies.size())).wake();
                }
            }
        }
        faults++;
    }

    private boolean chance(int oneIn) {
        return !calm && random.nextInt(oneIn) == 0;
    }

    // ---- tasks ----------------------------------------------------------------------------------------------------

    /** The share group: hands committed task records out in order, again if their lock is lost, five times at most. */
    private final class ShareGroup {
        private final TreeMap<Long, Delivery> deliveries = new TreeMap<>();
        private long next;

        private static final class Delivery {
            final byte[] record;
            int count;

            @Nullable
            MapperActor holder;

            boolean over;

            Delivery(byte[] record) {
                this.record = record;
            }
        }

        @Nullable
        Delivery take(MapperActor mapper) {
            for (Topic.Read<byte[]> read : tasks.read(next, 8)) {
                deliveries.put(read.offset(), new Delivery(read.value()));
                next = read.offset() + 1;
            }
            for (Delivery delivery : deliveries.values()) {
                if (!delivery.over && delivery.holder == null) {
                    delivery.holder = mapper;
                    delivery.count++;
                    return delivery;
                }
            }
            return null;
        }

        void release(Delivery delivery) {
            delivery.holder = null;
            delivery.over |= delivery.count >= DELIVERIES;
        }

        void expireLocks() {
            deliveries.values().stream()
                    .filter(d -> d.holder != null && !d.over)
                    .forEach(this::release);
        }
    }

    // ---- mappers --------------------------------------------------------------------------------------------------

    private final class MapperActor {
        private final String name;
        private ShareGroup.@Nullable Delivery delivery;
        private @Nullable ChunkTask task;
        private Topic.@Nullable Transaction transaction;
        private List<Runnable> writes = List.of();
        private long execution;
        private int written;

        MapperActor(String name) {
            this.name = name;
        }

        void step() {
            ShareGroup.Delivery held = delivery;
            ChunkTask current = task;
            if (held == null || current == null) {
                claim();
            } else if (written < writes.size()) {
                if (written == 0) {
                    transaction = new Topic.Transaction();
                }
                writes.get(written++).run();
            } else {
                commit(held);
            }
        }

        private void claim() {
            ShareGroup.Delivery taken = group.take(this);
            if (taken == null) {
                return;
            }
            delivery = taken;
            ChunkTask current = (ChunkTask) ControlCodec.task(taken.record);
            task = current;
            execution = planted == Planted.RUNS_SHARE_AN_EXECUTION_ID ? 1 : random.nextLong();
            written = 0;
            if (!chance(10)) {
                events.append(
                        null,
                        ControlCodec.encode(new Event.TaskClaimed(
                                current.job(), current.number(), current.attempt(), execution, name)));
            }
            writes = chance(40) ? failing(current) : mapping(current);
        }

        private List<Runnable> failing(ChunkTask current) {
            byte[] failed = ControlCodec.encode(new Event.TaskFailed(
                    current.job(), current.number(), current.attempt(), execution, name, true, "by chance"));
            return List.of(() -> events.append(transaction, failed));
        }

        /** One write a part, in an order between partitions that differs from run to run. */
        private List<Runnable> mapping(ChunkTask current) {
            Map<String, Long> counts = job(current.job()).counts(current.number());
            List<List<byte[]>> blocks = blocks(counts);
            List<Integer> parts = new ArrayList<>();
            List<PartitionTotal> totals = new ArrayList<>();
            List<Runnable> plan = new ArrayList<>();
            List<Integer> order = new ArrayList<>();
            for (int p = 0; p < partitions; p++) {
                parts.add(blocks.get(p).size());
                totals.add(total(counts, p));
                order.add(p);
            }
            Collections.shuffle(order, random);
            for (int p : order) {
                Topic<byte[]> lane = pairs.get(p);
                for (int part = 0; part < blocks.get(p).size(); part++) {
                    byte[] block = blocks.get(p).get(part);
                    byte[] value = LaneCodec.encode(new LaneRecord.Pairs(
                            current.job(),
                            current.number(),
                            execution,
                            part,
                            blocks.get(p).size(),
                            block,
                            0,
                            block.length));
                    plan.add(() -> lane.append(transaction, value));
                }
            }
            byte[] done = ControlCodec.encode(new Event.TaskDone(
                    current.job(),
                    current.number(),
                    current.attempt(),
                    execution,
                    name,
                    TextStats.NONE,
                    counts.size(),
                    parts,
                    totals));
            plan.add(() -> events.append(transaction, done));
            return plan;
        }

        private void commit(ShareGroup.Delivery held) {
            Topic.Transaction open = transaction;
            if (open != null && open.state == Topic.State.OPEN) {
                open.commit();
                if (chance(12)) {
                    written = 0; // the answer got lost: the same execution is written once more
                    return;
                }
            } else if (open != null && open.state == Topic.State.ABORTED) {
                written = 0;
                return;
            }
            // An acknowledgement from a mapper that no longer holds the lock means nothing.
            if (held.holder == this) {
                held.over = true;
            }
            reset();
        }

        private void reset() {
            delivery = null;
            task = null;
            transaction = null;
            writes = List.of();
        }

        /** Dies, and comes back under the same transactional id, which ends what was open. */
        void crash() {
            if (transaction != null) {
                transaction.abort();
            }
            if (delivery != null && delivery.holder == this) {
                group.release(delivery);
            }
            reset();
        }
    }

    private static int partition(String word, int partitions) {
        return WordHash.partition(word.getBytes(StandardCharsets.UTF_8), partitions);
    }

    /** At most two words a block, so that tasks have several parts in a partition. */
    private List<List<byte[]>> blocks(Map<String, Long> counts) {
        List<List<byte[]>> blocks = new ArrayList<>();
        List<WordTable> tables = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            blocks.add(new ArrayList<>());
            tables.add(new WordTable());
        }
        counts.forEach((word, count) -> {
            int p = partition(word, partitions);
            WordTable table = tables.get(p);
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            table.add(bytes, 0, bytes.length, count);
            if (table.size() == 2) {
                blocks.get(p).add(block(table, p));
            }
        });
        for (int p = 0; p < partitions; p++) {
            if (tables.get(p).size() > 0) {
                blocks.get(p).add(block(tables.get(p), p));
            }
        }
        return blocks;
    }

    private byte[] block(WordTable table, int partition) {
        PairBlocks out = new PairBlocks(partitions);
        out.addAll(table, StopWords.NONE);
        ByteBuffer block = out.blocks(partition).get(0);
        byte[] bytes = new byte[block.remaining()];
        block.get(bytes);
        table.clear();
        return bytes;
    }

    private PartitionTotal total(Map<String, Long> counts, int partition) {
        long tokens = 0, digest = 0;
        for (Map.Entry<String, Long> entry : counts.entrySet()) {
            byte[] word = entry.getKey().getBytes(StandardCharsets.UTF_8);
            if (WordHash.partition(word, partitions) == partition) {
                tokens += entry.getValue();
                digest += entry.getValue() * WordHash.h64(word, 0, word.length);
            }
        }
        return new PartitionTotal(tokens, digest);
    }

    // ---- reducers -------------------------------------------------------------------------------------------------

    private final class ReducerActor {
        private final int partition;
        private final SimulatedReducer reducer;
        private SimulatedReducer.@Nullable Publication publication;
        private Topic.@Nullable Transaction transaction;
        private boolean fenced;

        ReducerActor(int partition) {
            this.partition = partition;
            Checkpoint newest = null;
            for (Topic.Read<byte[]> read : checkpoints.get(partition).read(0, Integer.MAX_VALUE)) {
                newest = ControlCodec.checkpoint(read.value());
            }
            if (planted == Planted.REDUCERS_RESTART_AT_THE_END && newest != null) {
                newest = new Checkpoint(partition, pairs.get(partition).stableEnd(), newest.finished(), List.of());
            }
            reducer = new SimulatedReducer(partition, newest);
        }

        void step() {
            SimulatedReducer.Publication due = publication;
            if (due != null) {
                finish(due);
                return;
            }
            Topic<byte[]> lane = pairs.get(partition);
            int most = 1 + random.nextInt(6);
            for (Topic.Read<byte[]> read : lane.read(reducer.nextOffset(), most)) {
                LaneRecord record = LaneCodec.decode(read.value());
                if (planted == Planted.DUPLICATES_COUNT && record instanceof LaneRecord.Pairs p) {
                    record = new LaneRecord.Pairs(
                            p.job(),
                            p.task() * 1_000 + (int) Math.floorMod(p.execution(), 1_000L),
                            p.execution(),
                            p.part(),
                            p.parts(),
                            p.bytes(),
                            p.from(),
                            p.to());
                }
                reducer.apply(read.offset(), record);
            }
            begin();
        }

        private void begin() {
            SimulatedReducer.Publication due = reducer.due();
            if (due == null) {
                return;
            }
            Topic.Transaction open = new Topic.Transaction();
            transaction = open;
            due.counts()
                    .forEach((job, words) -> words.entrySet()
                            .forEach(word -> job(job).results().get(partition).append(open, word)));
            due.events().forEach(event -> events.append(open, ControlCodec.encode(event)));
            checkpoints.get(partition).append(open, ControlCodec.encode(due.checkpoint()));
            publication = due;
        }

        private void finish(SimulatedReducer.Publication due) {
            Topic.Transaction open = transaction;
            if (open == null) {
                return;
            }
            publication = null;
            if ((fenced && planted != Planted.ZOMBIES_PUBLISH) || chance(20)) {
                open.abort(); // the generation is not ours any more, or the broker wants it done again
                return;
            }
            if (open.state == Topic.State.OPEN) {
                open.commit();
                if (!chance(15)) { // else: committed, but the answer got lost, so it is done again
                    due.confirm().run();
                }
            }
        }

        /** Another reducer takes the partition: this one is dead, or frozen without knowing. */
        ReducerActor replaced(boolean frozen) {
            fenced = true;
            if (frozen) {
                zombies.add(this);
            }
            // Taking over waits for open transactions on the offsets to end; the broker ends those of a lost member.
            if (transaction != null && planted != Planted.ZOMBIES_PUBLISH) {
                transaction.abort();
            }
            return new ReducerActor(partition);
        }

        void wake() {
            for (int i = 0; i < 3; i++) {
                step();
            }
            if (transaction != null) {
                transaction.abort();
            }
        }
    }

    // ---- drivers --------------------------------------------------------------------------------------------------

    private Job job(JobId id) {
        return jobs.stream().filter(j -> j.id.equals(id)).findFirst().orElseThrow();
    }

    /** A job: its input, and the driver that happens to run it. */
    private final class Job {
        private final JobId id;
        private final JobSpec spec;
        private final List<Map<String, Long>> input = new ArrayList<>();
        private final List<Topic<Map.Entry<String, Long>>> results = new ArrayList<>();
        private SimulatedDriver driver;
        private long eventsRead;
        private boolean opened, sealed, ended;
        private int driverRestarts;
        /** Null while it runs, empty if all is well. */
        private @Nullable String verdict;

        Job(JobId id) {
            this.id = id;
            int wanted = random.nextInt(12);
            for (int t = 0; t < wanted; t++) {
                Map<String, Long> counts = new LinkedHashMap<>();
                for (int w = random.nextInt(8); w > 0; w--) {
                    counts.merge(WORDS[random.nextInt(WORDS.length)], 1L + random.nextInt(9), Long::sum);
                }
                input.add(counts);
            }
            for (int p = 0; p < partitions; p++) {
                results.add(new Topic<>());
            }
            spec = new JobSpec(
                    id,
                    "simulated",
                    JobKind.BATCH,
                    new TextRules("unicode", 1, List.of()),
                    new InputSpec(List.of(), List.of(), List.of(), false, 1),
                    partitions,
                    "topic",
                    1 + random.nextInt(4),
                    50,
                    false,
                    0,
                    0,
                    0);
            driver = new SimulatedDriver(spec);
        }

        Map<String, Long> counts(int task) {
            return input.get(task);
        }

        String describe() {
            return "opened " + opened + " sealed " + sealed + " ended " + ended + " planned " + driver.planned() + "/"
                    + input.size() + " mapped " + driver.isMapped() + " reduced " + driver.isReduced() + " verdict "
                    + verdict
                    + " backups " + driver.backups() + " stable events " + events.stableEnd() + " read " + eventsRead;
        }

        List<Topic<Map.Entry<String, Long>>> results() {
            return results;
        }

        private ChunkTask task(int number) {
            return new ChunkTask(id, number, 1, spec.rules(), partitions, List.of(), 1);
        }

        /** Everything a driver writes goes through one transaction; here it is one step, committed or not. */
        private boolean commits() {
            return !chance(25);
        }

        void step() {
            if (verdict != null) {
                return;
            }
            if (!opened) {
                opened = write(() -> pairs.forEach(lane -> append(lane, new LaneRecord.Open(id))));
                return;
            }
            if (!sealed) {
                for (int n = random.nextInt(3); n > 0 && driver.planned() < input.size(); n--) {
                    driver.plan(task(driver.planned()));
                }
            }
            boolean complete = driver.planned() == input.size();
            if (complete) {
                driver.seal();
            }
            List<ChunkTask> due = driver.due(now);
            boolean seals = !sealed && complete && driver.unpublished() == 0;
            if (!due.isEmpty() || seals) {
                if (!write(() -> due.forEach(task -> tasks.append(transaction, ControlCodec.encode(task))))) {
                    restartDriver();
                    return;
                }
                sealed |= seals;
            }
            for (Topic.Read<byte[]> read : events.read(eventsRead, 1 + random.nextInt(10))) {
                eventsRead = read.offset() + 1;
                Event event = ControlCodec.event(read.value());
                if (event.job().equals(id)) {
                    driver.apply(event, now);
                }
            }
            if (driver.failure() != null) {
                verdict = "failed: " + driver.failure();
            } else if (sealed && !ended && mayEnd()) {
                ended = write(() -> {
                    for (int p = 0; p < partitions; p++) {
                        append(pairs.get(p), new LaneRecord.End(id, driver.tasksIn(p), driver.mapped(p)));
                    }
                });
            } else if (ended && driver.isReduced()) {
                verdict = collect();
            }
        }

        private boolean mayEnd() {
            return driver.isMapped() || planted == Planted.END_BEFORE_THE_LAST_TASK && random.nextInt(20) == 0;
        }

        private Topic.@Nullable Transaction transaction;

        private void append(Topic<byte[]> lane, LaneRecord record) {
            lane.append(transaction, LaneCodec.encode(record));
        }

        private boolean write(Runnable records) {
            Topic.Transaction open = new Topic.Transaction();
            transaction = open;
            records.run();
            if (commits()) {
                open.commit();
                return true;
            }
            open.abort();
            return false;
        }

        /** The driver is gone; another one attaches and reads what is committed. */
        void restartDriver() {
            if (!opened || verdict != null || driverRestarts++ > 20) {
                return;
            }
            driver = new SimulatedDriver(spec);
            Map<Integer, ChunkTask> published = new TreeMap<>();
            for (Topic.Read<byte[]> read : tasks.read(0, Integer.MAX_VALUE)) {
                ChunkTask task = (ChunkTask) ControlCodec.task(read.value());
                if (task.job().equals(id)) {
                    published.putIfAbsent(task.number(), task);
                }
            }
            published.values().forEach(task -> driver.recovered(task, now));
            if (sealed) {
                driver.seal();
            }
            eventsRead = 0;
        }

        private String collect() {
            Map<String, Long> collected = new TreeMap<>();
            for (Topic<Map.Entry<String, Long>> result : results) {
                for (Topic.Read<Map.Entry<String, Long>> read : result.read(0, Integer.MAX_VALUE)) {
                    Long before =
                            collected.put(read.value().getKey(), read.value().getValue());
                    if (before != null && !before.equals(read.value().getValue())) {
                        return "two counts of " + read.value().getKey();
                    }
                }
            }
            PartitionTotal total = PartitionTotal.ZERO;
            for (int p = 0; p < partitions; p++) {
                total = total.plus(total(collected, p));
            }
            if (!driver.conserves(total)) {
                return "not conserved";
            }
            Map<String, Long> expected = new TreeMap<>();
            for (Map<String, Long> counts : input) {
                counts.forEach((word, count) -> expected.merge(word, count, Long::sum));
            }
            return expected.equals(collected) ? "" : "counted " + collected + " in place of " + expected;
        }

        private PartitionTotal total(Map<String, Long> counts, int partition) {
            return Simulation.this.total(counts, partition);
        }
    }
}
