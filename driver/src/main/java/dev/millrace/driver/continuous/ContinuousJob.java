package dev.millrace.driver.continuous;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.Housekeeping;
import dev.millrace.driver.JobClaim;
import dev.millrace.driver.JobsView;
import dev.millrace.driver.Release;
import dev.millrace.driver.TransactionWatch;
import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.map.DocumentCounter;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver of a continuous job: feeds what sources and mappers say to a {@link DocumentTracker}, and publishes what
 * that decides. What is published goes out in one transaction with the position that it leads to, so a driver that takes
 * over goes on exactly there. One thread.
 */
public final class ContinuousJob implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ContinuousJob.class);
    private static final long HOUSEKEEPING_NANOS = 15_000_000_000L;
    private static final Duration IDLE_POLL = Duration.ofMillis(100);
    private static final long FLUSH_NANOS = 200_000_000;
    private static final long STATUS_NANOS = 1_000_000_000;
    /** How long a canceller may take from shutting the driver out to saying why. */
    private static final long CANCEL_NANOS = 5_000_000_000L;

    private static final SecureRandom EXECUTIONS = new SecureRandom();
    /** Of a backlog so much comes with each turn, in which the driver writes once: several of the largest tasks. */
    private static final int MOST_POLLED = 10_000;

    /** Of names and reasons of documents that cannot be read; a record may have eight times as much. */
    private static final int UNREADABLE_CHARACTERS = 1 << 20;

    private final DriverSettings settings;
    private final ClusterSettings cluster;
    private final TopicNames topics;
    /** Names that are needed for every single document. */
    private final String eventsTopic, jobsTopic, documentsTopic;

    private final TopicPartition events;

    private final ClusterSetup setup;
    private final DocumentSource source;
    private final ContinuousListener listener;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final JobRecord record;
    private final JobSpec spec;
    private final Transactions transactions;
    private final TransactionWatch watch;
    private final OwnTasks own;
    private final DocumentTracker tracker;
    private final DocumentNames names;
    private final WakeableConsumer reader;
    private final SourcePartitions partitions;
    private final Barriers barriers;
    private final DriverView view = new DriverView();
    private JobsView jobs = new JobsView();
    private CompletableFuture<Void> housekeeping = CompletableFuture.completedFuture(null);
    private final JobProgress progress;
    private final LedgerEnds ledgerEnds = new LedgerEnds();
    private long lastFlush = System.nanoTime(), lastStatus = lastFlush;
    private long lastHousekeeping = lastFlush;
    private final JobStatus jobStatus;
    /** Whether reducers have published all, of a source that has ended. */
    private final ReducersAsked all = new ReducersAsked();

    private boolean stopping, stopTold;
    /** The source wants something written down. */
    private boolean remembers;

    private ContinuousJob(
            DriverSettings settings,
            ClusterSetup setup,
            DocumentSource source,
            ContinuousListener listener,
            JobRecord record,
            Transactions transactions,
            TransactionWatch watch,
            KafkaConsumer<byte[], byte[]> consumer) {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.topics = cluster.topics();
        this.setup = setup;
        this.source = source;
        this.listener = listener;
        this.record = record;
        this.spec = record.spec();
        this.eventsTopic = topics.events();
        this.events = new TopicPartition(eventsTopic, 0);
        this.jobsTopic = topics.jobs();
        this.documentsTopic = topics.documents(spec.id());
        this.transactions = transactions;
        this.watch = watch;
        this.consumer = consumer;
        this.reader = new WakeableConsumer(consumer, settings.brokerDeadline());
        this.tracker = new DocumentTracker(spec);
        this.names = DocumentNames.of(spec);
        this.progress = new JobProgress(spec, tracker);
        this.jobStatus = new JobStatus(spec, tracker);
        this.partitions = new SourcePartitions(settings, setup, spec.name(), source, tracker, reader, listener::notice);
        this.barriers = new Barriers(source, partitions, listener::notice);
        this.own = new OwnTasks(settings, reader::wake);
    }

    /** What the source may see and say. */
    private final class DriverView implements DocumentSource.Driver {
        @Override
        public @Nullable DocumentEntry entry(String id) {
            return tracker.entryAtRest(id);
        }

        @Override
        public @Nullable String version(String id) {
            return tracker.version(id);
        }

        @Override
        public Iterable<String> ids() {
            return tracker.ids();
        }

        @Override
        public @Nullable Long remembered(String name) {
            return tracker.sources().next(name);
        }

        @Override
        public void remember(String name, long value) {
            tracker.sources().remember(name, value);
            remembers = true;
        }

        @Override
        public void change(DocumentChange change) {
            tracker.change(change, now());
        }

        @Override
        public void announce(String in, long position) {
            tracker.sources().announce(in, position);
        }

        @Override
        public void keep(String in, long position) {
            tracker.sources().keep(in, position);
        }

        @Override
        public boolean wasDone(String in, long position) {
            return tracker.sources().wasDone(in, position);
        }

        @Override
        public void passOver(String in, long position) {
            tracker.sources().passOver(in, position);
        }

        @Override
        public boolean rename(String from, DocumentChange to) {
            return tracker.rename(from, to);
        }

        @Override
        public void renew(String id, String version) {
            tracker.renew(id, version);
        }

        @Override
        public void unreadable(String id, String why) {
            tracker.unreadable(id, why);
            listener.notice(names.printable(id) + " keeps its last good version: " + why);
        }

        @Override
        public void readable(String id) {
            if (tracker.readable(id)) {
                listener.notice(names.printable(id) + " can be read again, or is gone");
            }
        }

        @Override
        public boolean hasRoom() {
            return tracker.hasRoom();
        }
    }

    /**
     * Runs the job of this name, a new one or the one that an earlier driver left, until the thread is interrupted, the
     * job is cancelled, or the source has ended and all of it is counted.
     *
     * @throws MillraceException as {@link dev.millrace.driver.JobClient} does; on an interrupt the job stays open
     */
    public static void run(
            DriverSettings settings, String name, TextRules rules, DocumentSource source, ContinuousListener listener) {
        ClusterSettings cluster = settings.cluster();
        TopicNames topics = cluster.topics();
        try (source;
                ClusterSetup setup = new ClusterSetup(cluster);
                KafkaConsumer<byte[], byte[]> consumer =
                        cluster.reader(Map.of("max.poll.records", MOST_POLLED, "fetch.max.wait.ms", 250))) {
            JobOpening.Opened opening = new JobOpening(settings, setup, consumer, name, rules, source).open();
            JobRecord record = opening.record();
            JobClaim claim = new JobClaim(cluster, record.spec().id());
            try (Transactions transactions = new Transactions(
                    cluster, topics.driverTransactions(record.spec().id()), settings.brokerDeadline(), claim::stands)) {
                claim.make();
                transactions.startClaimed(); // fences a driver that still runs, so what is read next is final
                endLost(setup.admin(), transactions, record.spec(), topics);
                try (TransactionWatch watch = new TransactionWatch(cluster, record.spec(), listener::notice);
                        ContinuousJob job = new ContinuousJob(
                                settings, setup, source, listener, record, transactions, watch, consumer)) {
                    job.runOrderly(opening.resumed());
                }
            } catch (Transactions.FencedException e) {
                throw new MillraceException(
                        ExitCode.FAILED,
                        "another driver has taken over the job " + name
                                + " meanwhile; start this again to take it back",
                        e);
            }
        }
    }

    /** What the driver before wrote last could not be read by anyone where the broker has lost its end. */
    private static void endLost(Admin admin, Transactions transactions, JobSpec spec, TopicNames topics) {
        List<ProducerRecord<byte[], byte[]>> endings = OpenTransactions.of(
                        admin,
                        List.of(
                                new TopicPartition(topics.documents(spec.id()), 0),
                                new TopicPartition(topics.tasks(), 0),
                                new TopicPartition(topics.events(), 0),
                                new TopicPartition(topics.jobs(), 0)))
                .stream()
                .filter(open ->
                        open.lost() && topics.driverTransactions(spec.id()).equals(open.transactionalId()))
                .map(open -> OpenTransactions.ending(open.partition()))
                .toList();
        if (!endings.isEmpty()) {
            transactions.write(endings);
        }
    }

    private static byte[] key(JobId id) {
        return id.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void runOrderly(boolean resumed) {
        try {
            run(resumed);
        } catch (InterruptException e) {
            Thread.interrupted(); // or nothing could be closed in order
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        }
    }

    private void run(boolean resumed) {
        try {
            recover();
        } catch (MalformedRecordException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "the job " + spec.name() + " (" + spec.id() + ") cannot go on: release " + Release.VERSION
                            + " cannot read what another wrote of it (" + e.getMessage()
                            + "). Go on with that release, or "
                            + settings.anew().apply(spec.name()),
                    e);
        }
        listener.opened(spec.id(), resumed);
        tell(); // or for the first second nobody would see that a driver runs again
        source.open(reader::wake);
        while (!stopping) {
            step();
        }
        tell();
        source.end();
    }

    private void recover() {
        jobs = JobsView.read(cluster); // again: the driver before may have gone on until it was fenced
        jobs.checkGoesOn(spec);
        for (int partition = 0; partition < spec.partitions(); partition++) {
            // As written: what the driver before had in a transaction that it did not end has numbers that this one
            // gives to tasks of its own, and may come to be committed if the broker has lost its end.
            TopicPartition ledger = new TopicPartition(topics.ledger(spec.id()), partition);
            ledgerEnds.reach(partition, reader.undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), ledger)));
        }
        ContinuousPosition position = jobs.position(spec.id());
        if (position != null) {
            progress.restore(position);
            LogReader.readToEnd(
                    cluster,
                    new TopicPartition(topics.documents(spec.id()), 0),
                    -1,
                    in -> tracker.restore(new String(in.key(), StandardCharsets.UTF_8), in.value()));
            LogReader.readToEnd(cluster, new TopicPartition(topics.tasks(), 0), progress.tasksStart(), in -> {
                if (isOurs(in) && ControlCodec.task(in.value()) instanceof DocumentTask task) {
                    Header texts = in.headers().lastHeader(TopicNames.DOCUMENT_HEADER);
                    tracker.restore(task, texts == null ? new byte[0] : texts.value(), now());
                }
            });
            String disagreement = tracker.disagreement(ledgerEnds::end);
            if (disagreement != null) {
                throw failed("DATA_LOST: " + disagreement + "; the brokers have lost records");
            }
        }
        TopicPartition jobsPartition = new TopicPartition(topics.jobs(), 0);
        consumer.assign(List.of(events, jobsPartition));
        consumer.seek(
                events, reader.undisturbed(() -> ClusterSetup.nearest(setup.admin(), events, progress.eventsNext())));
        consumer.seek(jobsPartition, jobs.next());
        partitions.open();
    }

    private boolean isOurs(ConsumerRecord<byte[], byte[]> in) {
        return in.key() != null && spec.id().toString().equals(new String(in.key(), StandardCharsets.US_ASCII));
    }

    private void step() {
        boolean taking = !barriers.isDraining() && tracker.hasRoom();
        partitions.take(taking && !source.isFull());
        boolean soon = tracker.mayBegin(now());
        long rest = tracker.restMillis(now());
        try {
            take(reader.poll(soon ? Duration.ZERO : rest > 0 ? Duration.ofMillis(rest) : IDLE_POLL));
        } catch (OffsetOutOfRangeException e) {
            outOfRange(e);
        }
        String failure = tracker.failure();
        if (failure != null) {
            throw failed(failure); // before a position is written that is behind what tells of it
        }
        tracker.settle(now());
        if (taking) {
            source.poll(view);
        }
        List<Long> reached = barriers.reached(tracker::isQuiet);
        if (!reached.isEmpty()) {
            sayReached(reached);
        }
        publish();
        List<ProducerRecord<byte[], byte[]>> endings = watch.ownEndings();
        if (!endings.isEmpty()) {
            commit(endings);
        }
        long now = System.nanoTime();
        if (now - lastStatus > STATUS_NANOS) {
            lastStatus = now;
            jobStatus.ask(now()).ifPresent(this::write);
            tell();
            keepHouse(now);
            if (partitions.tick()) {
                write(List.of(), List.of(), 0, false);
            }
            partitions.grow();
            watch.lookAlsoAt(partitions.isGone() ? List.of() : source.partitions());
        }
        if (source.isStopped() && !stopTold) {
            stopTold = true;
            listener.notice(
                    "no more is read; what was read is counted first, and a second signal does not wait for that");
        }
        if (source.isEnded() && tracker.isQuiet() && barriers.isEmpty()) {
            if (source.isStopped()) {
                write(0); // all that was counted, for who goes on
                throw new InterruptException("its user has stopped the source");
            }
            end();
        }
    }

    /**
     * Others may have purged events that this driver was about to read, by a position that a broker has lost since. What
     * they told is told again, or done again.
     */
    private void outOfRange(OffsetOutOfRangeException e) {
        Long next = e.offsetOutOfRangePartitions().get(events);
        long held = next == null ? 0 : reader.undisturbed(() -> ClusterSetup.nearest(setup.admin(), events, next));
        if (next != null && held > next) {
            consumer.seek(events, held);
        } else {
            partitions.outOfRange(e);
        }
    }

    private void sayReached(List<Long> numbers) {
        numbers.forEach(this::write);
        TopicPartition documents = new TopicPartition(topics.documents(spec.id()), 0);
        long end = reader.undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), documents));
        List<String> unreadable = unreadable();
        for (long number : numbers) {
            say(new Event.BarrierReached(spec.id(), number, end, tracker.documents(), tracker.total(), unreadable));
        }
    }

    /** Nothing more will come and all is counted: the job is left once that is published too. */
    private void end() {
        if (!all.isAsked() || all.isLate(now())) {
            if (all.isAsked()) {
                listener.notice("all is counted, and not every reducer has published it yet: are reducers running?");
            }
            write(all.ask(spec.partitions(), now()));
        }
        stopping = all.isAnswered();
    }

    private void take(ConsumerRecords<byte[], byte[]> records) {
        partitions.taking(records);
        for (ConsumerRecord<byte[], byte[]> in : records) {
            if (in.topic().equals(eventsTopic)) {
                progress.eventsTaken(in.offset() + 1);
                if (isOurs(in)) {
                    happened(in);
                }
            } else if (in.topic().equals(jobsTopic)) {
                jobs.apply(in);
                jobs.checkGoesOn(spec); // cancelled by somebody, or failed by another driver
            } else {
                source.accept(in, view);
            }
        }
        partitions.taken(records);
    }

    private void happened(ConsumerRecord<byte[], byte[]> in) {
        Event event;
        try {
            event = ControlCodec.event(in.value());
        } catch (MalformedRecordException e) {
            listener.notice(
                    "a record on " + topics.events() + " at offset " + in.offset() + " is no event: " + e.getMessage());
            return;
        }
        if (event instanceof Event.BarrierAsked asked) {
            barriers.ask(asked.barrier());
        } else if (event instanceof Event.PartitionBarrier reached) {
            all.answered(reached);
            jobStatus.answered(reached);
        } else {
            if (event instanceof Event.DocumentsDone done) {
                ledgerEnds.reach(done);
            }
            tracker.apply(event, now());
        }
    }

    /** So many that they fit into a record. */
    private List<String> unreadable() {
        List<String> told = new ArrayList<>();
        int characters = 0;
        for (Map.Entry<String, String> each : tracker.unreadable().entrySet()) {
            String line = names.printable(each.getKey()) + ": " + each.getValue();
            characters += line.length();
            if (characters > UNREADABLE_CHARACTERS) {
                told.add("and " + (tracker.unreadable().size() - told.size()) + " more");
                break;
            }
            told.add(line);
        }
        return told;
    }

    /** All own tasks of a turn are counted before the first of them is done: what is written of them goes out together. */
    private void publish() {
        boolean flush = System.nanoTime() - lastFlush > FLUSH_NANOS
                && (tracker.isDirty() || progress.isUnmarked() || remembers);
        List<Counted> counted = new ArrayList<>();
        List<DocumentTracker.Due> handedOut = new ArrayList<>();
        if (tracker.waiting() > 0 || tracker.openTasks() > 0) {
            for (DocumentTracker.Due due : tracker.due(now())) {
                DocumentCounter.Counted here = due.isDraft() && counted.isEmpty() ? own.count(due) : null;
                if (here != null) {
                    counted.add(counted(due, here));
                } else if (!due.isDraft()) {
                    handedOut.add(due);
                } else if (!own.begin(due)) {
                    handedOut.add(tracker.issue(due));
                }
            }
        }
        for (OwnTasks.Done done : own.takeDone()) {
            if (done.counted() == null) {
                handedOut.add(tracker.issue(done.draft()));
            } else {
                counted.add(counted(done.draft(), done.counted()));
            }
        }
        if (flush || !handedOut.isEmpty() || !counted.isEmpty()) {
            write(handedOut, counted, 0, flush);
        }
    }

    private Counted counted(DocumentTracker.Due draft, DocumentCounter.Counted counted) {
        DocumentTracker.Due issued = tracker.issue(draft);
        DocumentCounter.Counted numbered = counted.as(issued.task());
        return new Counted(issued, numbered, numbered.blocks());
    }

    /** A task that is counted, and its new blocks. */
    private record Counted(
            DocumentTracker.Due issued, DocumentCounter.Counted task, List<ProducerRecord<byte[], byte[]>> blocks) {}

    private void write(long atBarrier) {
        write(List.of(), List.of(), atBarrier, true);
    }

    /** Everything that this driver has decided since the last time, and the position that it leads to. */
    private void write(List<DocumentTracker.Due> handedOut, List<Counted> counted, long atBarrier, boolean mark) {
        partitions.readOn();
        remembers = false;
        if (mark) {
            lastFlush = System.nanoTime();
        }
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        counted.forEach(each -> records.addAll(each.blocks));
        int blocks = records.size();
        finish(
                counted,
                ledgerEnds.earliest(
                        records.stream().map(ProducerRecord::partition).toList()),
                records);
        TopicPartition tasks = new TopicPartition(topics.tasks(), 0);
        addRecords(
                progress.batch(
                        handedOut,
                        atBarrier,
                        mark,
                        () -> reader.undisturbed(() -> consumer.endOffsets(List.of(tasks)))
                                .getOrDefault(tasks, 0L)),
                records);
        for (RecordMetadata block : commit(records).subList(0, blocks)) {
            ledgerEnds.reach(block.partition(), block.offset() + 1);
        }
        counted.forEach(each -> tracker.committed(each.issued, now()));
    }

    /**
     * Own tasks are done, as far as this driver is concerned, once what they came to is among the records that it is about
     * to write: if that fails for good, it ends.
     */
    private void finish(List<Counted> counted, List<Long> blockOffsets, List<ProducerRecord<byte[], byte[]>> records) {
        long execution = EXECUTIONS.nextLong();
        int at = 0;
        for (Counted each : counted) {
            DocumentCounter.Written written =
                    each.task.written(execution, "the driver", blockOffsets.subList(at, at + each.blocks.size()));
            at += each.blocks.size();
            records.addAll(written.records());
            tracker.apply(written.done(), now());
        }
    }

    /** The differences of own tasks stand before: a watermark is behind what it speaks of. */
    private void addRecords(JobProgress.Batch batch, List<ProducerRecord<byte[], byte[]>> records) {
        for (DocumentTracker.Due each : batch.tasks()) {
            if (each.task().attempt() > 1) {
                listener.notice("task " + each.task().number() + " (" + tracker.describe(each.task())
                        + ") is issued again (attempt " + each.task().attempt() + ")");
            }
            ProducerRecord<byte[], byte[]> task =
                    new ProducerRecord<>(topics.tasks(), 0, key(spec.id()), ControlCodec.encode(each.task()));
            task.headers().add(TopicNames.DOCUMENT_HEADER, each.texts());
            records.add(task);
        }
        batch.documents().forEach(each -> records.add(entry(each)));
        for (int partition = 0; partition < batch.watermarks().size(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(),
                    partition,
                    key(spec.id()),
                    LaneCodec.encode(batch.watermarks().get(partition))));
        }
        records.add(new ProducerRecord<>(
                jobsTopic, 0, JobsView.positionKey(spec.id()), ControlCodec.encode(batch.position())));
    }

    private ProducerRecord<byte[], byte[]> entry(DocumentTracker.Entry entry) {
        return new ProducerRecord<>(documentsTopic, 0, entry.id().getBytes(StandardCharsets.UTF_8), entry.value());
    }

    private List<RecordMetadata> commit(List<ProducerRecord<byte[], byte[]>> records) {
        try {
            return transactions.write(records);
        } catch (Transactions.FencedException e) {
            throw shutOut(e);
        }
    }

    private void say(Event event) {
        commit(List.of(new ProducerRecord<>(topics.events(), 0, key(spec.id()), ControlCodec.encode(event))));
    }

    /** What no job needs any more goes away now and then, beside everything else. */
    private void keepHouse(long nowNanos) {
        if (!settings.keepsHouse() || nowNanos - lastHousekeeping < HOUSEKEEPING_NANOS || !housekeeping.isDone()) {
            return;
        }
        lastHousekeeping = nowNanos;
        JobsView seen = jobs.copy();
        housekeeping = CompletableFuture.runAsync(
                        () -> new Housekeeping(setup, topics).clean(seen, System.currentTimeMillis()))
                .exceptionally(failure -> {
                    LOG.debug("old records were not cleared away", failure);
                    return null;
                });
    }

    /** Who cancels a job shuts its driver out first and says so then; who takes a job over only does the former. */
    private MillraceException shutOut(Transactions.FencedException why) {
        consumer.pause(consumer.assignment().stream()
                .filter(partition -> !partition.topic().equals(topics.jobs()))
                .toList());
        long end = System.nanoTime() + CANCEL_NANOS;
        while (System.nanoTime() < end) {
            take(reader.poll(IDLE_POLL));
        }
        return new MillraceException(
                ExitCode.FAILED,
                "another driver has taken over the job " + spec.name() + " (" + spec.id()
                        + "), or this one was frozen too long; start it again to take it back",
                why);
    }

    private void tell() {
        ContinuousStatus status = jobStatus.now(now(), Math.max(watch.sourceHeldUpMillis(), source.waitingMillis()));
        listener.status(status);
        Event.ContinuousStatus event = jobStatus.toSay(status, now(), System.currentTimeMillis());
        if (event != null) {
            say(event);
        }
    }

    /** Ends the job in every lane, so that reducers drop it, and remembers why. */
    private MillraceException failed(String why) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int partition = 0; partition < spec.partitions(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(), partition, key(spec.id()), LaneCodec.encode(new LaneRecord.Cancel(spec.id()))));
        }
        records.add(new ProducerRecord<>(
                topics.jobs(), 0, key(spec.id()), ControlCodec.encode(record.become(JobState.FAILED, why))));
        transactions.write(records);
        return failure(why);
    }

    private MillraceException failure(String why) {
        return new MillraceException(ExitCode.FAILED, "job " + spec.name() + " (" + spec.id() + ") failed: " + why);
    }

    @Override
    public void close() {
        own.close();
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }
}
