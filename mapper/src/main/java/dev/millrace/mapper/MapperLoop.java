package dev.millrace.mapper;

import dev.millrace.input.InputException;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.PairBlocks;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
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
final class MapperLoop {
    private static final Logger LOG = LoggerFactory.getLogger(MapperLoop.class);
    private static final SecureRandom EXECUTIONS = new SecureRandom();
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
    private final KafkaProducer<byte[], byte[]> claims;
    private final KafkaShareConsumer<byte[], byte[]> consumer;
    private final Transactions transactions;
    private final MapperMetrics metrics;
    private volatile boolean draining;
    private int fenced;
    private long lastTask = System.nanoTime() - BUSY_NANOS;

    /** @param claims shared by all threads of the mapper; not closed here */
    MapperLoop(MapperSettings settings, int thread, KafkaProducer<byte[], byte[]> claims, MapperMetrics metrics) {
        this.settings = settings;
        this.topics = settings.cluster().topics();
        this.worker = settings.slot() + "/" + thread;
        this.mapper = new ChunkMapper(settings.roots(), settings.limits());
        this.claims = claims;
        this.metrics = metrics;
        this.consumer = settings.cluster().taskConsumer(worker.replace('/', '-'));
        this.transactions = new Transactions(
                settings.cluster(), topics.mapperTransactions(worker.replace('/', '-')), settings.brokerDeadline());
    }

    /** Lets the running task finish, and takes no other. Any thread. */
    void drain() {
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
    void run(Runnable ready) {
        ExecutorService compute = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "map-" + worker);
            thread.setDaemon(true);
            return thread;
        });
        try (transactions) {
            // Joining the group comes first, so that its round trips overlap with those of the transactional id.
            consumer.subscribe(List.of(topics.tasks()));
            Future<?> started = compute.submit(transactions::start);
            boolean told = false;
            while (!draining) {
                ConsumerRecords<byte[], byte[]> records = poll();
                if (!told && (!records.isEmpty() || hasFetched())) {
                    await(started);
                    ready.run();
                    told = true;
                }
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    take(record, compute);
                }
            }
            await(started);
        } finally {
            compute.shutdownNow();
            consumer.close(Duration.ofSeconds(2));
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

    private ConsumerRecords<byte[], byte[]> poll() {
        try {
            return consumer.poll(System.nanoTime() - lastTask < BUSY_NANOS ? BUSY_POLL : IDLE_POLL);
        } catch (WakeupException e) {
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
        ChunkTask task;
        byte[] document;
        try {
            task = ControlCodec.task(record.value());
            document = document(record, task);
        } catch (MalformedRecordException e) {
            LOG.warn(
                    "a record on {} is no task, moved to {}: {}", topics.tasks(), topics.deadLetters(), e.getMessage());
            write(List.of(deadLetter(record, e.getMessage())));
            consumer.acknowledge(record, AcknowledgeType.REJECT);
            return;
        }
        long execution = EXECUTIONS.nextLong();
        Event.TaskClaimed claim = new Event.TaskClaimed(task.job(), task.number(), task.attempt(), execution, worker);
        announce(claim);
        long begin = System.nanoTime();
        Future<ChunkMapper.Output> running = compute.submit(() -> mapper.map(task, document));
        ConsumerRecord<byte[], byte[]> newest = record;
        while (true) {
            try {
                ChunkMapper.Output output = running.get(renewMillis(), TimeUnit.MILLISECONDS);
                write(records(task, execution, output));
                metrics.taskDone(task.bytes(), System.nanoTime() - begin);
                break;
            } catch (TimeoutException e) {
                newest = renew(newest);
                announce(claim); // a sign of life
            } catch (ExecutionException e) {
                fail(task, execution, e.getCause() == null ? e : e.getCause());
                break;
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        consumer.acknowledge(newest, AcknowledgeType.ACCEPT);
        fenced = 0;
        lastTask = System.nanoTime();
    }

    /** Nothing depends on a claim: it is sent without waiting, and a lost one is only logged. */
    @SuppressWarnings("FutureReturnValueIgnored")
    private void announce(Event.TaskClaimed claim) {
        claims.send(event(claim), (metadata, failure) -> {
            if (failure != null) {
                LOG.debug("a claim was not delivered", failure);
            }
        });
    }

    private static byte @Nullable [] document(ConsumerRecord<byte[], byte[]> record, ChunkTask task) {
        Header header = record.headers().lastHeader(TopicNames.DOCUMENT_HEADER);
        byte[] document = header == null ? null : header.value();
        if (task.inputs().isEmpty() && (document == null || document.length != task.inlineBytes())) {
            throw new MalformedRecordException("a task without inputs and without its document", null);
        }
        return document;
    }

    private long renewMillis() {
        return consumer.acquisitionLockTimeoutMs().orElse(LOCK_MILLIS) / 3;
    }

    /**
     * Asks for the lock to run anew. The record then comes again from {@code poll}, and only that newest one can be
     * acknowledged (KIP-1222). If it does not come, the lock is lost and another mapper may have the task: what this
     * one writes is then a second execution, which does no harm.
     */
    private ConsumerRecord<byte[], byte[]> renew(ConsumerRecord<byte[], byte[]> held) {
        consumer.acknowledge(held, AcknowledgeType.RENEW);
        consumer.commitSync();
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

    private void fail(ChunkTask task, long execution, Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        boolean retryable = !(cause instanceof InputException input) || input.retryable();
        boolean known = cause instanceof InputException || cause instanceof MillraceException;
        if (cause instanceof MillraceException) {
            retryable = false;
        }
        String message = known ? String.valueOf(cause.getMessage()) : cause.toString();
        LOG.warn("task {} of job {}: {}", task.number(), task.job(), message, known ? null : cause);
        metrics.taskFailed();
        write(List.of(event(new Event.TaskFailed(
                task.job(), task.number(), task.attempt(), execution, worker, retryable, message))));
    }

    private List<ProducerRecord<byte[], byte[]>> records(ChunkTask task, long execution, ChunkMapper.Output output) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        PairBlocks blocks = output.blocks();
        List<Integer> parts = new ArrayList<>();
        List<PartitionTotal> totals = new ArrayList<>();
        for (int partition = 0; partition < task.partitions(); partition++) {
            List<ByteBuffer> parted = blocks.blocks(partition);
            for (int part = 0; part < parted.size(); part++) {
                ByteBuffer block = parted.get(part);
                int from = block.arrayOffset() + block.position(), to = from + block.remaining();
                LaneRecord.Pairs pairs = new LaneRecord.Pairs(
                        task.job(), task.number(), execution, part, parted.size(), block.array(), from, to);
                records.add(new ProducerRecord<>(
                        topics.pairs(), partition, LaneCodec.keyOf(pairs), LaneCodec.encode(pairs)));
            }
            parts.add(parted.size());
            totals.add(blocks.total(partition));
        }
        records.add(event(new Event.TaskDone(
                task.job(),
                task.number(),
                task.attempt(),
                execution,
                worker,
                output.text(),
                blocks.pairs(),
                parts,
                totals)));
        return records;
    }

    private ProducerRecord<byte[], byte[]> event(Event event) {
        return new ProducerRecord<>(
                topics.events(),
                0,
                event.job().toString().getBytes(StandardCharsets.US_ASCII),
                ControlCodec.encode(event));
    }

    private ProducerRecord<byte[], byte[]> deadLetter(ConsumerRecord<byte[], byte[]> record, @Nullable String why) {
        ProducerRecord<byte[], byte[]> letter =
                new ProducerRecord<>(topics.deadLetters(), 0, record.key(), record.value(), record.headers());
        letter.headers().add("reason", String.valueOf(why).getBytes(StandardCharsets.UTF_8));
        letter.headers().add("from", record.topic().getBytes(StandardCharsets.UTF_8));
        return letter;
    }

    /** A process that slept past its transaction's timeout is fenced by the broker itself, and starts over. */
    private void write(List<ProducerRecord<byte[], byte[]>> records) {
        while (true) {
            try {
                transactions.write(records);
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
