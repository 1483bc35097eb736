package dev.millrace.mapper;

import dev.millrace.input.InputException;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MapTask;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.DeadLetter;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.map.BlockCache;
import dev.millrace.map.DocumentCounter;
import dev.millrace.map.PairRecords;
import dev.millrace.service.LoopThreads;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.text.TextProfile;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One mapper thread: takes a task, maps it on a thread of its own while this one keeps the task's lock, writes the
 * pairs and {@code TaskDone} in one short transaction, and only then acknowledges.
 *
 * <p>A crash before the commit leaves nothing; the task comes again. A crash behind it makes the task come again too,
 * under another execution id, and reducers drop what that one sends.
 */
final class MapperLoop implements LoopThreads.Loop {
    private static final Logger LOG = LoggerFactory.getLogger(MapperLoop.class);
    private static final SecureRandom EXECUTIONS = new SecureRandom();
    private static final TextRules REHEARSED =
            new TextRules(TextProfile.UNICODE.profileName(), TextProfile.UNICODE.version(), List.of());
    private static final Duration IDLE_POLL = Duration.ofMillis(250);
    /**
     * A share fetch that finds only a transaction's marker comes back empty, and the client (4.4.0) sends no other
     * before the next poll. While tasks come, a poll must therefore be short: measured, 250 ms a task against 6.
     */
    private static final Duration BUSY_POLL = Duration.ofMillis(5);

    private static final long BUSY_NANOS = 1_000_000_000;
    /** Where the group has no limit of its own: Kafka's default is 30 s. */
    private static final int LOCK_MILLIS = 30_000;
    /** A frozen process is fenced once when it wakes; two that share a slot fence each other again and again. */
    private static final int FENCED_IN_A_ROW = 5;

    private final MapperSettings settings;
    private final TopicNames topics;
    private final String worker;
    private final ChunkMapper mapper;
    private final DocumentCounter documents;
    private final KafkaProducer<byte[], byte[]> claims;
    private final KafkaShareConsumer<byte[], byte[]> consumer;
    private final Transactions transactions;
    private final MapperMetrics metrics;
    private volatile boolean draining;
    private boolean idle = true;
    private int fenced;
    private long lastTask = System.nanoTime() - BUSY_NANOS;
    /** When the first of the polls that were refused in a row was; null while they are good. */
    private @Nullable Long refusedSince;

    /** @param claims shared by all threads of the mapper, as {@code blocks} are; not closed here */
    MapperLoop(
            MapperSettings settings,
            String worker,
            KafkaProducer<byte[], byte[]> claims,
            BlockCache blocks,
            MapperMetrics metrics) {
        this.settings = settings;
        this.topics = settings.cluster().topics();
        this.worker = worker;
        this.mapper = new ChunkMapper(settings.roots(), settings.limits());
        this.documents = new DocumentCounter(settings.cluster(), blocks);
        this.claims = claims;
        this.metrics = metrics;
        this.consumer = settings.cluster().taskConsumer(worker.replace('/', '-'));
        this.transactions = new Transactions(
                settings.cluster(), topics.mapperTransactions(worker.replace('/', '-')), settings.brokerDeadline());
    }

    @Override
    public String worker() {
        return worker;
    }

    /** Lets the running task finish, and takes no other. Any thread. */
    @Override
    public void drain() {
        draining = true;
        consumer.wakeup();
    }

    Transactions transactions() {
        return transactions;
    }

    KafkaShareConsumer<byte[], byte[]> consumer() {
        return consumer;
    }

    /** @param ready called once tasks can be taken */
    @Override
    public void run(Runnable ready) {
        ExecutorService compute = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "map-" + worker);
            thread.setDaemon(true);
            return thread;
        });
        try (transactions) {
            // Joining the group comes first, so that its round trips overlap with those of the transactional id.
            consumer.subscribe(List.of(topics.tasks()));
            Future<?> started = compute.submit(() -> {
                rehearse();
                transactions.start();
            });
            boolean told = false;
            while (!draining) {
                ConsumerRecords<byte[], byte[]> records = poll();
                if (!told && (!records.isEmpty() || hasFetched())) {
                    await(started);
                    meetEventsTopic();
                    ready.run();
                    told = true;
                    lastTask = System.nanoTime(); // tasks may be waiting: look for the first as for any other
                }
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    take(record, compute);
                }
            }
            await(started);
        } finally {
            compute.execute(documents::close);
            compute.shutdown();
            consumer.close(Duration.ofSeconds(2));
        }
    }

    /**
     * Runs a task of no job without a broker, so that the classes it needs are loaded while the broker lets this mapper
     * join, and not between the first task and its claim. Two mappers started at once beside two busy ones on two cores:
     * 0.08 to 0.16 s from being ready to the claim, without it 0.36 to 0.54 s; the time from the start of the process is
     * the same.
     */
    private void rehearse() {
        byte[] text = "To be, or not to b\u00e9\n".getBytes(StandardCharsets.UTF_8);
        ChunkTask task = new ChunkTask(JobId.random(), 0, 1, REHEARSED, 1, List.of(), text.length);
        try {
            ChunkRun run = new ChunkRun((ChunkTask) ControlCodec.task(ControlCodec.encode(task)), text);
            run.claim();
            run.call();
            run.records();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the text is in memory
        }
    }

    /**
     * Connects the producer of claims; as nothing depends on a claim, its failure is no failure of the mapper. Not
     * before tasks can be fetched, so that init has made the topics: where brokers make topics, a producer that asks
     * for one makes it.
     */
    private void meetEventsTopic() {
        try {
            claims.partitionsFor(topics.events());
        } catch (KafkaException e) {
            LOG.warn("claims cannot be told yet: {}", e.getMessage());
        }
    }

    /** A share consumer tells nobody that it has joined; but it fetches only what the group has assigned to it. */
    private boolean hasFetched() {
        for (Metric metric : consumer.metrics().values()) {
            if (metric.metricName().name().equals("fetch-total")) {
                return ((Number) metric.metricValue()).doubleValue() > 0;
            }
        }
        return false;
    }

    /**
     * Where a broker's share coordinator is away, as behind a start of the broker or a sleep of the machine, the broker
     * says so in its answer to a fetch, and the client (4.4.0) throws what it has no name for; the next fetch is as good
     * as any.
     */
    private ConsumerRecords<byte[], byte[]> poll() {
        try {
            ConsumerRecords<byte[], byte[]> records =
                    consumer.poll(System.nanoTime() - lastTask < BUSY_NANOS ? BUSY_POLL : IDLE_POLL);
            refusedSince = null;
            return records;
        } catch (WakeupException e) {
            return ConsumerRecords.empty();
        } catch (KafkaException e) {
            boolean nameless = e.getClass() == KafkaException.class && e.getCause() == null;
            boolean passes = nameless || e instanceof RetriableException;
            long now = System.nanoTime(), since = refusedSince == null ? now : refusedSince;
            refusedSince = since;
            if (!passes || now - since > settings.brokerDeadline().toNanos()) {
                throw e;
            }
            LOG.warn("{} cannot be given tasks now ({}), trying again", worker, e.getMessage());
            LockSupport.parkNanos(IDLE_POLL.toNanos());
            return ConsumerRecords.empty();
        }
    }

    private static void await(Future<?> started) {
        try {
            started.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record, ExecutorService compute) {
        if (OpenTransactions.isEnding(record)) {
            consumer.acknowledge(record, AcknowledgeType.ACCEPT);
            return;
        }
        MapTask task;
        byte[] text;
        try {
            task = ControlCodec.task(record.value());
            text = text(record, task);
        } catch (MalformedRecordException e) {
            LOG.warn(
                    "a record on {} is no task, moved to {}: {}", topics.tasks(), topics.deadLetters(), e.getMessage());
            write(List.of(DeadLetter.of(record, topics, String.valueOf(e.getMessage()))));
            consumer.acknowledge(record, AcknowledgeType.REJECT);
            return;
        }
        Run run = task instanceof ChunkTask chunks
                ? new ChunkRun(chunks, text)
                : new DocumentRun((DocumentTask) task, text == null ? new byte[0] : text);
        run.sign();
        if (idle) {
            idle = false;
            LOG.info("{} has its first task, of job {}", worker, task.job());
        }
        long begin = System.nanoTime();
        Future<?> running = compute.submit(run);
        ConsumerRecord<byte[], byte[]> newest = record;
        while (true) {
            try {
                running.get(renewMillis(), TimeUnit.MILLISECONDS);
                attempt(run::commit);
                metrics.taskDone(run.bytes(), System.nanoTime() - begin);
                break;
            } catch (TimeoutException e) {
                newest = renew(newest);
                run.sign();
            } catch (ExecutionException e) {
                fail(run, e.getCause() == null ? e : e.getCause());
                break;
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        if (!acknowledge(newest, AcknowledgeType.ACCEPT) && !acknowledge(again(newest), AcknowledgeType.ACCEPT)) {
            LOG.info("the lock of a task of job {} was lost; what is written may be done again elsewhere", task.job());
        }
        fenced = 0;
        lastTask = System.nanoTime();
    }

    /** One run of one task, under an execution id of its own. {@code call} computes, on the compute thread. */
    private abstract static class Run implements Callable<@Nullable Void> {
        final long execution = EXECUTIONS.nextLong();

        /** Says that the task is being worked on; called again now and then while it is. */
        abstract void sign();

        /** Writes what was computed, in one transaction. */
        abstract void commit();

        abstract Event failed(boolean retryable, String message);

        abstract long bytes();
    }

    private final class ChunkRun extends Run {
        private final ChunkTask task;
        private final byte @Nullable [] document;
        private ChunkMapper.@Nullable Output output;

        ChunkRun(ChunkTask task, byte @Nullable [] document) {
            this.task = task;
            this.document = document;
        }

        /** Nothing depends on a claim: it is sent without waiting, and a lost one is only logged. */
        @Override
        @SuppressWarnings("FutureReturnValueIgnored")
        void sign() {
            claims.send(claim(), (metadata, failure) -> {
                if (failure != null) {
                    LOG.debug("a claim was not delivered", failure);
                }
            });
        }

        ProducerRecord<byte[], byte[]> claim() {
            return event(new Event.TaskClaimed(task.job(), task.number(), task.attempt(), execution, worker));
        }

        @Override
        public @Nullable Void call() throws IOException {
            output = mapper.map(task, document);
            return null;
        }

        @Override
        void commit() {
            transactions.write(records());
        }

        List<ProducerRecord<byte[], byte[]>> records() {
            ChunkMapper.Output counted = Objects.requireNonNull(output);
            PairRecords pairs = PairRecords.of(
                    topics.pairs(),
                    counted.blocks(),
                    (part, parts, block, from, to) ->
                            new LaneRecord.Pairs(task.job(), task.number(), execution, part, parts, block, from, to));
            pairs.records()
                    .add(event(new Event.TaskDone(
                            task.job(),
                            task.number(),
                            task.attempt(),
                            execution,
                            worker,
                            counted.text(),
                            counted.blocks().pairs(),
                            pairs.parts(),
                            pairs.totals())));
            return pairs.records();
        }

        @Override
        Event failed(boolean retryable, String message) {
            return new Event.TaskFailed(
                    task.job(), task.number(), task.attempt(), execution, worker, retryable, message);
        }

        @Override
        long bytes() {
            return task.bytes();
        }
    }

    /** Too short to need a sign of life: the driver goes by the time of issue. */
    private final class DocumentRun extends Run {
        private final DocumentTask task;
        private final byte[] texts;
        private DocumentCounter.@Nullable Counted output;

        DocumentRun(DocumentTask task, byte[] texts) {
            this.task = task;
            this.texts = texts;
        }

        @Override
        void sign() {}

        @Override
        public @Nullable Void call() throws IOException {
            output = documents.count(task, texts);
            return null;
        }

        /** The event names where the blocks lie, so they are sent first. */
        @Override
        void commit() {
            DocumentCounter.Counted counted = Objects.requireNonNull(output);
            transactions.write(counted.blocks(), places -> {
                List<Long> offsets = places.stream().map(RecordMetadata::offset).toList();
                DocumentCounter.Written written = counted.written(execution, worker, offsets);
                written.records().add(event(written.done()));
                return written.records();
            });
        }

        @Override
        Event failed(boolean retryable, String message) {
            return new Event.DocumentsFailed(task.job(), task.number(), task.attempt(), execution, worker, message);
        }

        @Override
        long bytes() {
            return task.textBytes();
        }
    }

    private static byte @Nullable [] text(ConsumerRecord<byte[], byte[]> record, MapTask task) {
        Header header = record.headers().lastHeader(TopicNames.DOCUMENT_HEADER);
        byte[] text = header == null ? null : header.value();
        long expected = task instanceof DocumentTask documents
                ? documents.textBytes()
                : task instanceof ChunkTask chunks && chunks.inputs().isEmpty() ? chunks.inlineBytes() : -1;
        if (expected >= 0 && (text == null ? 0 : text.length) != expected) {
            throw new MalformedRecordException("a task without the text that belongs to it", null);
        }
        return text;
    }

    private long renewMillis() {
        return consumer.acquisitionLockTimeoutMs().orElse(LOCK_MILLIS) / 3;
    }

    /**
     * Asks for the lock to run anew. The record then comes again from {@code poll}, and only that newest one can be
     * acknowledged (KIP-1222). If it does not come by the next time, the lock is lost and another mapper may have the task:
     * what this one writes is then a second execution, which does no harm.
     */
    private ConsumerRecord<byte[], byte[]> renew(ConsumerRecord<byte[], byte[]> held) {
        if (acknowledge(held, AcknowledgeType.RENEW)) {
            try {
                consumer.commitSync();
            } catch (WakeupException e) {
                consumer.commitSync(); // who drains wakes whoever waits for a task, and this one is being run
            }
        }
        return again(held);
    }

    /** The record as it has come again since, if it has. */
    private ConsumerRecord<byte[], byte[]> again(ConsumerRecord<byte[], byte[]> held) {
        ConsumerRecord<byte[], byte[]> newest = held;
        for (ConsumerRecord<byte[], byte[]> record : poll()) {
            if (record.offset() == held.offset() && record.partition() == held.partition()) {
                newest = record;
            } else {
                consumer.acknowledge(record, AcknowledgeType.RELEASE);
            }
        }
        return newest;
    }

    /** False where this consumer cannot: the record has to come again first, or will not as its broker was away. */
    private boolean acknowledge(ConsumerRecord<byte[], byte[]> record, AcknowledgeType type) {
        try {
            consumer.acknowledge(record, type);
            return true;
        } catch (IllegalStateException e) {
            LOG.debug("{} of a task that is not ours any more", type, e);
            return false;
        }
    }

    private void fail(Run run, Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        boolean retryable = !(cause instanceof InputException input) || input.retryable();
        boolean known = cause instanceof InputException || cause instanceof MillraceException;
        if (cause instanceof MillraceException) {
            retryable = false;
        }
        String message = known ? String.valueOf(cause.getMessage()) : cause.toString();
        Event failed = run.failed(retryable, message);
        LOG.warn("{}", failed, known ? null : cause);
        metrics.taskFailed();
        write(List.of(event(failed)));
    }

    private ProducerRecord<byte[], byte[]> event(Event event) {
        return new ProducerRecord<>(
                topics.events(),
                0,
                event.job().toString().getBytes(StandardCharsets.US_ASCII),
                ControlCodec.encode(event));
    }

    private void write(List<ProducerRecord<byte[], byte[]>> records) {
        attempt(() -> transactions.write(records));
    }

    /** A process that slept past its transaction's timeout is fenced by the broker itself, and starts over. */
    private void attempt(Runnable transaction) {
        while (true) {
            try {
                transaction.run();
                return;
            } catch (Transactions.FencedException e) {
                if (++fenced == FENCED_IN_A_ROW) {
                    throw new MillraceException(
                            ExitCode.FAILED,
                            "another mapper works under the slot " + settings.slot()
                                    + ": give each its own with --slot or MILLRACE_SLOT",
                            e);
                }
                LOG.warn("{}; starting over", e.getMessage());
            }
        }
    }

    private static MillraceException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
    }
}
