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
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.Patience;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
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
    /** A barrier that waits for so long says for what. */
    private static final long HELD_UP_NANOS = 10_000_000_000L;

    private static final long HOUSEKEEPING_NANOS = 15_000_000_000L;
    private static final Duration IDLE_POLL = Duration.ofMillis(100);
    private static final long FLUSH_NANOS = 200_000_000;
    private static final long STATUS_NANOS = 1_000_000_000;
    /** Between two times that reducers are asked how far behind they are, at least. */
    private static final long ECHO_MILLIS = 5_000;
    /** Reducers that keep up have answered by then. */
    private static final long ANSWERED_MILLIS = 2_000;
    /** How long a canceller may take from shutting the driver out to saying why. */
    private static final long CANCEL_NANOS = 5_000_000_000L;

    private static final SecureRandom EXECUTIONS = new SecureRandom();
    /** Of a backlog so much comes with each turn, in which the driver writes once: several of the largest tasks. */
    private static final int MOST_POLLED = 10_000;

    /** Of names and reasons of documents that cannot be read; a record may have eight times as much. */
    private static final int UNREADABLE_CHARACTERS = 1 << 20;

    private static final int WINDOW = 16;
    /** Usual length of a part of a document, see {@link dev.millrace.text.TextParts}. */
    private static final int PART_BYTES = 128 << 10;

    private static final int MAX_ATTEMPTS = 4;

    private final DriverSettings settings;
    private final ClusterSettings cluster;
    private final TopicNames topics;
    /** Names that are needed for every single document. */
    private final String eventsTopic, jobsTopic, documentsTopic;

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
    private final @Nullable TopicHistory history;
    private final DriverView view = new DriverView();
    private JobsView jobs = new JobsView();
    private CompletableFuture<Void> housekeeping = CompletableFuture.completedFuture(null);
    private final ChangeRate rate = new ChangeRate();
    private final Queue<Long> barriersAsked = new ArrayDeque<>();
    /** Of those that are under way, as one; empty where none is. */
    private final List<Long> barriers = new ArrayList<>();

    private long barrierSince, barrierLooked;
    private boolean isBarrierHeldUpTold, isGoneTold;
    /** Its topic is gone, so it takes what was read of that. */
    private boolean isBarrierCut;

    private boolean draining;
    /** Partitions of the source that are read once all before them are in tasks, up to where they ended. */
    private final NavigableSet<TopicPartition> later =
            new TreeSet<>(Comparator.comparingInt(TopicPartition::partition));

    private final Map<TopicPartition, Long> endsBefore = new HashMap<>();
    private final JobProgress progress;
    private final LedgerEnds ledgerEnds = new LedgerEnds();
    private long lastFlush = System.nanoTime(), lastStatus = lastFlush;
    private long lastHousekeeping = lastFlush;
    /** Whether they have published all, of a source that has ended; and, now and then, how far behind they are. */
    private final ReducersAsked all = new ReducersAsked(), echo = new ReducersAsked();
    /** The watermark when reducers were last asked how far behind they are. */
    private long echoed;

    private Event.@Nullable ContinuousStatus published;
    private volatile boolean woken;
    private boolean stopping;
    /** Whether sources have been read further than what was written last says. */
    private boolean passed;
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
        this.jobsTopic = topics.jobs();
        this.documentsTopic = topics.documents(spec.id());
        this.transactions = transactions;
        this.watch = watch;
        this.consumer = consumer;
        this.tracker = new DocumentTracker(spec);
        this.names = DocumentNames.of(spec);
        this.progress = new JobProgress(spec, tracker);
        this.history = source instanceof TopicSource topic
                ? new TopicHistory(
                        cluster,
                        setup.documentsTopic(topic.topic()),
                        partition -> ClusterSetup.writtenEnd(setup.admin(), partition),
                        spec.name(),
                        topic,
                        tracker)
                : null;
        this.own = new OwnTasks(settings, this::wake);
    }

    /** Any thread. */
    private void wake() {
        woken = true;
        consumer.wakeup();
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
            ClusterSetup.PairsTopic pairs = setup.pairs();
            JobRecord known = JobsView.read(cluster).continuous(name);
            JobRecord record = known != null
                    ? known
                    : open(settings, setup, name, id -> spec(id, name, rules, source, pairs, ends(consumer, topics)));
            check(record, name, rules, source, pairs);
            JobClaim claim = new JobClaim(cluster, record.spec().id());
            try (Transactions transactions = new Transactions(
                    cluster, topics.driverTransactions(record.spec().id()), settings.brokerDeadline(), claim::stands)) {
                claim.make();
                transactions.startClaimed(); // fences a driver that still runs, so what is read next is final
                endLost(setup.admin(), transactions, record.spec(), topics);
                try (TransactionWatch watch = new TransactionWatch(cluster, record.spec(), listener::notice);
                        ContinuousJob job = new ContinuousJob(
                                settings, setup, source, listener, record, transactions, watch, consumer)) {
                    job.runOrderly(known != null);
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

    /** Begins a job; of several drivers that do so at once under one name, all find the job of one of them. */
    private static JobRecord open(
            DriverSettings settings, ClusterSetup setup, String name, Function<JobId, JobSpec> specOf) {
        ClusterSettings cluster = settings.cluster();
        TopicNames topics = cluster.topics();
        try (Transactions opening =
                new Transactions(cluster, topics.openingTransactions(name), settings.brokerDeadline(), () -> false)) {
            opening.start(); // whoever was opening it has done so by now, or is fenced
            JobRecord opened = JobsView.read(cluster).continuous(name);
            if (opened == null) {
                JobSpec spec = specOf.apply(JobId.random());
                ClusterSetup.PairsTopic pairs = setup.pairs();
                setup.createContinuous(spec.id(), spec.partitions(), pairs.replicas());
                opened = JobRecord.open(spec);
                opening.write(opening(opened, topics));
            }
            return opened;
        } catch (Transactions.FencedException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "another driver began the job " + name
                            + " at the same moment; start this one again if it is to take the job over",
                    e);
        }
    }

    private static Map<TopicPartition, Long> ends(KafkaConsumer<byte[], byte[]> consumer, TopicNames topics) {
        return consumer.endOffsets(
                List.of(new TopicPartition(topics.events(), 0), new TopicPartition(topics.tasks(), 0)));
    }

    private static JobSpec spec(
            JobId id,
            String name,
            TextRules rules,
            DocumentSource source,
            ClusterSetup.PairsTopic pairs,
            Map<TopicPartition, Long> ends) {
        long events = 0, tasks = 0;
        for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
            if (end.getKey().topic().endsWith("events")) {
                events = end.getValue();
            } else {
                tasks = end.getValue();
            }
        }
        return new JobSpec(
                id,
                name,
                JobKind.CONTINUOUS,
                rules,
                new InputSpec(source.names(), List.of(), List.of(), false, PART_BYTES),
                pairs.partitions(),
                pairs.id(),
                WINDOW,
                MAX_ATTEMPTS,
                false,
                events,
                tasks,
                System.currentTimeMillis());
    }

    private static void check(
            JobRecord record, String name, TextRules rules, DocumentSource source, ClusterSetup.PairsTopic pairs) {
        JobSpec spec = record.spec();
        if (!spec.input().paths().equals(source.names())) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    "the job " + name + " counts "
                            + String.join(", ", DocumentNames.of(spec).printableSources()) + " and not "
                            + String.join(", ", DocumentNames.of(source.names()).printableSources())
                            + ": give another --job NAME, or cancel " + spec.id());
        }
        if (!spec.rules().equals(rules)) {
            throw new MillraceException(
                    ExitCode.USAGE,
                    "the job " + name + " counts by other rules (profile "
                            + spec.rules().profile()
                            + ", version " + spec.rules().version() + ", "
                            + spec.rules().stopWords().size() + " stop words): give the same --profile and"
                            + " --stop-words with release " + Release.VERSION + ", or another --job NAME");
        }
        if (!spec.pairsTopicId().equals(pairs.id())) {
            throw new MillraceException(
                    ExitCode.FAILED, "the job " + name + " was begun on another pairs topic than " + pairs);
        }
    }

    private static List<ProducerRecord<byte[], byte[]>> opening(JobRecord record, TopicNames topics) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        JobId id = record.spec().id();
        records.add(new ProducerRecord<>(topics.jobs(), 0, key(id), ControlCodec.encode(record)));
        for (int partition = 0; partition < record.spec().partitions(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(), partition, key(id), LaneCodec.encode(new LaneRecord.OpenContinuous(id))));
        }
        return records;
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
                            + "). Go on with that release, or end the job with '"
                            + cluster.command("cancel " + spec.id())
                            + "' and begin it anew",
                    e);
        }
        listener.opened(spec.id(), resumed);
        tell(); // or for the first second nobody would see that a driver runs again
        source.open(this::wake);
        while (!stopping) {
            step();
        }
        tell();
        source.end();
    }

    private void recover() {
        jobs = JobsView.read(cluster); // again: the driver before may have gone on until it was fenced
        checkOpen();
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
            String disagreement = tracker.disagreement();
            if (disagreement != null) {
                throw failed("DATA_LOST: " + disagreement + "; the brokers have lost records");
            }
        }
        for (int partition = 0; partition < spec.partitions(); partition++) {
            // As written: what the driver before had in a transaction that it did not end has numbers that this one
            // gives
            // to tasks of its own, and may come to be committed if the broker has lost its end.
            TopicPartition ledger = new TopicPartition(topics.ledger(spec.id()), partition);
            ledgerEnds.reach(partition, undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), ledger)));
        }
        TopicPartition events = new TopicPartition(topics.events(), 0);
        TopicPartition jobsPartition = new TopicPartition(topics.jobs(), 0);
        consumer.assign(List.of(events, jobsPartition));
        // A broker whose machine lost its power may have kept less of the events than of the jobs.
        consumer.seek(
                events,
                Math.min(progress.eventsNext(), undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), events))));
        consumer.seek(jobsPartition, jobs.next());
        TopicHistory opened = history;
        if (opened != null) {
            undisturbed(() -> {
                opened.open(consumer, System.currentTimeMillis(), listener::notice);
                return true;
            });
        }
        List<TopicPartition> added = source.partitions().stream()
                .filter(partition -> tracker.sources().next(TopicSource.name(partition)) == null)
                .toList();
        readAlso(source.partitions());
        if (added.size() < source.partitions().size()) {
            readLater(added);
        }
    }

    /**
     * Partitions that a topic was given meanwhile, once or several times: documents go there from now on that were in those
     * before, where older versions of them may be that are in no task yet.
     */
    private void readLater(List<TopicPartition> added) {
        if (!added.isEmpty()) {
            later.addAll(added);
            endsBefore.putAll(writtenEnds(source.partitions()));
        }
    }

    /** Partitions to read now. */
    private List<TopicPartition> readable() {
        while (!later.isEmpty() && isAllInTasksBefore(later.first())) {
            later.remove(later.first());
        }
        return later.isEmpty()
                ? source.partitions()
                : source.partitions().stream()
                        .filter(partition -> !later.contains(partition))
                        .toList();
    }

    private boolean isAllInTasksBefore(TopicPartition added) {
        return source.partitions().stream()
                .filter(each -> each.partition() < added.partition())
                .allMatch(
                        each -> tracker.sources().isInTasks(TopicSource.name(each), endsBefore.getOrDefault(each, 0L)));
    }

    private void readAlso(List<TopicPartition> partitions) {
        List<TopicPartition> all = new ArrayList<>(consumer.assignment());
        all.addAll(partitions);
        consumer.assign(all);
        for (TopicPartition partition : partitions) {
            Long next = tracker.sources().next(TopicSource.name(partition));
            if (next == null) {
                consumer.seekToBeginning(List.of(partition));
            } else {
                consumer.seek(
                        partition, history == null ? new OffsetAndMetadata(next) : history.start(partition, next));
            }
        }
    }

    /** Takes in partitions that a source's topic has been given since. */
    private void grow(ToIntFunction<String> partitionsNow) {
        String topic = source.partitions().isEmpty()
                ? null
                : source.partitions().get(0).topic();
        if (topic != null
                && partitionsNow.applyAsInt(topic) > source.partitions().size()) {
            List<TopicPartition> added = source.grow(partitionsNow.applyAsInt(topic));
            listener.notice("the topic " + topic + " has " + source.partitions().size()
                    + " partitions now: reading the new ones too");
            readAlso(added);
            readLater(added);
        }
    }

    private boolean isOurs(ConsumerRecord<byte[], byte[]> in) {
        return in.key() != null && spec.id().toString().equals(new String(in.key(), StandardCharsets.US_ASCII));
    }

    private void step() {
        boolean taking = !draining && tracker.hasRoom();
        if (!source.partitions().isEmpty()) {
            List<TopicPartition> wanted = taking && !source.isFull() ? readable() : List.of();
            if (wanted.size() < source.partitions().size()) {
                consumer.pause(source.partitions());
            }
            consumer.resume(wanted);
        }
        boolean soon = woken || tracker.mayBegin(now());
        long rest = tracker.restMillis(now());
        woken = false;
        try {
            poll(consumer.poll(soon ? Duration.ZERO : rest > 0 ? Duration.ofMillis(rest) : IDLE_POLL));
        } catch (WakeupException e) {
            // The source has something to say.
        } catch (LogTruncationException e) {
            // Of other topics a driver that takes over compares what it finds.
            boolean isSource = source.partitions().stream().anyMatch(e.offsetOutOfRangePartitions()::containsKey);
            throw history != null && isSource ? history.lost(e) : e;
        }
        String failure = tracker.failure();
        if (failure != null) {
            throw failed(failure); // before a position is written that is behind what tells of it
        }
        tracker.settle(now());
        if (taking) {
            source.poll(view);
        }
        barrier();
        publish();
        List<ProducerRecord<byte[], byte[]>> endings = watch.ownEndings();
        if (!endings.isEmpty()) {
            commit(endings);
        }
        long now = System.nanoTime();
        if (now - lastStatus > STATUS_NANOS) {
            lastStatus = now;
            askReducers();
            tell();
            keepHouse(now);
            if (history != null) {
                boolean isDue = history.tick(this::endsOfSameTopic, this::positions, System.currentTimeMillis());
                if (isDue || passed) {
                    write(List.of(), List.of(), 0, false);
                }
                passed = hasPassed();
            }
            // No request: what the consumer's metadata say, which it renews once a minute.
            grow(topic -> undisturbed(() -> consumer.partitionsFor(topic)).size());
        }
        if (source.isEnded() && tracker.isQuiet() && barriers.isEmpty() && barriersAsked.isEmpty()) {
            end();
        }
    }

    /**
     * Ends of transactions are read as well, and nothing tells of them; what retention deletes would look as if it had not
     * been read.
     *
     * @return whether the position of sources is further on now
     */
    private boolean hasPassed() {
        boolean moved = false;
        for (TopicPartition partition : readable()) {
            try {
                long next = consumer.position(partition, Duration.ZERO);
                moved |= tracker.sources().readUpTo(TopicSource.name(partition), next);
            } catch (TimeoutException e) {
                LOG.debug("{} has no position at the moment", partition, e);
            } catch (WakeupException e) {
                woken = true;
            }
        }
        return moved;
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

    /**
     * What the consumer answers. A source may wake it at any time, and it may be another call than a poll that is woken; and
     * a broker may be away for longer than one call waits.
     */
    private <T> T undisturbed(Supplier<T> call) {
        return Patience.ask(settings.brokerDeadline(), () -> {
            while (true) {
                try {
                    return call.get();
                } catch (WakeupException e) {
                    woken = true;
                }
            }
        });
    }

    private void poll(ConsumerRecords<byte[], byte[]> records) {
        for (ConsumerRecord<byte[], byte[]> in : records) {
            if (in.topic().equals(eventsTopic)) {
                progress.eventsTaken(in.offset() + 1);
                if (isOurs(in)) {
                    happened(in);
                }
            } else if (in.topic().equals(jobsTopic)) {
                jobs.apply(in);
                checkOpen();
            } else {
                source.accept(in, view);
            }
        }
        if (history != null) {
            source.partitions().forEach(partition -> history.taken(partition, records.records(partition)));
        }
    }

    /** Somebody may have cancelled it, or another driver found that it failed. */
    private void checkOpen() {
        JobRecord now = jobs.job(spec.id());
        if (now != null && now.state() == JobState.CANCELLED) {
            throw new MillraceException(ExitCode.CANCELLED, "job " + spec.id() + " was cancelled");
        }
        if (now != null && now.state().isFinal()) {
            throw failure(now.detail());
        }
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
            barriersAsked.add(asked.barrier());
        } else if (event instanceof Event.PartitionBarrier reached) {
            all.answered(reached);
            echo.answered(reached);
        } else {
            if (event instanceof Event.DocumentsDone done) {
                ledgerEnds.reach(done);
            }
            tracker.apply(event, now());
        }
    }

    /** A barrier: all that was there when it was asked for is told, then nothing more until all of that is counted. */
    private void barrier() {
        if (barriers.isEmpty() && !barriersAsked.isEmpty()) {
            // All at once: whoever waits asks again and again, and one that is under way comes too early for them.
            barriers.addAll(barriersAsked);
            barriersAsked.clear();
            barrierSince = System.nanoTime();
            barrierLooked = barrierSince;
            isBarrierHeldUpTold = false;
            grow(topic -> undisturbed(() -> setup.partitions(topic)));
            isBarrierCut = !isTopicThere();
            source.beginBarrier(isBarrierCut ? positions() : writtenEnds(source.partitions()));
        }
        if (!barriers.isEmpty() && !draining) {
            Map<TopicPartition, Long> positions = positions();
            draining = source.isPastBarrier(positions);
            if (!draining && System.nanoTime() - barrierLooked > STATUS_NANOS) {
                holdUp(positions);
                barrierLooked = System.nanoTime();
            }
        }
        if (!barriers.isEmpty() && draining && tracker.isQuiet()) {
            barriers.forEach(this::write);
            TopicPartition documents = new TopicPartition(topics.documents(spec.id()), 0);
            long end = undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), documents));
            List<String> unreadable = unreadable();
            for (long number : barriers) {
                say(new Event.BarrierReached(spec.id(), number, end, tracker.documents(), tracker.total(), unreadable));
            }
            barriers.clear();
            draining = false;
        }
    }

    private void holdUp(Map<TopicPartition, Long> positions) {
        if (!isBarrierCut && !isTopicThere()) {
            isBarrierCut = true;
            source.beginBarrier(positions); // nothing more can be read of it
        } else if (!isBarrierHeldUpTold && System.nanoTime() - barrierSince > HELD_UP_NANOS) {
            isBarrierHeldUpTold = true;
            tellWhatHoldsUp(positions);
        }
    }

    /** A document that stands behind an open transaction was produced as well, and is waited for. */
    private Map<TopicPartition, Long> writtenEnds(List<TopicPartition> partitions) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        for (TopicPartition partition : partitions) {
            ends.put(partition, undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), partition)));
        }
        return ends;
    }

    private void tellWhatHoldsUp(Map<TopicPartition, Long> positions) {
        ends().forEach((partition, stable) -> {
            if (stable < undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), partition))) {
                listener.notice("a snapshot waits for what stands behind offset " + positions.get(partition) + " of "
                        + partition + ": " + OpenTransactions.heldUpBy(cluster, partition));
            }
        });
        String other = source.heldUpBy();
        if (other != null) {
            listener.notice("a snapshot waits for " + other);
        }
    }

    /** What was read of a topic that is gone counts on. */
    private boolean isTopicThere() {
        if (history == null) {
            return true;
        }
        String id = undisturbed(() -> setup.topicId(history.topic()));
        history.checkSame(id);
        if (id == null && !isGoneTold) {
            isGoneTold = true;
            listener.notice("the topic " + history.topic() + " is gone; what was read of it counts on");
        }
        return id != null;
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

    private Map<TopicPartition, Long> ends() {
        return undisturbed(() -> consumer.endOffsets(source.partitions()));
    }

    private Map<TopicPartition, Long> endsOfSameTopic() {
        return isTopicThere() ? ends() : Map.of();
    }

    private Map<TopicPartition, Long> positions() {
        Map<TopicPartition, Long> positions = new HashMap<>();
        for (TopicPartition partition : source.partitions()) {
            positions.put(partition, undisturbed(() -> consumer.position(partition)));
        }
        return positions;
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
        passed = false;
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
                        () -> undisturbed(() -> consumer.endOffsets(List.of(tasks)))
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
            poll(undisturbed(() -> consumer.poll(IDLE_POLL)));
        }
        return new MillraceException(
                ExitCode.FAILED,
                "another driver has taken over the job " + spec.name() + " (" + spec.id()
                        + "), or this one was frozen too long; start it again to take it back",
                why);
    }

    private void askReducers() {
        boolean isDue = echo.isAnswered() && tracker.watermark() > echoed && echo.askedMillis(now()) > ECHO_MILLIS;
        if (isDue || echo.isLate(now())) {
            echoed = tracker.watermark();
            write(echo.ask(spec.partitions(), now()));
        }
    }

    /** Counted is what reducers have published. */
    private long freshnessMillis(long now) {
        return isReducedLate(now)
                ? Math.max(echo.behindMillis(now), tracker.freshnessMillis(now))
                : tracker.freshnessMillis(now);
    }

    private boolean isReducedLate(long now) {
        return echo.behindMillis(now) > ANSWERED_MILLIS;
    }

    private void tell() {
        long now = now();
        ContinuousStatus status = new ContinuousStatus(
                tracker.documents(),
                tracker.total().tokens(),
                tracker.changes(),
                rate.perSecond(tracker.changes(), now),
                tracker.waiting(),
                tracker.openTasks(),
                tracker.unreadable().size(),
                freshnessMillis(now));
        listener.status(status);
        Event.ContinuousStatus event = new Event.ContinuousStatus(
                spec.id(),
                published == null ? 0 : published.atMillis(),
                status.documents(),
                status.tokens(),
                status.changes(),
                status.changesPerSecond(),
                status.waiting(),
                status.openTasks(),
                status.unreadable(),
                status.freshnessMillis(),
                tracker.isBehind() || isReducedLate(now));
        // Whoever asks how the job does must find one, and tell from its age whether this driver runs.
        if (!event.equals(published) || System.currentTimeMillis() - event.atMillis() >= DriverStatus.REPEATED_MILLIS) {
            published = new Event.ContinuousStatus(
                    event.job(),
                    System.currentTimeMillis(),
                    event.documents(),
                    event.tokens(),
                    event.changes(),
                    event.changesPerSecond(),
                    event.waiting(),
                    event.openTasks(),
                    event.unreadable(),
                    event.freshnessMillis(),
                    event.isBehind());
            say(published);
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
