package dev.millrace.kafka;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.IllegalGenerationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes batches of records, each in one transaction, under one transactional id. One thread.
 *
 * <p>Every batch that Millrace writes may be written twice without harm: pairs carry an execution id, counts are
 * absolute, jobs and ENDs repeat themselves. So a transaction that was aborted, or whose commit is in doubt, is simply
 * done again until it is through or the deadline passes; no caller has to know which of the two it was.
 */
public final class Transactions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);

    /** Keeps a failure that comes at once from being repeated in a tight loop. */
    private static final long BACKOFF_NANOS = 50_000_000;

    private final Supplier<KafkaProducer<byte[], byte[]>> producers;
    private final String id;
    private final String bootstrapServers;
    private final String doctor;
    private final Duration deadline;
    private final @Nullable BooleanSupplier claim;
    private boolean taken;
    private @Nullable KafkaProducer<byte[], byte[]> producer;
    private Consumer<? super KafkaProducer<byte[], byte[]>> observer = opened -> {};

    /** @param deadline how long a batch is tried before the broker counts as lost */
    public Transactions(ClusterSettings cluster, String transactionalId, Duration deadline) {
        this(cluster, transactionalId, deadline, null);
    }

    /**
     * @param claim for a writer that goes by what it read under this id: whether nobody else has claimed the id since it
     *     was taken by {@link #start}. It alone says whose the id is: a writer that was shut out takes the id again while
     *     it is true, and is told that it is fenced once it is not. Asked before the id is taken again, as that shuts out
     *     another who has it now, and behind that, when nobody can come in between any more: whoever claimed it in between
     *     was shut out then, and takes it again in turn. May throw what Kafka's clients do, and {@link ExitCode#BROKER}:
     *     then it is asked again. Null: whoever is shut out is fenced
     */
    public Transactions(
            ClusterSettings cluster, String transactionalId, Duration deadline, @Nullable BooleanSupplier claim) {
        this(cluster, transactionalId, deadline, claim, () -> cluster.transactionalProducer(transactionalId));
    }

    Transactions(
            ClusterSettings cluster,
            String transactionalId,
            Duration deadline,
            @Nullable BooleanSupplier claim,
            Supplier<KafkaProducer<byte[], byte[]>> producers) {
        this.claim = claim;
        this.producers = producers;
        this.id = transactionalId;
        this.bootstrapServers = cluster.bootstrapServers();
        this.doctor = cluster.command("doctor");
        this.deadline = deadline;
    }

    /** Another process has, or has claimed, this transactional id: whoever gets this must stop. */
    public static final class FencedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        FencedException(String id, Throwable cause) {
            super("another process works under the transactional id " + id, cause);
        }
    }

    /** The partitions are being handed out anew: poll until that is over, then do what is still ours again. */
    public static final class RebalancedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        RebalancedException(Throwable cause) {
            super("the group is being rebalanced", cause);
        }
    }

    /** A record is larger than a producer of ours sends: no topic's settings change that. */
    private static final class TooLargeException extends RecordTooLargeException {
        private static final long serialVersionUID = 1;

        TooLargeException(String topic, RecordTooLargeException cause) {
            super("a record for " + topic + " is too large: " + cause.getMessage());
        }
    }

    /** Offsets that are committed in the transaction; the metadata is taken from the consumer at each try. */
    public record InputPosition(
            Map<TopicPartition, OffsetAndMetadata> offsets, Supplier<ConsumerGroupMetadata> metadata) {}

    /** @param newObserver is told of every producer that is made, the first one and those that replace it */
    public void observe(Consumer<? super KafkaProducer<byte[], byte[]>> newObserver) {
        observer = newObserver;
    }

    /** Ends what an earlier run under this id left open, and fences it. */
    public void start() {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            try {
                open();
                taken = true;
                return;
            } catch (KafkaException e) {
                recover(bootstrapServers + " does not give out the transactional id " + id, e, end);
            }
        }
    }

    /**
     * As {@link #start}, for somebody who has claimed the id before: another may have claimed it later and taken it earlier,
     * and will take it back, going by what it has read meanwhile.
     *
     * @throws FencedException if another has claimed it since
     */
    public void startClaimed() {
        start();
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            try {
                checkMayTake();
                return;
            } catch (KafkaException e) {
                recover("who has claimed the transactional id " + id + " cannot be read", e, end);
            }
        }
    }

    public KafkaProducer<byte[], byte[]> producer() {
        return open();
    }

    private KafkaProducer<byte[], byte[]> open() {
        KafkaProducer<byte[], byte[]> current = producer;
        if (current == null) {
            checkMayTake();
            current = producers.get();
            producer = current;
            observer.accept(current);
            current.initTransactions();
            try {
                checkMayTake();
            } catch (KafkaException e) {
                discard(); // or the next try would not ask
                throw e;
            }
        }
        return current;
    }

    private void checkMayTake() {
        if (taken && claim != null && !stands(claim)) {
            discard();
            throw new FencedException(id, new IllegalStateException("another has claimed it"));
        }
    }

    private static boolean stands(BooleanSupplier claim) {
        try {
            return claim.getAsBoolean();
        } catch (MillraceException e) {
            if (e.exitCode() != ExitCode.BROKER) {
                throw e;
            }
            throw new KafkaException(e.getMessage(), e);
        }
    }

    /**
     * As {@link #write(List, InputPosition)} without one.
     *
     * @return where the records lie, in their order
     */
    public List<RecordMetadata> write(List<ProducerRecord<byte[], byte[]>> records) {
        return outcomes(writeAll(records, null, sent -> List.of()));
    }

    /**
     * Returns once the batch is committed.
     *
     * @throws FencedException if another process has the id now; nothing is committed
     * @throws RebalancedException if the input position was refused; nothing is committed
     * @throws MillraceException with {@link ExitCode#BROKER} at the deadline; whether it is committed is not known
     */
    public void write(List<ProducerRecord<byte[], byte[]>> records, @Nullable InputPosition position) {
        writeAll(records, position, sent -> List.of());
    }

    /**
     * As {@link #write(List)}, with records that speak of where the first ones lie.
     *
     * @param then given the places of the records in the log, the other records of the transaction; called again when the
     *     batch is tried again
     */
    public void write(
            List<ProducerRecord<byte[], byte[]>> records,
            Function<List<RecordMetadata>, List<ProducerRecord<byte[], byte[]>>> then) {
        writeAll(records, null, sent -> {
            open().flush(); // they do not linger for what depends on them
            return then.apply(outcomes(sent));
        });
    }

    private static List<RecordMetadata> outcomes(List<Future<RecordMetadata>> sent) {
        List<RecordMetadata> places = new ArrayList<>(sent.size());
        for (Future<RecordMetadata> each : sent) {
            places.add(outcome(each));
        }
        return places;
    }

    private List<Future<RecordMetadata>> writeAll(
            List<ProducerRecord<byte[], byte[]>> records,
            @Nullable InputPosition position,
            Function<List<Future<RecordMetadata>>, List<ProducerRecord<byte[], byte[]>>> then) {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            try {
                KafkaProducer<byte[], byte[]> current = open();
                current.beginTransaction();
                List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
                for (ProducerRecord<byte[], byte[]> record : records) {
                    sent.add(send(current, record));
                }
                for (ProducerRecord<byte[], byte[]> record : then.apply(sent)) {
                    Future<RecordMetadata> unused = send(current, record); // the commit throws what it fails with
                }
                flush(current);
                if (position != null) {
                    current.sendOffsetsToTransaction(
                            position.offsets(), position.metadata().get());
                }
                commit(current, end);
                return sent;
            } catch (KafkaException | IllegalStateException e) {
                recover("the transaction did not go through", e, end);
            }
        }
    }

    /**
     * What a send fails with later, the commit throws. One that has failed already ends the batch here: where the topic
     * cannot be found, as with a broker that is gone, every single send waits for it.
     */
    private static Future<RecordMetadata> send(
            KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
        Future<RecordMetadata> sent = producer.send(record);
        if (sent.isDone()) {
            try {
                outcome(sent);
            } catch (RecordTooLargeException e) {
                throw new TooLargeException(record.topic(), e);
            }
        }
        return sent;
    }

    private static RecordMetadata outcome(Future<RecordMetadata> sent) {
        try {
            return sent.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException failure ? failure : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /**
     * All records are there before anything is asked for that concerns the whole transaction: the client (4.4.0) looks
     * whether any is still to be sent and only then takes the next request from its queue, and if its thread is held up in
     * between, a commit that was asked for meanwhile overtakes the records that were sent before it. And where the markers
     * of the transaction before are not written yet, the broker looks for them again each millisecond on behalf of records,
     * but refuses offsets, which the client sends again after a rest of its own, ten times as long.
     */
    private static void flush(KafkaProducer<byte[], byte[]> producer) {
        producer.flush();
    }

    /** A commit that timed out is in doubt and may only be called again. */
    private static void commit(KafkaProducer<byte[], byte[]> producer, long end) {
        while (true) {
            try {
                producer.commitTransaction();
                return;
            } catch (TimeoutException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    /** Leaves nothing open behind a failure and returns if the batch may be tried again. */
    private void recover(String what, RuntimeException failure, long end) {
        if (failure instanceof InterruptException || Thread.currentThread().isInterrupted()) {
            discard();
            throw failure;
        }
        if (isFenced(failure)) {
            shutOut(failure);
        }
        if (isHopeless(failure)) {
            abort(System.nanoTime()); // or it hides what stands behind it until it has timed out
            discard();
            throw new MillraceException(
                    ExitCode.BROKER,
                    what + ": " + rootMessage(failure)
                            + (failure instanceof TooLargeException
                                    ? ""
                                    : " ('" + doctor + "' names settings and permissions that are missing)"),
                    failure);
        }
        boolean rebalanced = isRebalanced(failure);
        abort(end);
        if (rebalanced) {
            throw new RebalancedException(failure);
        }
        if (System.nanoTime() > end) {
            throw new MillraceException(
                    ExitCode.BROKER, what + " for " + deadline.toSeconds() + " s: " + rootMessage(failure), failure);
        }
        LOG.warn("{} ({}), trying again", what, rootMessage(failure));
        LockSupport.parkNanos(BACKOFF_NANOS);
    }

    /**
     * An old epoch means that the broker has ended a transaction that took too long, or that another has the id: only an
     * abort tells which. It leaves the producer as good as new in the one case, and is refused in the other.
     */
    private void abort(long end) {
        KafkaProducer<byte[], byte[]> current = producer;
        while (current != null) {
            try {
                current.abortTransaction();
                return;
            } catch (TimeoutException e) {
                if (System.nanoTime() > end) {
                    discard();
                    return;
                }
            } catch (KafkaException | IllegalStateException e) {
                discard();
                if (isFenced(e)) {
                    shutOut(e);
                }
                // In doubt, or broken for good: a new producer under the same id ends the old transaction.
                LOG.debug("abort failed, starting a new producer", e);
                return;
            }
        }
    }

    /** Returns if the id may be taken again, as far as is known without asking. */
    private void shutOut(RuntimeException failure) {
        discard();
        if (claim == null) {
            throw new FencedException(id, failure);
        }
    }

    private void discard() {
        KafkaProducer<byte[], byte[]> current = producer;
        producer = null;
        if (current != null) {
            current.close(Duration.ZERO);
        }
    }

    private static boolean isFenced(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof ProducerFencedException || t instanceof FencedInstanceIdException) {
                return true;
            }
        }
        return false;
    }

    private static boolean isHopeless(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof AuthorizationException
                    || t instanceof AuthenticationException
                    || t instanceof ConfigException
                    || t instanceof RecordTooLargeException) {
                return true;
            }
        }
        return false;
    }

    private static boolean isRebalanced(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof CommitFailedException
                    || t instanceof IllegalGenerationException
                    || t instanceof RebalanceInProgressException
                    || t instanceof UnknownMemberIdException) {
                return true;
            }
        }
        return false;
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    @Override
    public void close() {
        KafkaProducer<byte[], byte[]> current = producer;
        producer = null;
        if (current != null) {
            current.close(Duration.ofSeconds(2));
        }
    }
}
