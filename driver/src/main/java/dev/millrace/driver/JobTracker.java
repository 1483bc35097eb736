package dev.millrace.driver;

import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputRange;
import dev.millrace.job.JobSpec;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a driver decides about one job: which tasks to publish, which to issue again, when to write END, and whether the
 * totals agree. Pure: time comes in as an argument, and events in any order and any number of times.
 *
 * <p>Lateness (MapReduce, OSDI 2004, section 3.6) counts from the claim of a task. A task is late if it was overtaken,
 * that is if several times as many tasks published behind it are done as there are mapper threads; or if it runs many
 * times as long as tasks do. (The second rule must not wait until all is handed out: tasks that the group has given up
 * on can fill the whole window, and then nothing would ever move again.) Killed mappers need none of this: the share
 * group hands their tasks out again by itself. It is for tasks whose records the group has given up on, and for mappers
 * that hang.
 *
 * <p>Retries and backups together never issue a task more than {@code maxAttempts} times, but for issues that nobody
 * ever claimed. A task that has had them all fails when as many runs have failed, or when none of its runs has given a
 * sign for {@value #SILENCE_MILLIS} ms; a mapper repeats its claim while it works.
 */
final class JobTracker {
    private static final int OVERTAKEN_ROUNDS = 4;
    private static final int LATE_FACTOR = 10;
    private static final long LATE_FLOOR_MILLIS = 3_000;
    private static final long NEVER_CLAIMED_MILLIS = 10_000;
    /** As Hadoop's {@code mapreduce.task.timeout}. */
    private static final long SILENCE_MILLIS = 600_000;
    /** A record is handed out up to five times by Kafka's default; more claims than that mean mappers die of it. */
    private static final int CLAIMS_AN_ATTEMPT = 5;

    private static final int DURATIONS_KEPT = 128;
    private static final int FIRST_WINDOW = 16, LEAST_WINDOW = 4;
    private static final long QUEUE_MILLIS = 1_000;

    private final JobSpec spec;
    private final List<Tracked> tasks = new ArrayList<>();
    private final Queue<Tracked> unpublished = new ArrayDeque<>();
    private final Queue<Tracked> retries = new ArrayDeque<>();
    private final Set<String> workers = new HashSet<>();
    private final Event.@Nullable PartitionDone[] partitions;
    private final long[] durations = new long[DURATIONS_KEPT];
    private int durationCount;
    private int published, resolved, attempts, backups, publications;
    /** The last issue, in the order of publishing, that a mapper is known to have taken, and when that was known. */
    private int taken = -1;

    private long takenMillis;
    private long bytesPlanned, bytesDone, files;
    private boolean sealed, ended;
    private @Nullable String failure;

    JobTracker(JobSpec spec) {
        this.spec = spec;
        this.partitions = new Event.PartitionDone[spec.partitions()];
    }

    private static final class Tracked {
        final ChunkTask task;
        /** Runs that were claimed, and runs that failed, by execution: events may repeat. */
        final Set<Long> claimed = new HashSet<>(2), failed = new HashSet<>(2);

        /** Place in the order of publishing of each issue. */
        final List<Integer> publications = new ArrayList<>(1);

        int issues, attempts;
        long issuedMillis, claimedMillis = -1, signMillis;
        long lateMillis = LATE_FLOOR_MILLIS;
        int overtakenBy;
        Event.@Nullable TaskDone done;

        @Nullable
        String skipped;

        Tracked(ChunkTask task) {
            this.task = task;
        }

        boolean isResolved() {
            return done != null || skipped != null;
        }

        boolean isRunning() {
            return !isResolved() && claimedMillis >= 0;
        }

        int publication() {
            return publications.get(publications.size() - 1);
        }
    }

    /** Adds the next task of the plan. */
    void plan(ChunkTask task) {
        unpublished.add(add(task));
    }

    /** Adds the next task of the plan, one that an earlier driver of this job has published. */
    void planPublished(ChunkTask task, long nowMillis) {
        issue(add(task), nowMillis);
        published++;
    }

    private Tracked add(ChunkTask task) {
        if (sealed || task.number() != tasks.size()) {
            throw new IllegalStateException(
                    "task " + task.number() + " planned behind " + tasks.size() + (sealed ? " of a sealed job" : ""));
        }
        Tracked tracked = new Tracked(task);
        tasks.add(tracked);
        bytesPlanned += task.bytes();
        for (InputRange input : task.inputs()) {
            if (input.startByte() == 0) {
                files++;
            }
        }
        return tracked;
    }

    /** The plan is complete. */
    void seal() {
        sealed = true;
    }

    /** An earlier driver of this job has left a task out. */
    void skip(int number, String what) {
        Tracked task = tasks.get(number);
        task.skipped = what;
        resolved++;
        bytesDone += task.task.bytes();
    }

    /** END is written: what it leaves out stays out. */
    void ended() {
        ended = true;
    }

    /** Tasks to publish now. They count as published from here on. */
    List<ChunkTask> due(long nowMillis) {
        List<ChunkTask> due = new ArrayList<>();
        while (!retries.isEmpty()) {
            Tracked retry = retries.remove();
            if (!retry.isResolved()) {
                due.add(issue(retry, nowMillis));
            }
        }
        // By the quarter window: each publication is a transaction, and its marker costs a mapper an empty fetch.
        int window = window();
        if (4L * (window - (published - resolved)) >= window) {
            while (!unpublished.isEmpty() && published - resolved < window) {
                due.add(issue(unpublished.remove(), nowMillis));
                published++;
            }
        }
        addBackups(due, nowMillis);
        return due;
    }

    /**
     * Tasks that may be out now: about a second of work for the mappers, so that another job's tasks need not stand behind
     * more, and never more than the job allows.
     */
    private int window() {
        if (durationCount == 0) {
            return Math.min(FIRST_WINDOW, spec.window());
        }
        long each = Math.max(2, QUEUE_MILLIS / Math.max(1, percentile95()));
        return (int) Math.min(Math.max(each * workers.size(), LEAST_WINDOW), spec.window());
    }

    private void addBackups(List<ChunkTask> due, long nowMillis) {
        if (published == resolved) {
            return;
        }
        long late = LATE_FACTOR * percentile95();
        for (Tracked task : tasks.subList(0, published)) {
            if (task.isResolved()) {
                continue;
            }
            boolean claimed = task.isRunning();
            if (claimed && task.attempts >= spec.maxAttempts()) {
                if (nowMillis - task.signMillis >= SILENCE_MILLIS) {
                    giveUp(
                            task,
                            "was run " + task.claimed.size() + " times, and nothing has been heard of it for "
                                    + SILENCE_MILLIS / 60_000 + " minutes: look at the mappers");
                }
                continue;
            }
            long age = nowMillis - (claimed ? task.claimedMillis : waitingSince(task));
            boolean overtaken = task.overtakenBy >= OVERTAKEN_ROUNDS * Math.max(workers.size(), 1);
            boolean slow = age >= (claimed ? late : Math.max(late, NEVER_CLAIMED_MILLIS));
            if (age >= task.lateMillis && (overtaken || slow && (claimed || !isWaiting(task)))) {
                task.lateMillis *= 2;
                backups++;
                due.add(issue(task, nowMillis));
            }
        }
    }

    /** A task that stood in the queue counts from when its turn came. */
    private long waitingSince(Tracked task) {
        return task.publication() > taken ? Math.max(task.issuedMillis, takenMillis) : task.issuedMillis;
    }

    /**
     * Whether a task that nobody has claimed may simply be waiting its turn: something that was published before it is
     * waiting too, if only a backup of a task that is done by now; or every thread that was ever seen is busy.
     */
    private boolean isWaiting(Tracked task) {
        if (task.publication() <= taken) {
            return false;
        }
        long running =
                tasks.subList(0, published).stream().filter(Tracked::isRunning).count();
        return task.publication() > taken + 1 || running >= workers.size();
    }

    /** A mapper has had this issue in its hands, and so has had all before it: mappers take them in order. */
    private void took(Tracked task, int attempt, long nowMillis) {
        if (attempt > task.publications.size() || task.publications.get(attempt - 1) <= taken) {
            return;
        }
        int before = taken;
        taken = task.publications.get(attempt - 1);
        takenMillis = nowMillis;
        for (Tracked passed : tasks.subList(0, published)) {
            if (!passed.isResolved() && passed.publication() > before && passed.publication() < taken) {
                passed.issuedMillis = nowMillis;
            }
        }
    }

    private ChunkTask issue(Tracked task, long nowMillis) {
        attempts++;
        task.issues++;
        if (task.issues == 1 || task.claimedMillis >= 0) {
            task.attempts++; // an issue that nobody claimed does not count against the task
        }
        task.issuedMillis = nowMillis;
        task.signMillis = nowMillis;
        task.claimedMillis = -1;
        task.overtakenBy = 0;
        task.publications.add(publications++);
        return task.task.withAttempt(task.issues);
    }

    private long percentile95() {
        int n = Math.min(durationCount, DURATIONS_KEPT);
        if (n == 0) {
            return LATE_FLOOR_MILLIS;
        }
        long[] sorted = Arrays.copyOf(durations, n);
        Arrays.sort(sorted);
        return sorted[(n - 1) * 95 / 100];
    }

    /** Takes one event of this job. */
    void apply(Event event, long nowMillis) {
        if (event instanceof Event.TaskClaimed claim) {
            claimed(task(claim.task()), claim, nowMillis);
        } else if (event instanceof Event.TaskDone done) {
            done(task(done.task()), done, nowMillis);
        } else if (event instanceof Event.TaskFailed failed) {
            failed(task(failed.task()), failed, nowMillis);
        } else if (event instanceof Event.PartitionDone done) {
            partitionDone(done);
        } else if (event instanceof Event.PartitionFailed failed && !isDone(failed.partition())) {
            fail("partition " + failed.partition() + " on " + failed.worker() + ": " + failed.message());
        }
    }

    /** Of a task that was not published here, another driver of the job may have published it, which then is its own. */
    private @Nullable Tracked task(int number) {
        if (number < 0 || number >= published) {
            fail("DATA_LOST: an event speaks of task " + number + ", and " + published
                    + " have been published: brokers have lost tasks; count again");
            return null;
        }
        return tasks.get(number);
    }

    private void claimed(@Nullable Tracked task, Event.TaskClaimed claim, long nowMillis) {
        if (task == null) {
            return;
        }
        workers.add(claim.worker());
        took(task, claim.attempt(), nowMillis);
        if (task.isResolved()) {
            return;
        }
        task.signMillis = nowMillis;
        if (!task.claimed.add(claim.execution())) {
            return;
        }
        if (claim.attempt() >= task.issues) {
            task.claimedMillis = nowMillis;
        }
        if (task.claimed.size() > CLAIMS_AN_ATTEMPT * spec.maxAttempts()) {
            giveUp(task, "was begun " + task.claimed.size() + " times and never finished: mappers die of it");
        }
    }

    private void done(@Nullable Tracked task, Event.TaskDone done, long nowMillis) {
        if (task == null) {
            return;
        }
        if (done.totals().size() != partitions.length || done.parts().size() != partitions.length) {
            fail(done.worker() + " wrote task " + done.task() + " for "
                    + done.totals().size() + " partitions, not " + partitions.length);
            return;
        }
        workers.add(done.worker());
        took(task, done.attempt(), nowMillis);
        Event.TaskDone first = task.done;
        if (first != null) {
            if (!first.sameResultAs(done)) {
                fail("two runs of one task differ, by " + first.worker() + " and " + done.worker()
                        + ": the input changed under the job, or the mappers are not of one release: "
                        + describe(task.task));
            }
            return;
        }
        if (task.skipped != null && ended) {
            return; // END leaves it out, and so do reducers: what comes behind END counts for nothing
        }
        if (task.skipped == null) {
            resolved++;
            bytesDone += task.task.bytes();
        }
        task.skipped = null;
        task.done = done;
        if (task.claimedMillis >= 0) {
            durations[durationCount++ % DURATIONS_KEPT] = nowMillis - task.claimedMillis;
        }
        for (Tracked other : tasks.subList(0, published)) {
            if (!other.isResolved() && other.publication() < task.publication()) {
                other.overtakenBy++;
            }
        }
    }

    private void failed(@Nullable Tracked task, Event.TaskFailed failed, long nowMillis) {
        if (task == null) {
            return;
        }
        took(task, failed.attempt(), nowMillis);
        if (task.isResolved() || !task.failed.add(failed.execution())) {
            return;
        }
        task.signMillis = nowMillis;
        if (task.claimedMillis < 0) {
            task.claimedMillis = nowMillis; // the claim itself may be lost
        }
        if (!failed.retryable()) {
            giveUp(task, failed.message());
        } else if (task.attempts < spec.maxAttempts()) {
            if (!retries.contains(task)) {
                retries.add(task);
            }
        } else if (task.failed.size() >= spec.maxAttempts()) {
            giveUp(task, failed.message());
        }
    }

    private void giveUp(Tracked task, String why) {
        if (ended) {
            return; // it came to be done before END was written, as is told further on
        }
        String what = describe(task.task) + ": " + why;
        if (spec.skipFailed()) {
            task.skipped = what;
            resolved++;
            bytesDone += task.task.bytes();
        } else {
            fail(what);
        }
    }

    /** A reducer that meets an END again, after it has answered it, tells that it has none, or no more, of the job. */
    private boolean isDone(int partition) {
        return partition >= 0 && partition < partitions.length && partitions[partition] != null;
    }

    private void partitionDone(Event.PartitionDone done) {
        if (done.partition() < 0 || done.partition() >= partitions.length) {
            fail("an event speaks of partition " + done.partition() + " of " + partitions.length);
            return;
        }
        Event.PartitionDone first = partitions[done.partition()];
        if (first == null) {
            partitions[done.partition()] = done;
        } else if (first.words() != done.words() || !first.total().equals(done.total())) {
            fail("partition " + done.partition() + " was published twice with different counts, by " + first.worker()
                    + " and " + done.worker());
        }
    }

    private void fail(String why) {
        if (failure == null) {
            failure = why;
        }
    }

    static String describe(ChunkTask task) {
        if (task.inputs().isEmpty()) {
            return "task " + task.number() + " (" + task.inlineBytes() + " bytes of standard input)";
        }
        InputRange first = task.inputs().get(0);
        int more = task.inputs().size() - 1;
        return "task " + task.number() + " (" + first.root() + ":" + first.path() + " ["
                + first.startByte() + ", " + first.endByte() + ")"
                + (more == 0 ? "" : " and " + more + (more == 1 ? " more file" : " more files")) + ")";
    }

    /** Why the job cannot end well; null while it can. */
    @Nullable
    String failure() {
        return failure;
    }

    boolean isMapped() {
        return sealed && resolved == tasks.size();
    }

    boolean isReduced() {
        return partitionsDone() == partitions.length;
    }

    /** Tasks with pairs in a partition, and their total: what END states. */
    int tasksIn(int partition) {
        int n = 0;
        for (Tracked task : tasks) {
            if (task.done != null && task.done.parts().get(partition) > 0) {
                n++;
            }
        }
        return n;
    }

    /** @throws ArithmeticException if the tokens exceed 63 bits */
    PartitionTotal mapped(int partition) {
        PartitionTotal total = PartitionTotal.ZERO;
        for (Tracked task : tasks) {
            if (task.done != null) {
                total = total.plus(task.done.totals().get(partition));
            }
        }
        return total;
    }

    PartitionTotal mapped() {
        PartitionTotal total = PartitionTotal.ZERO;
        for (int p = 0; p < partitions.length; p++) {
            total = total.plus(mapped(p));
        }
        return total;
    }

    PartitionTotal reduced() {
        PartitionTotal total = PartitionTotal.ZERO;
        for (Event.PartitionDone partition : partitions) {
            if (partition != null) {
                total = total.plus(partition.total());
            }
        }
        return total;
    }

    /** What the reducer of this partition reported; null before that. */
    Event.@Nullable PartitionDone partition(int partition) {
        return partitions[partition];
    }

    TextStats text() {
        TextStats sum = TextStats.NONE;
        for (Tracked task : tasks) {
            if (task.done != null) {
                sum = sum.plus(task.done.text());
            }
        }
        return sum;
    }

    long duplicatesDropped() {
        long sum = 0;
        for (Event.PartitionDone partition : partitions) {
            sum += partition == null ? 0 : partition.duplicatesDropped();
        }
        return sum;
    }

    /** By number, tasks that are left out. */
    SortedMap<Integer, String> skipped() {
        SortedMap<Integer, String> skipped = new TreeMap<>();
        for (Tracked task : tasks) {
            if (task.skipped != null) {
                skipped.put(task.task.number(), task.skipped);
            }
        }
        return skipped;
    }

    /** The task of this number, for a message; null where there is none. */
    @Nullable
    ChunkTask taskOf(int number) {
        return number < 0 || number >= tasks.size() ? null : tasks.get(number).task;
    }

    /** Tasks planned and not yet published: how far the plan runs ahead. */
    int planned() {
        return unpublished.size();
    }

    int taskCount() {
        return tasks.size();
    }

    long files() {
        return files;
    }

    long bytes() {
        return bytesPlanned;
    }

    int attempts() {
        return attempts;
    }

    int backups() {
        return backups;
    }

    boolean sawWorkers() {
        return !workers.isEmpty();
    }

    private int partitionsDone() {
        int n = 0;
        for (Event.PartitionDone partition : partitions) {
            n += partition == null ? 0 : 1;
        }
        return n;
    }

    JobProgress progress() {
        int running = 0;
        for (Tracked task : tasks.subList(0, published)) {
            running += task.isRunning() ? 1 : 0;
        }
        return new JobProgress(
                bytesDone, bytesPlanned, resolved, running, tasks.size(), sealed, partitionsDone(), partitions.length);
    }
}
