package dev.millrace.driver.continuous;

import dev.millrace.driver.DriverSettings;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.OpenTransactions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The topic that documents come in, as the driver's consumer reads it: which partitions, from where, and whether it is still
 * the same. Without partitions where documents come from elsewhere. The driver's thread.
 */
final class SourcePartitions {
    private final ClusterSettings cluster;
    private final ClusterSetup setup;
    private final DocumentSource source;
    private final SourcePositions positions;
    private final WakeableConsumer reader;
    private final Consumer<String> notice;
    private final PartitionOrder order;
    private final @Nullable TopicHistory history;
    private boolean isGoneTold;
    /** Whether it has been read further than what was written last says. */
    private boolean passed;

    SourcePartitions(
            DriverSettings settings,
            ClusterSetup setup,
            String job,
            DocumentSource source,
            DocumentTracker tracker,
            WakeableConsumer reader,
            Consumer<String> notice) {
        this.cluster = settings.cluster();
        this.setup = setup;
        this.source = source;
        this.positions = tracker.sources();
        this.reader = reader;
        this.notice = notice;
        this.order = new PartitionOrder(positions);
        this.history = source instanceof TopicSource topic
                ? new TopicHistory(
                        cluster,
                        setup.documentsTopic(topic.topic()),
                        partition -> ClusterSetup.writtenEnd(setup.admin(), partition),
                        job,
                        settings.anew().apply(job),
                        topic,
                        tracker)
                : null;
    }

    /** Begins to read where the driver before was, beside what the consumer reads already. */
    void open() {
        TopicHistory opened = history;
        if (opened != null) {
            reader.undisturbed(() -> {
                opened.open(reader.consumer(), System.currentTimeMillis(), notice);
                return true;
            });
        }
        List<TopicPartition> all = source.partitions();
        List<TopicPartition> added = all.stream()
                .filter(partition -> positions.next(TopicSource.name(partition)) == null)
                .toList();
        read(all);
        if (added.size() < all.size()) {
            readInOrder(added);
        }
    }

    private void read(List<TopicPartition> partitions) {
        List<TopicPartition> all = new ArrayList<>(reader.consumer().assignment());
        all.addAll(partitions);
        reader.consumer().assign(all);
        for (TopicPartition partition : partitions) {
            Long known = positions.next(TopicSource.name(partition));
            long next = known == null ? 0 : known; // of one that was added, all is to be read
            reader.consumer()
                    .seek(partition, history == null ? new OffsetAndMetadata(next) : history.start(partition, next));
        }
    }

    private void readInOrder(List<TopicPartition> added) {
        if (!added.isEmpty()) {
            order.added(added, writtenEnds());
        }
    }

    /** Takes in partitions that the topic has been given since, by the consumer's metadata, which it renews once a minute. */
    void grow() {
        grow(topic -> reader.consumer().partitionsFor(topic).size());
    }

    /** Takes in partitions that the topic has been given since, by the broker's word. */
    void growNow() {
        grow(setup::partitions);
    }

    private void grow(ToIntFunction<String> partitionsNow) {
        if (source.partitions().isEmpty()) {
            return;
        }
        String topic = source.partitions().get(0).topic();
        int count = reader.undisturbed(() -> partitionsNow.applyAsInt(topic));
        if (count > source.partitions().size()) {
            List<TopicPartition> added = source.grow(count);
            notice.accept("the topic " + topic + " has " + count + " partitions now: reading the new ones too");
            read(added);
            readInOrder(added);
        }
    }

    /** Has the consumer bring records of it, or none. */
    void take(boolean taking) {
        if (!source.partitions().isEmpty()) {
            List<TopicPartition> wanted = taking ? order.readable(source.partitions()) : List.of();
            if (wanted.size() < source.partitions().size()) {
                reader.consumer().pause(source.partitions());
            }
            reader.consumer().resume(wanted);
        }
    }

    /** To be called with all that the consumer has brought, before the source takes it. */
    void taking(ConsumerRecords<byte[], byte[]> records) {
        if (history != null) {
            source.partitions().forEach(partition -> history.taking(partition, records.records(partition)));
        }
    }

    /** To be called with all that the consumer has brought, when the source has taken it. */
    void taken(ConsumerRecords<byte[], byte[]> records) {
        if (history != null) {
            source.partitions().forEach(partition -> history.taken(partition, records.records(partition)));
        }
    }

    /**
     * Goes on behind what is gone of the topic, where that was dealt with: it was to be read again for the sake of what
     * could not be read.
     *
     * @throws dev.millrace.job.MillraceException FAILED where records are gone that were not read
     * @throws OffsetOutOfRangeException of topics of our own, as a driver that takes over compares what it finds
     */
    void outOfRange(OffsetOutOfRangeException e) {
        TopicHistory known = history;
        Map<TopicPartition, Long> gone = new HashMap<>(e.offsetOutOfRangePartitions());
        gone.keySet().retainAll(source.partitions());
        if (known == null || gone.isEmpty()) {
            throw e;
        }
        if (e instanceof LogTruncationException truncated) {
            throw known.lost(truncated);
        }
        isThere(); // or another topic of that name would be taken for one that has lost records
        gone.forEach((partition, next) -> reader.undisturbed(() -> {
            long first = reader.consumer().beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
            known.outOfRange(partition, next, first, notice);
            reader.consumer().seek(partition, Math.max(next, first));
            return true;
        }));
    }

    /**
     * To be called every second or so.
     *
     * @return whether positions should be written, even if nothing else has changed
     * @throws dev.millrace.job.MillraceException FAILED where the topic cannot tell any more what has happened in it
     */
    boolean tick() {
        if (history == null) {
            return false;
        }
        boolean isDue = history.tick(() -> isThere() ? ends() : Map.of(), this::positions, System.currentTimeMillis());
        boolean isPassed = passed;
        passed = hasPassed();
        return isDue || isPassed;
    }

    /** To be called before positions are written. */
    void readOn() {
        hasPassed();
        passed = false;
    }

    /**
     * Ends of transactions are read as well, and nothing tells of them; what retention deletes would look as if it had not
     * been read.
     *
     * @return whether the position of the source is further on now
     */
    private boolean hasPassed() {
        boolean moved = false;
        for (TopicPartition partition : order.readable(source.partitions())) {
            Long next = known(() -> reader.positionNow(partition));
            moved |= next != null && positions.readUpTo(TopicSource.name(partition), next);
        }
        return moved;
    }

    /** Whether {@link #isThere} has found that it is gone. */
    boolean isGone() {
        return isGoneTold;
    }

    /** What was read of a topic that is gone counts on. */
    boolean isThere() {
        if (history == null) {
            return true;
        }
        String id = reader.undisturbed(() -> setup.topicId(history.topic()));
        history.checkSame(id);
        if (id == null && !isGoneTold) {
            isGoneTold = true;
            notice.accept("the topic " + history.topic() + " is gone; what was read of it counts on");
        }
        return id != null;
    }

    /** Offsets of the next records. */
    Map<TopicPartition, Long> positions() {
        return ofEach(this::position);
    }

    private Map<TopicPartition, Long> ofEach(Function<TopicPartition, Long> offset) {
        return source.partitions().stream().collect(Collectors.toMap(partition -> partition, offset));
    }

    private long position(TopicPartition partition) {
        return Objects.requireNonNull(
                known(() -> reader.undisturbed(() -> reader.consumer().position(partition))));
    }

    /** A consumer that has fallen out of its partition may say so where it is asked for its position. */
    private @Nullable Long known(Supplier<@Nullable Long> position) {
        while (true) {
            try {
                return position.get();
            } catch (OffsetOutOfRangeException e) {
                outOfRange(e);
            }
        }
    }

    private Map<TopicPartition, Long> ends() {
        return reader.undisturbed(() -> reader.consumer().endOffsets(source.partitions()));
    }

    /** A document that stands behind an open transaction was produced as well. */
    Map<TopicPartition, Long> writtenEnds() {
        return ofEach(this::writtenEnd);
    }

    private long writtenEnd(TopicPartition partition) {
        return reader.undisturbed(() -> ClusterSetup.writtenEnd(setup.admin(), partition));
    }

    /** Open transactions that documents stand behind, and where. */
    List<String> heldUpBy() {
        List<String> told = new ArrayList<>();
        ends().forEach((partition, stable) -> {
            if (stable < writtenEnd(partition)) {
                told.add("what stands behind offset " + position(partition) + " of " + partition + ": "
                        + OpenTransactions.heldUpBy(cluster, partition));
            }
        });
        return told;
    }
}
