package dev.millrace.reducer;

import dev.millrace.job.Checkpoint;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.DeadLetter;
import dev.millrace.kafka.JobTopics;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.Patience;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.service.LoopThreads;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.shuffle.WordTable;
import dev.millrace.wire.ControlCodec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives one {@link PartitionReducer} for each partition that the group hands to this reducer, and publishes what they
 * decide. One thread; only {@link #drain} may be called from another.
 *
 * <p>A partition's state is its checkpoint and the records from the checkpoint's position on. The position is committed
 * in the same transaction as the counts, under the group's generation, so that a reducer that lost the partition
 * without knowing cannot publish.
 */
final class ReducerLoop implements LoopThreads.Loop {
    private static final Logger LOG = LoggerFactory.getLogger(ReducerLoop.class);
    private static final Duration POLL = Duration.ofMillis(250);
    /**
     * Counts of more words than these gather for a while after a publication, so that what changes again is written once.
     * A publication takes longer the busier the machine is: one that took {@link #EVEN_NANOS} is followed by as long a
     * wait, one of half of that by a quarter, one of twice as long by four times that.
     */
    private static final int FEW_WORDS = 1_000;

    private static final long EVEN_NANOS = 40_000_000, LONGEST_GATHERING_NANOS = 60_000_000;
    /** A process that slept is fenced once when it wakes; two that share a slot fence each other again and again. */
    private static final int FENCED_IN_A_ROW = 5;

    private final ReducerSettings settings;
    private final TopicNames topics;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaConsumer<byte[], byte[]> checkpointReader;
    private final JobTopics jobTopics;
    private final Transactions transactions;
    private final String worker;
    private final ReducerMetrics metrics = new ReducerMetrics();
    private final Map<Integer, PartitionReducer> owned = new TreeMap<>();
    /**
     * By partition, what goes out with its next publication, which commits that what it speaks of was read: barriers
     * that were reached, jobs that are not known, dead letters.
     */
    private final Map<Integer, List<ProducerRecord<byte[], byte[]>>> beside = new HashMap<>();

    /** Of these, the bytes of dead letters, which may be large. */
    private long letterBytes;

    /** By partition of which records are lost, which. */
    private final Map<Integer, String> lost = new HashMap<>();
    /** By partition, jobs that are not known there, and were told. */
    private final Map<Integer, Set<JobId>> toldLost = new HashMap<>();

    private int fenced;
    /** Until when the counts of many words may gather. */
    private long gatheredNanos = System.nanoTime();

    private @Nullable Admin admin;
    private volatile boolean draining;

    ReducerLoop(ReducerSettings settings, String worker) {
        this.settings = settings;
        this.topics = settings.cluster().topics();
        this.worker = worker;
        this.consumer = settings.cluster().reducerConsumer(worker.replace('/', '-'));
        this.checkpointReader = settings.cluster().reader(Map.of("fetch.max.wait.ms", 50));
        this.jobTopics = new JobTopics(topics);
        this.transactions = new Transactions(
                settings.cluster(), topics.reducerTransactions(worker.replace('/', '-')), settings.brokerDeadline());
    }

    @Override
    public String worker() {
        return worker;
    }

    @Override
    public void drain() {
        draining = true;
        consumer.wakeup();
    }

    Transactions transactions() {
        return transactions;
    }

    KafkaConsumer<byte[], byte[]> consumer() {
        return consumer;
    }

    ReducerMetrics metrics() {
        return metrics;
    }

    @Override
    public void run(Runnable ready) {
        try (transactions;
                checkpointReader) {
            transactions.start();
            Assignment assignment = new Assignment(ready);
            consumer.subscribe(List.of(topics.pairs()), assignment);
            while (!draining) {
                step(assignment);
            }
        } catch (FencedInstanceIdException | Transactions.FencedException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "another reducer works under the slot " + settings.slot()
                            + ": give each its own with --slot or MILLRACE_SLOT",
                    e);
        } catch (KafkaException e) {
            // poll() wraps what the assignment throws.
            if (e.getCause() instanceof MillraceException named) {
                throw named;
            }
            throw e;
        } finally {
            if (admin != null) {
                admin.close(Duration.ofSeconds(1));
            }
            // A reducer that is told to stop hands its partitions over at once; for one that failed they wait until
            // it is back or its session is over.
            consumer.close(CloseOptions.timeout(Duration.ofSeconds(2))
                    .withGroupMembershipOperation(
                            draining
                                    ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP
                                    : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
        }
    }

    private void step(Assignment assignment) {
        try {
            long gathering = gatheringNanos();
            ConsumerRecords<byte[], byte[]> records =
                    poll(assignment, gathering == 0 ? POLL : Duration.ofNanos(gathering));
            try {
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    take(record);
                    if (ResultParts.isFull(changedWords(), changedBytes() + letterBytes)) {
                        publish();
                    }
                }
                if (gatheringNanos() == 0) {
                    publish();
                }
            } catch (Transactions.RebalancedException e) {
                // poll() hands out records while a join is under way. What is still ours afterwards is still in the
                // tables, and is published by a later step; what of this poll was not taken is read again.
                LOG.debug("publication waits for the rebalance");
                readAgain();
            } catch (Transactions.FencedException e) {
                // The broker fences a process that slept past its transaction's timeout, too. Another reducer of this
                // slot would have the partitions, and this one's positions would be refused.
                if (++fenced == FENCED_IN_A_ROW) {
                    throw e;
                }
                LOG.warn("{}; starting over", e.getMessage());
                readAgain();
            }
        } catch (WakeupException e) {
            return;
        } catch (KafkaException e) {
            // What is thrown while partitions are handed out comes wrapped.
            throw e.getCause() instanceof MillraceException known ? known : e;
        }
        metrics.observe(owned.values());
    }

    /**
     * What a reducer was to read next is gone where it was frozen and others, who had its partitions meanwhile, have
     * reduced and purged that, which it may hear of only later; or records are lost. The checkpoints tell which of
     * the two it is, and with either there is a place to go on from.
     */
    private ConsumerRecords<byte[], byte[]> poll(Assignment assignment, Duration timeout) {
        try {
            return consumer.poll(timeout);
        } catch (OffsetOutOfRangeException e) {
            Set<TopicPartition> gone = new HashSet<>(e.partitions());
            if (gone.stream().anyMatch(each -> !each.topic().equals(topics.pairs()))) {
                throw e; // of what is read while partitions are handed out
            }
            gone.retainAll(consumer.assignment()); // it may just have been handed to others
            LOG.warn("{}; taking that over anew, by its checkpoint", e.getMessage());
            assignment.onPartitionsLost(gone);
            assignment.onPartitionsAssigned(gone);
            return ConsumerRecords.empty();
        }
    }

    /** What of the last poll was not taken. */
    private void readAgain() {
        owned.forEach((partition, reducer) ->
                consumer.seek(new TopicPartition(topics.pairs(), partition), reducer.nextOffset()));
    }

    /** How long counts may gather before they are published; 0 where there are few, or a job has ended. */
    private long gatheringNanos() {
        boolean gather = changedWords() > FEW_WORDS
                && owned.values().stream().allMatch(reducer -> reducer.ended().isEmpty());
        return gather ? Math.max(0, gatheredNanos - System.nanoTime()) : 0;
    }

    /** Words of continuous jobs whose counts go out with the next publication. */
    private long changedWords() {
        long words = 0;
        for (PartitionReducer reducer : owned.values()) {
            words += reducer.changedWords();
        }
        return words;
    }

    /** Bytes of these words. */
    private long changedBytes() {
        long bytes = 0;
        for (PartitionReducer reducer : owned.values()) {
            bytes += reducer.changedBytes();
        }
        return bytes;
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        PartitionReducer reducer = owned.get(record.partition());
        if (reducer == null || record.offset() < reducer.nextOffset() || OpenTransactions.isEnding(record)) {
            return;
        }
        LaneRecord lane;
        try {
            lane = LaneCodec.decode(record.value() == null ? new byte[0] : record.value());
        } catch (IllegalArgumentException e) {
            LOG.warn(
                    "{}-{} offset {} is no lane record: {}",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    e.getMessage());
            reducer.passOver(record.offset());
            addBeside(reducer, DeadLetter.of(record, topics, String.valueOf(e.getMessage())));
            letterBytes += Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
            return;
        }
        if (lane instanceof LaneRecord.Watermark mark && mark.barrier() != 0) {
            reachBarrier(reducer, record, mark);
        } else if (!reducer.apply(record.offset(), lane)) {
            stray(reducer, record, lane);
        }
    }

    private void addBeside(PartitionReducer reducer, ProducerRecord<byte[], byte[]> record) {
        beside.computeIfAbsent(reducer.partition(), p -> new ArrayList<>()).add(record);
        reducer.needsPublication();
    }

    /**
     * A late repetition, or the beginning of its job is lost, or what was told of its end: then somebody waits who has to
     * be told, once, or with each END that he writes. That does no harm to a job that is over, nor to one whose driver
     * knows that this partition is done. Pairs of a batch alone say nothing: its END will. It is told with the position: of
     * a reducer that was frozen, and whose partition another has by now, that is refused, as the job may have begun
     * meanwhile.
     */
    private void stray(PartitionReducer reducer, ConsumerRecord<byte[], byte[]> record, LaneRecord lane) {
        boolean isFirst = toldLost.computeIfAbsent(record.partition(), p -> new HashSet<>())
                .add(lane.job());
        if (lane instanceof LaneRecord.Pairs || !isFirst && !(lane instanceof LaneRecord.End)) {
            return;
        }
        String why = lost.getOrDefault(
                record.partition(),
                "DATA_LOST: " + record.topic() + "-" + record.partition() + " does not hold what the job began with,"
                        + " or " + topics.events() + " not what it came to");
        LOG.warn("job {} partition {}, unless it is over: {}", lane.job(), record.partition(), why);
        addBeside(reducer, event(new Event.PartitionFailed(lane.job(), record.partition(), worker, why)));
    }

    /**
     * Publishes what stands before the barrier and only then says so: whoever reads the results up to the offset that
     * is named finds the counts of this barrier.
     */
    private void reachBarrier(
            PartitionReducer reducer, ConsumerRecord<byte[], byte[]> record, LaneRecord.Watermark mark) {
        publish();
        if (!reducer.apply(record.offset(), mark)) {
            stray(reducer, record, mark);
        }
        ContinuousReduction job = reducer.continuous(mark.job());
        if (job == null || job.failure() != null || job.next() != record.offset() + 1) {
            return;
        }
        TopicPartition results = new TopicPartition(topics.results(mark.job()), reducer.partition());
        long end = writtenEnd(results); // this reducer is the only writer
        addBeside(
                reducer,
                event(new Event.PartitionBarrier(
                        mark.job(), reducer.partition(), worker, mark.barrier(), end, job.words(), job.total())));
        publish();
    }

    private long writtenEnd(TopicPartition partition) {
        return Patience.ask(settings.brokerDeadline(), () -> ClusterSetup.writtenEnd(admin(), partition));
    }

    private Admin admin() {
        Admin asked = admin;
        if (asked == null) {
            asked = settings.cluster().admin();
            admin = asked;
        }
        return asked;
    }

    /** Writes out every job that ended, each partition's together with its checkpoint and position. */
    private void publish() {
        Map<PartitionReducer, List<PartitionReducer.Ended>> due = new HashMap<>();
        for (PartitionReducer reducer : owned.values()) {
            if (!reducer.ended().isEmpty() || reducer.isDirty()) {
                due.put(reducer, reducer.ended());
            }
        }
        if (due.isEmpty()) {
            return;
        }
        due.keySet().forEach(this::checkResults);
        long begin = System.nanoTime();
        ResultParts parts = new ResultParts(transactions::write);
        List<String> failures = new ArrayList<>(); // of a reducer that was frozen, others may know better
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        // Results of batch jobs come first, as they alone may take several transactions: a checkpoint goes out with its
        // position, and counts of a continuous job with their checkpoint.
        due.forEach((reducer, jobs) -> jobs.forEach(job -> addResult(reducer.partition(), job, parts, failures)));
        parts.makeRoom(changedWords(), changedBytes() + letterBytes);
        List<ProducerRecord<byte[], byte[]>> records = parts.last();
        due.forEach((reducer, jobs) -> {
            for (ContinuousReduction job : reducer.continuous()) {
                addChanges(reducer, job, records, failures);
            }
            Checkpoint checkpoint = reducer.checkpointAfter(jobs);
            records.add(new ProducerRecord<>(
                    topics.checkpoints(),
                    reducer.partition(),
                    String.valueOf(reducer.partition()).getBytes(StandardCharsets.US_ASCII),
                    ControlCodec.encode(checkpoint)));
            positions.put(
                    new TopicPartition(topics.pairs(), reducer.partition()),
                    new OffsetAndMetadata(checkpoint.position()));
        });
        beside.values().forEach(records::addAll);
        transactions.write(records, new Transactions.InputPosition(positions, consumer::groupMetadata));
        failures.forEach(LOG::error);
        due.forEach((reducer, jobs) -> {
            jobs.forEach(reducer::published);
            reducer.saved();
        });
        beside.clear();
        letterBytes = 0;
        fenced = 0;
        long end = System.nanoTime();
        long took = end - begin;
        gatheredNanos = end + (long) Math.min(LONGEST_GATHERING_NANOS, (double) took * took / EVEN_NANOS);
    }

    /**
     * The lane may hold jobs that have been over for so long that their results are cleared away, or whose results somebody
     * has deleted: they fail, in place of a reducer that waits for the topic in vain, and ends, and the next one as well.
     */
    private void checkResults(PartitionReducer reducer) {
        for (ContinuousReduction job : reducer.continuous()) {
            String failure = job.isNew() ? resultsFailure(reducer.partition(), topics.results(job.job())) : null;
            if (failure != null) {
                job.fail(failure);
            }
        }
    }

    private void addChanges(
            PartitionReducer reducer,
            ContinuousReduction job,
            List<ProducerRecord<byte[], byte[]>> records,
            List<String> failures) {
        String failure = job.failure();
        if (failure != null) {
            failures.add("job " + job.job() + " partition " + reducer.partition() + ": " + failure);
            records.add(event(new Event.PartitionFailed(job.job(), reducer.partition(), worker, failure)));
            return; // dropped once that is committed
        }
        String results = topics.results(job.job());
        job.forEachChanged((word, from, length, count) ->
                records.add(count(results, reducer.partition(), word, from, length, count)));
        metrics.published(job.changedWords());
    }

    /** A count of zero takes the word out of the results. */
    private static ProducerRecord<byte[], byte[]> count(
            String results, int partition, byte[] word, int from, int length, long count) {
        byte[] value = count == 0
                ? null
                : ByteBuffer.allocate(Long.BYTES).putLong(count).array();
        return new ProducerRecord<>(results, partition, Arrays.copyOfRange(word, from, from + length), value);
    }

    private void addResult(int partition, PartitionReducer.Ended job, ResultParts parts, List<String> failures) {
        JobReduction reduction = job.reduction();
        String results = topics.results(job.job());
        String failure = job.failure();
        if (failure == null && reduction.counts().size() > 0) {
            failure = resultsFailure(partition, results);
        }
        if (failure != null) {
            failures.add("job " + job.job() + " partition " + partition + ": " + failure);
            parts.last().add(event(new Event.PartitionFailed(job.job(), partition, worker, failure)));
            return;
        }
        reduction
                .counts()
                .forEach(
                        (word, from, length, count) -> parts.add(count(results, partition, word, from, length, count)));
        metrics.published(reduction.counts().size());
        parts.last()
                .add(event(new Event.PartitionDone(
                        job.job(),
                        partition,
                        worker,
                        reduction.counts().size(),
                        reduction.counts().total(),
                        reduction.duplicatesDropped())));
    }

    /** Why a topic cannot take the counts of a partition; null where it can. */
    private @Nullable String resultsFailure(int partition, String results) {
        return jobTopics.failure(checkpointReader, results, partition + 1);
    }

    private ProducerRecord<byte[], byte[]> event(Event event) {
        return new ProducerRecord<>(
                topics.events(),
                0,
                event.job().toString().getBytes(StandardCharsets.US_ASCII),
                ControlCodec.encode(event));
    }

    /** Called by poll() on the loop's own thread. */
    private final class Assignment implements ConsumerRebalanceListener {
        private @Nullable Runnable ready;

        Assignment(Runnable ready) {
            this.ready = ready;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            if (!added.isEmpty()) {
                Patience.ask(settings.brokerDeadline(), () -> {
                    takeOver(added);
                    return true;
                });
            }
            if (ready != null) {
                ready.run();
                ready = null;
            }
        }

        private void takeOver(Collection<TopicPartition> added) {
            requireCheckpoints(added);
            // Waits until no transaction on these offsets is open (KIP-447), so the checkpoint read next is the last.
            Map<TopicPartition, OffsetAndMetadata> committed = committed(added);
            Map<Integer, Checkpoint> checkpoints = readCheckpoints(added);
            Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(added);
            for (TopicPartition partition : added) {
                PartitionReducer reducer = takeOver(
                        partition,
                        checkpoints.get(partition.partition()),
                        committed.get(partition),
                        beginnings.getOrDefault(partition, 0L));
                consumer.seek(partition, reducer.nextOffset());
                owned.put(partition.partition(), reducer);
                LOG.info("{} is reduced here from offset {}", partition, reducer.nextOffset());
            }
        }

        /**
         * None where the coordinator does not say. A broker that was killed can lose the end of a transaction here as well
         * (KAFKA-20734), and then it says so until the same reducer commits offsets again. By the time that this call gives
         * up, most transactions that were open have timed out, and the end of the checkpoints is waited for all the same.
         */
        private Map<TopicPartition, OffsetAndMetadata> committed(Collection<TopicPartition> added) {
            try {
                return consumer.committed(Set.copyOf(added));
            } catch (TimeoutException e) {
                LOG.warn(
                        "the coordinator does not tell what was reduced of {}, maybe as it has lost the end of a"
                                + " transaction: going by the checkpoints ({})",
                        added,
                        e.getMessage());
                return Map.of();
            }
        }

        /**
         * The counts are those of the checkpoint, and so is the position. Offsets were committed with it; a broker that lost
         * its machine's power may have kept one and not the other, as they are different files, and of the pairs less than
         * either: then the jobs that were under way have failed, and the partition goes on for others.
         */
        private PartitionReducer takeOver(
                TopicPartition partition,
                @Nullable Checkpoint checkpoint,
                @Nullable OffsetAndMetadata committed,
                long beginning) {
            long position = checkpoint == null ? beginning : checkpoint.position();
            long end = writtenEnd(partition);
            if (committed != null && committed.offset() != position) {
                if (checkpoint == null) {
                    throw new MillraceException(
                            ExitCode.FAILED,
                            "DATA_LOST: " + partition + " was reduced up to offset " + committed.offset()
                                    + ", and its checkpoint is gone: its brokers have lost records, and what the jobs"
                                    + " under way were counted to is not known. Begin anew with other topics or an empty"
                                    + " broker");
                }
                if (committed.offset() > position) { // else another reducer went on between the two looks
                    LOG.warn(
                            "{} was reduced up to offset {}, its checkpoint says {}: a broker has lost records; going on"
                                    + " from the checkpoint",
                            partition,
                            committed.offset(),
                            position);
                }
            }
            long first = Math.min(Math.max(position, beginning), end);
            PartitionReducer reducer = new PartitionReducer(partition.partition(), checkpoint, first);
            String why = "DATA_LOST: " + partition + " holds offsets " + beginning + " to " + end
                    + ", and was read up to " + Math.max(position, reducer.readUpTo())
                    + ": its brokers have lost records";
            if (first != position || reducer.readUpTo() > end) {
                lost.put(partition.partition(), why);
                reducer.continuous().forEach(job -> job.fail(why));
            } else {
                reducer.continuous().forEach(job -> restore(job, partition.partition()));
            }
            return reducer;
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> removed) {
            removed.forEach(partition -> {
                owned.remove(partition.partition());
                lost.remove(partition.partition());
                toldLost.remove(partition.partition());
                beside.remove(partition.partition()); // the next owner reads that again
            });
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> lost) {
            onPartitionsRevoked(lost);
        }
    }

    private void requireCheckpoints(Collection<TopicPartition> pairs) {
        int there = checkpointReader.partitionsFor(topics.checkpoints()).size();
        int needed = pairs.stream().mapToInt(TopicPartition::partition).max().orElse(-1) + 1;
        if (there < needed) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    topics.checkpoints() + " has " + there + (there == 1 ? " partition" : " partitions")
                            + " and needs one for each of " + topics.pairs() + ", so at least " + needed
                            + ": run '" + settings.cluster().command("init") + "', which adds them");
        }
    }

    /** Reads the counts that were published with the checkpoint. */
    private void restore(ContinuousReduction job, int partition) {
        long begin = System.nanoTime();
        TopicPartition results = new TopicPartition(topics.results(job.job()), partition);
        String failure = resultsFailure(partition, results.topic());
        if (failure != null) {
            job.fail(failure);
            return;
        }
        readCounts(job, results);
        long read = System.nanoTime() - begin;
        if (job.restoresAnew(read)) {
            LOG.warn(
                    "job {} partition {}: the counts that were read for {} s are not those of the checkpoint; some may have"
                            + " been compacted away meanwhile, so they are read once more",
                    job.job(),
                    partition,
                    read / 1_000_000_000);
            readCounts(job, results);
        }
        job.restored();
        LOG.info(
                "job {} partition {}: {} words restored in {} ms",
                job.job(),
                partition,
                job.words(),
                (System.nanoTime() - begin) / 1_000_000);
    }

    private void readCounts(ContinuousReduction job, TopicPartition results) {
        readWritten(results, count -> {
            byte[] word = count.key(), value = count.value();
            if (word == null
                    || !WordTable.isWord(word, 0, word.length)
                    || value != null && value.length != Long.BYTES) {
                job.fail(results + " holds no count at offset " + count.offset() + ": somebody else has written there");
                return;
            }
            job.restore(
                    word,
                    0,
                    word.length,
                    value == null ? 0 : ByteBuffer.wrap(value).getLong());
        });
    }

    /**
     * Reads what is committed of all that is written. The last transaction that could commit is known to be over. But a
     * reducer that was frozen before it may have left one open that began earlier, and behind its first record a committed
     * reader sees nothing until it times out: that is waited for.
     */
    private void readWritten(TopicPartition partition, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        LogReader.read(settings.cluster(), checkpointReader, partition, writtenEnd(partition), record -> {
            if (!OpenTransactions.isEnding(record)) {
                each.accept(record);
            }
        });
    }

    /** The newest checkpoint of each of these partitions; none where there is none yet. */
    private Map<Integer, Checkpoint> readCheckpoints(Collection<TopicPartition> pairs) {
        Map<Integer, Checkpoint> newest = new HashMap<>();
        for (TopicPartition each : pairs) {
            TopicPartition checkpoints = new TopicPartition(topics.checkpoints(), each.partition());
            readWritten(checkpoints, record -> newest.put(each.partition(), ControlCodec.checkpoint(record.value())));
        }
        return newest;
    }
}
