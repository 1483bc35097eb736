package dev.millrace.driver;

import dev.millrace.driver.collect.ResultTable;
import dev.millrace.driver.submit.Plan;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.Receipt;
import dev.millrace.job.TextStats;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.Patience;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Watches one job from its plan to its receipt: feeds events to a {@link JobTracker} and carries out what that decides.
 * One thread.
 */
final class JobWatch {
    private static final Duration IDLE_POLL = Duration.ofMillis(100);
    private static final long PLAN_SLICE_NANOS = 20_000_000;
    /** Planned tasks wait in memory until the window lets them out. */
    private static final int PLANNED_AHEAD = 10_000;
    /** The same where tasks carry their text. */
    private static final int DOCUMENTS_AHEAD = 32;

    private static final long PROGRESS_NANOS = 100_000_000;
    private static final long NO_MAPPER_NANOS = 10_000_000_000L;
    /** How long a canceller may take from shutting the driver out to saying why. */
    private static final long CANCEL_NANOS = 5_000_000_000L;

    private static final long ENDS_AGAIN_NANOS = 30_000_000_000L;

    private static final Duration NO_COUNT = Duration.ofSeconds(5);

    private final DriverSettings settings;
    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final TopicPartition eventsPartition;
    private final Transactions transactions;
    private final KafkaConsumer<byte[], byte[]> events;
    private final JobListener listener;
    private final JobSpec spec;
    private final JobTracker tracker;
    private final BrokerWatch broker;
    private final TransactionWatch lost;
    private final long begin = System.nanoTime();
    private final List<String> notices = new ArrayList<>();
    /** Whether an earlier driver began the job. */
    private boolean isTakenUp;

    private long lastEnds = System.nanoTime();
    /** Text that travels with its task, by the task's number, until the task is done. */
    private final Map<Integer, byte[]> documents = new HashMap<>();

    /** Executions whose claim was told: a mapper repeats it while it works. */
    private final Set<Long> claims = new HashSet<>();

    private JobRecord record;
    private long lastProgress;
    private boolean warnedNoMapper, warnedNoReducer;

    JobWatch(
            DriverSettings settings,
            Transactions transactions,
            KafkaConsumer<byte[], byte[]> events,
            BrokerWatch broker,
            TransactionWatch lost,
            JobRecord record,
            JobListener listener) {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.topics = cluster.topics();
        this.eventsPartition = new TopicPartition(topics.events(), 0);
        this.transactions = transactions;
        this.events = events;
        this.broker = broker;
        this.lost = lost;
        this.record = record;
        this.spec = record.spec();
        this.listener = listener;
        this.tracker = new JobTracker(spec);
    }

    /** A task as an earlier driver of the job published it, and the text that travelled with it. */
    @SuppressWarnings("ArrayRecordComponent")
    record PublishedTask(ChunkTask task, byte @Nullable [] document) {}

    /** Takes up tasks that an earlier driver of this job published. */
    void recover(List<PublishedTask> published) {
        for (PublishedTask each : published) {
            if (each.task().number() != tracker.taskCount()) {
                throw failed("DATA_LOST: task " + tracker.taskCount() + " is gone from " + topics.tasks()
                        + ": brokers have lost records; count again");
            }
            tracker.planPublished(each.task(), now());
            if (each.document() != null) {
                documents.put(each.task().number(), each.document());
            }
        }
        if (record.state() != JobState.OPEN) {
            if (record.tasks() != published.size()) {
                throw failed("DATA_LOST: the job was sealed with " + record.tasks() + " tasks, " + topics.tasks()
                        + " holds " + published.size());
            }
            tracker.seal();
            Omissions known = Omissions.of(record.detail());
            notices.addAll(known.notices());
            known.skipped().forEach(tracker::skip);
        }
        if (record.state() == JobState.ENDED || record.state() == JobState.DONE) {
            tracker.ended();
        }
        isTakenUp = true;
    }

    /** @param plan what is left to plan; not looked at once the job is sealed */
    JobResult run(Plan plan) {
        listener.opened(spec.id());
        boolean planned = record.state() != JobState.OPEN;
        // Of tasks that are lost the events may be there, and must not be taken for those of tasks that are planned
        // anew.
        long eventsEnd = isTakenUp ? writtenEnd(eventsPartition) : 0;
        boolean isCaughtUp = !isTakenUp;
        while (!tracker.isReduced()) {
            isCaughtUp = isCaughtUp || position() >= eventsEnd;
            if (isCaughtUp && record.state() == JobState.DONE) {
                throw failed("DATA_LOST: it was done, and " + topics.events() + " does not hold what all its partitions"
                        + " came to: brokers have lost records; count again");
            }
            if (isCaughtUp) {
                planned = planned || planned(plan);
                publish(planned);
            }
            poll(!isCaughtUp || planned || isFarAhead() ? IDLE_POLL : Duration.ZERO);
            String failure = tracker.failure();
            if (failure != null) {
                throw failed(failure);
            }
            boolean isEnded = record.state() == JobState.ENDED && System.nanoTime() - lastEnds > ENDS_AGAIN_NANOS;
            if (isCaughtUp && tracker.isMapped() && (isEnded || record.state() == JobState.SEALED)) {
                if (isEnded && !warnedNoReducer) {
                    warnedNoReducer = true;
                    listener.notice("no counts have come from every reducer for " + ENDS_AGAIN_NANOS / 1_000_000_000
                            + " s: are reducers running for this cluster and topic prefix?");
                }
                writeEnds();
            }
            write(lost.ownEndings());
            report(false);
        }
        report(true);
        return collect();
    }

    /** As {@link #planAhead}. A job that cannot be planned is over: it would hold up what is cleared away behind it. */
    private boolean planned(Plan plan) {
        try {
            return planAhead(plan);
        } catch (MillraceException e) {
            if (!isTakenUp && e.exitCode() != ExitCode.INTERRUPTED) { // else another driver may be able to
                failed(String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }

    /** Plans for a short while. Returns whether the plan is complete. */
    private boolean planAhead(Plan plan) {
        long end = System.nanoTime() + PLAN_SLICE_NANOS;
        while (!isFarAhead() && System.nanoTime() < end) {
            if (!plan.hasNext()) {
                tracker.seal();
                plan.notices().forEach(this::notice);
                return true;
            }
            Plan.Inputs inputs = plan.next();
            int number = tracker.taskCount();
            tracker.plan(new ChunkTask(
                    spec.id(), number, 1, spec.rules(), spec.partitions(), inputs.ranges(), inputs.document().length));
            if (inputs.document().length > 0) {
                documents.put(number, inputs.document());
            }
        }
        return false;
    }

    private boolean isFarAhead() {
        return tracker.planned() >= (documents.isEmpty() ? PLANNED_AHEAD : DOCUMENTS_AHEAD);
    }

    private void notice(String message) {
        notices.add(message);
        listener.notice(message);
    }

    /**
     * Publishes what is due, and seals the job in the same transaction once all of a complete plan is out: before that
     * a driver that takes over must plan the rest again.
     */
    private void publish(boolean planned) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (ChunkTask task : tracker.due(now())) {
            if (task.attempt() > 1) {
                listener.notice(JobTracker.describe(task) + " is issued again (attempt " + task.attempt() + ")");
            }
            ProducerRecord<byte[], byte[]> published =
                    new ProducerRecord<>(topics.tasks(), 0, key(spec.id()), ControlCodec.encode(task));
            byte[] document = documents.get(task.number());
            if (document != null) {
                published.headers().add(TopicNames.DOCUMENT_HEADER, document);
            }
            records.add(published);
        }
        JobRecord next = record;
        if (planned && tracker.planned() == 0 && record.state() == JobState.OPEN) {
            next = record.seal(tracker.taskCount(), tracker.files(), omissions());
            records.add(job(next));
        }
        write(records);
        record = next;
    }

    private String omissions() {
        return new Omissions(tracker.skipped(), notices).text();
    }

    /** Again where nothing comes of it: a broker whose machine lost its power may have lost them. */
    private void writeEnds() {
        lastEnds = System.nanoTime();
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int partition = 0; partition < spec.partitions(); partition++) {
            PartitionTotal total;
            try {
                total = tracker.mapped(partition);
            } catch (ArithmeticException e) {
                throw failed("OVERFLOW: more than 2^63 words in partition " + partition);
            }
            records.add(lane(partition, new LaneRecord.End(spec.id(), tracker.tasksIn(partition), total)));
        }
        JobRecord next = record.state() == JobState.ENDED ? record : record.become(JobState.ENDED, omissions());
        records.add(job(next));
        write(records);
        record = next;
        tracker.ended();
    }

    private void poll(Duration wait) {
        boolean any = false;
        for (ConsumerRecord<byte[], byte[]> in : poll(events, wait)) {
            any = true;
            if (in.topic().equals(topics.jobs())) {
                jobChanged(in);
            } else if (isOurs(in)) {
                Event event = event(in);
                if (event != null) {
                    if (event instanceof Event.TaskClaimed claim) {
                        claimed(claim);
                    }
                    tracker.apply(event, now());
                    if (event instanceof Event.TaskDone done) {
                        documents.remove(done.task());
                    }
                }
            }
        }
        broker.observe(any);
    }

    private void claimed(Event.TaskClaimed claim) {
        ChunkTask task = tracker.taskOf(claim.task());
        if (task != null && claims.add(claim.execution())) {
            listener.claimed(task, claim);
        }
    }

    private ConsumerRecords<byte[], byte[]> poll(KafkaConsumer<byte[], byte[]> consumer, Duration wait) {
        return ask(() -> consumer.poll(wait));
    }

    /** Of the next event; before all where that is not known at the moment. */
    private long position() {
        return ask(() -> {
            try {
                return events.position(eventsPartition, Duration.ZERO);
            } catch (TimeoutException e) {
                return -1L;
            }
        });
    }

    private <T> T ask(Supplier<T> consumer) {
        try {
            return consumer.get();
        } catch (InterruptException e) {
            throw interrupted(e);
        } catch (OffsetOutOfRangeException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "a broker has lost records that had been read, of " + e.partitions() + "; what is left of job "
                            + spec.id() + " can tell whether that matters: " + settings.attachCommand() + " "
                            + spec.id(),
                    e);
        }
    }

    private boolean isOurs(ConsumerRecord<byte[], byte[]> in) {
        return in.key() != null && spec.id().toString().equals(new String(in.key(), StandardCharsets.US_ASCII));
    }

    private @Nullable Event event(ConsumerRecord<byte[], byte[]> in) {
        try {
            return ControlCodec.event(in.value());
        } catch (MalformedRecordException e) {
            notice("a record on " + topics.events() + " at offset " + in.offset() + " is no event: " + e.getMessage());
            return null;
        }
    }

    private void jobChanged(ConsumerRecord<byte[], byte[]> in) {
        if (isOurs(in) && in.value() != null) {
            JobRecord changed = ControlCodec.job(in.value());
            if (changed.state() == JobState.CANCELLED) {
                throw new MillraceException(ExitCode.CANCELLED, "job " + spec.id() + " was cancelled");
            }
        }
    }

    /** Ends the job in every lane, so that reducers drop it, and remembers why. */
    private MillraceException failed(String why) {
        if (!record.state().isFinal()) {
            List<ProducerRecord<byte[], byte[]>> records = cancelLanes(spec, topics);
            record = record.become(JobState.FAILED, why);
            records.add(job(record));
            write(records);
        }
        return new MillraceException(ExitCode.FAILED, "job " + spec.id() + " failed: " + why);
    }

    static List<ProducerRecord<byte[], byte[]>> cancelLanes(JobSpec spec, TopicNames topics) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int partition = 0; partition < spec.partitions(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(), partition, key(spec.id()), LaneCodec.encode(new LaneRecord.Cancel(spec.id()))));
        }
        return records;
    }

    private ProducerRecord<byte[], byte[]> lane(int partition, LaneRecord lane) {
        return new ProducerRecord<>(topics.pairs(), partition, key(spec.id()), LaneCodec.encode(lane));
    }

    private ProducerRecord<byte[], byte[]> job(JobRecord next) {
        return new ProducerRecord<>(topics.jobs(), 0, key(spec.id()), ControlCodec.encode(next));
    }

    static byte[] key(JobId job) {
        return job.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void write(List<ProducerRecord<byte[], byte[]>> records) {
        if (records.isEmpty()) {
            return;
        }
        try {
            transactions.write(records);
        } catch (Transactions.FencedException e) {
            throw shutOut(e);
        } catch (InterruptException e) {
            throw interrupted(e);
        } catch (MillraceException e) {
            if (e.exitCode() == ExitCode.BROKER && isSilence(e)) {
                throw broker.lost(e);
            }
            throw e;
        }
    }

    static boolean isSilence(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof TimeoutException || each instanceof DisconnectException) {
                return true;
            }
        }
        return false;
    }

    /** Who cancels a job shuts its driver out first and says so then; who takes a job over only does the former. */
    private MillraceException shutOut(Transactions.FencedException why) {
        long end = System.nanoTime() + CANCEL_NANOS;
        while (System.nanoTime() < end) {
            poll(IDLE_POLL);
        }
        return new MillraceException(
                ExitCode.FAILED,
                "another driver has taken over job " + spec.id() + ", or this one was frozen too long; to take it"
                        + " back: " + settings.attachCommand() + " " + spec.id(),
                why);
    }

    /** The thread is no longer interrupted behind this, so that its clients can be closed in order. */
    private MillraceException interrupted(InterruptException e) {
        Thread.interrupted();
        boolean isLost = record.state() == JobState.OPEN && spec.input().paths().contains("-");
        return new MillraceException(
                ExitCode.INTERRUPTED,
                JobClient.INTERRUPTED + "job " + spec.id()
                        + (isLost
                                ? " had not read all of standard input and cannot go on; to give it up: "
                                        + cluster.command("cancel " + spec.id())
                                : " goes on. To come back: " + settings.attachCommand() + " " + spec.id()),
                e);
    }

    private void report(boolean last) {
        long now = System.nanoTime();
        if (last || now - lastProgress >= PROGRESS_NANOS) {
            lastProgress = now;
            listener.progress(tracker.progress());
        }
        if (!warnedNoMapper && !tracker.sawWorkers() && now - begin > NO_MAPPER_NANOS && !tracker.isMapped()) {
            warnedNoMapper = true;
            listener.notice("no mapper has taken a task for 10 s: is one running for this cluster and topic prefix?");
        }
    }

    /** Reads every partition of the result topic until all words that its reducer stated are there. */
    private JobResult collect() {
        ResultTable table = new ResultTable();
        List<TopicPartition> wanted = new ArrayList<>();
        long missing = 0;
        for (int p = 0; p < spec.partitions(); p++) {
            long words = partition(p).words();
            if (words > 0) {
                wanted.add(new TopicPartition(topics.results(spec.id()), p));
                missing += words;
            }
        }
        if (missing > 0) {
            read(wanted, missing, table);
        }
        PartitionTotal collected = table.total();
        if (!collected.equals(tracker.mapped()) || !collected.equals(tracker.reduced())) {
            throw failed("the totals do not agree: mapped " + tracker.mapped() + ", reduced " + tracker.reduced()
                    + ", collected " + collected);
        }
        if (!record.state().isFinal()) {
            record = record.become(JobState.DONE, record.detail());
            write(List.of(job(record)));
        }
        return new JobResult(table, receipt(table, collected));
    }

    private Event.PartitionDone partition(int p) {
        Event.PartitionDone done = tracker.partition(p);
        if (done == null) {
            throw new IllegalStateException("partition " + p + " is not done");
        }
        return done;
    }

    private void read(List<TopicPartition> wanted, long missing, ResultTable table) {
        try (KafkaConsumer<byte[], byte[]> reader = cluster.reader(
                Map.of("max.poll.records", 20_000, "fetch.max.wait.ms", 50, "max.partition.fetch.bytes", 16 << 20))) {
            reader.assign(wanted);
            reader.seekToBeginning(wanted);
            long lastCount = System.nanoTime();
            while (table.size() < missing) {
                boolean any = false;
                for (ConsumerRecord<byte[], byte[]> count : poll(reader, IDLE_POLL)) {
                    any = true;
                    if (OpenTransactions.isEnding(count)) {
                        continue;
                    }
                    if (count.value() == null || count.value().length != Long.BYTES) {
                        throw failed("a record on " + count.topic() + " is no count");
                    }
                    table.add(
                            count.key(),
                            0,
                            count.key().length,
                            ByteBuffer.wrap(count.value()).getLong());
                }
                broker.observe(any);
                if (any) {
                    lastCount = System.nanoTime();
                } else if (System.nanoTime() - lastCount > NO_COUNT.toNanos()) {
                    if (hasReadAll(reader, lastCount)) {
                        throw failed("DATA_LOST: of " + missing + " words that reducers have published, " + table.size()
                                + " are in " + topics.results(spec.id())
                                + ": brokers have lost records, or it was deleted");
                    }
                }
            }
        }
    }

    private long writtenEnd(TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            return Patience.ask(settings.brokerDeadline(), () -> ClusterSetup.writtenEnd(admin, partition));
        } catch (TimeoutException e) {
            throw broker.lost(e);
        } catch (InterruptException e) {
            throw interrupted(e);
        }
    }

    /** Whether a reader has passed all that is written: every word was there before its reducer said so. */
    private boolean hasReadAll(KafkaConsumer<byte[], byte[]> reader, long lastCount) {
        try (Admin admin = cluster.admin()) {
            for (TopicPartition each : reader.assignment()) {
                if (reader.position(each, NO_COUNT) < ClusterSetup.writtenEnd(admin, each)) {
                    return false;
                }
            }
            return true;
        } catch (TimeoutException e) {
            if (System.nanoTime() - lastCount > settings.brokerDeadline().toNanos()) {
                throw broker.lost(e); // others may answer
            }
            return false;
        } catch (InterruptException e) {
            throw interrupted(e);
        }
    }

    private Receipt receipt(ResultTable table, PartitionTotal collected) {
        TextStats text = tracker.text();
        return new Receipt(
                spec.id().toString(),
                spec.name(),
                Release.VERSION,
                spec.rules().profile(),
                spec.rules().version(),
                spec.rules().stopWords().size(),
                tracker.files(),
                tracker.bytes(),
                text.textBytes(),
                table.size(),
                tracker.taskCount(),
                tracker.attempts(),
                tracker.backups(),
                tracker.duplicatesDropped(),
                text.invalidSequences(),
                text.oversizedWords(),
                tracker.mapped(),
                tracker.reduced(),
                collected,
                spec.input().chunkBytes(),
                spec.partitions(),
                List.copyOf(tracker.skipped().values()),
                notices,
                System.currentTimeMillis() - spec.createdMillis());
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }
}
