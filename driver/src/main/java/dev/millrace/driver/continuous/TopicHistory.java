package dev.millrace.driver.continuous;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Whether the topic that documents come in still tells all that has happened since it was read last. It does not where it
 * is another topic of that name, where records are gone that were not read, and, silently, where a deletion is: compaction
 * takes it away {@code delete.retention.ms} (a day unless set otherwise) after its first look at it (KIP-534), and who
 * reads on later finds no trace of it. Then what is counted is compared with what the topic holds.
 *
 * <p>The time up to which it was read is kept among the positions of sources, under the topic's name and id. It passes no
 * deletion before that one is in a task, so a driver that dies meanwhile leaves that to the next.
 *
 * <p>A broker whose machine lost its power may have lost the end of the topic and have taken other records in its place. So
 * where a partition was read up to and the leader's epoch of the last record are kept as well: the broker tells where that
 * epoch ends now (KIP-101, KIP-320).
 *
 * <p>For the driver's thread.
 */
final class TopicHistory {
    /** By how much clocks may differ. */
    private static final long MARGIN_MILLIS = 60_000;
    /** Between two looks at where the topic ends, at most. */
    private static final long ASKED_MILLIS = 60_000;
    /** A driver of a busy machine may be as late, so what is shown for a shorter time may go unseen. */
    private static final long LEAST_WHILE_READING_MILLIS = 60_000;

    private static final int NO_EPOCH = -1;
    /** Once an hour, of a day. */
    private static final int WRITTEN_OF_KEPT = 24;

    private final ClusterSettings cluster;
    private final ToLongFunction<TopicPartition> writtenEnd;
    private final String job, anew, id;
    private final TopicSource source;
    private final DocumentTracker tracker;
    private final String topic, mark;
    private final long deletionsKeptMillis, mostBehindMillis;
    /** Where its partitions began when it was opened. */
    private Map<TopicPartition, Long> begins = Map.of();
    /** An end of the topic that is waited for, and when it was that. */
    private Map<TopicPartition, Long> end = Map.of();

    private long endMillis, askedMillis;
    /** An end that was reached, and is waited for until all before it is in tasks. */
    private Map<TopicPartition, Long> reached = Map.of();

    private long reachedMillis;
    private long readUpToMillis, lastWrittenMillis;

    /**
     * @param writtenEnd of a partition, what is not committed included
     * @param anew what a user does to count what the topic holds, where the job cannot go on
     */
    TopicHistory(
            ClusterSettings cluster,
            ClusterSetup.DocumentsTopic found,
            ToLongFunction<TopicPartition> writtenEnd,
            String job,
            String anew,
            TopicSource source,
            DocumentTracker tracker) {
        this.cluster = cluster;
        this.writtenEnd = writtenEnd;
        this.job = job;
        this.anew = anew;
        this.source = source;
        this.tracker = tracker;
        this.topic = source.topic();
        this.id = found.id();
        this.mark = topic + "@" + id;
        this.deletionsKeptMillis = found.deletionsKeptMillis();
        this.mostBehindMillis = Math.max(
                deletionsKeptMillis - Math.min(MARGIN_MILLIS, deletionsKeptMillis / 4), LEAST_WHILE_READING_MILLIS);
    }

    /**
     * To be called when the tracker knows what an earlier driver left, and before anything is read.
     *
     * @throws MillraceException FAILED where the topic cannot tell what has happened since
     */
    void open(KafkaConsumer<byte[], byte[]> consumer, long nowMillis, Consumer<String> notice) {
        Long readUpTo = tracker.sources().next(mark);
        if (readUpTo != null && readUpTo > nowMillis + MARGIN_MILLIS) {
            tracker.sources().remember(mark, 0); // the clock was ahead when it was written, and since when is not known
            readUpTo = 0L;
        }
        if (deletionsKeptMillis < 2 * MARGIN_MILLIS) {
            notice.accept("the topic " + topic + " forgets deletions after " + told(deletionsKeptMillis)
                    + ": a driver that stands still for as long misses some. Give it a longer delete.retention.ms");
        }
        begins = consumer.beginningOffsets(source.partitions());
        end = consumer.endOffsets(source.partitions()); // before anything is noted, as this may be asked again
        endMillis = nowMillis;
        if (readUpTo == null && tracker.sources().isKnown(topic + "@")) {
            throw madeAgain();
        }
        boolean isKnown = readUpTo != null, isBegun = isBegun();
        for (TopicPartition partition : source.partitions()) {
            Long next = tracker.sources().next(TopicSource.name(partition));
            long begin = begins.getOrDefault(partition, 0L);
            if (isBegun) {
                // Of one that was added since, all is to be read.
                check(partition, next == null ? 0 : next, begin, notice);
                checkEpoch(consumer, partition);
                isKnown |= next != null && next > 0;
            } else {
                tracker.sources().readUpTo(TopicSource.name(partition), begin);
            }
        }
        long since = readUpTo != null ? readUpTo : isKnown ? 0 : nowMillis;
        if (nowMillis - since > Math.max(deletionsKeptMillis - MARGIN_MILLIS, 0)) {
            if (begins.values().stream().anyMatch(each -> each > 0)) {
                throw lost("the topic " + topic + " was read last more than " + told(deletionsKeptMillis)
                        + " ago, after which it may forget deletions, and as its retention deletes documents too, it"
                        + " cannot tell which were meant to be (if it is not compacted, let this user read its"
                        + " settings: DescribeConfigs)");
            }
            compare(since, notice);
            since = nowMillis;
        } else if (readUpTo == null) {
            tracker.sources().readUpTo(mark, nowMillis);
        }
        readUpToMillis = since; // deletions that are not read yet may be as old
        lastWrittenMillis = nowMillis;
    }

    /** Whether a driver has written where it was; then one that is not known is one that the topic has been given since. */
    private boolean isBegun() {
        return source.partitions().stream().anyMatch(each -> tracker.sources().next(TopicSource.name(each)) != null);
    }

    /**
     * To be called before a partition is read.
     *
     * @param next of the partition, to be read
     * @param first that it still holds
     * @throws MillraceException FAILED where records are gone that were not read
     */
    void check(TopicPartition partition, long next, long first, Consumer<String> notice) {
        long written = writtenEnd.applyAsLong(partition);
        if (next > written) {
            throw lost(partition + " ends at offset " + written + " and had been read up to " + next
                    + ": the topic was deleted and made again, or its brokers have lost records");
        }
        String source = TopicSource.name(partition);
        Long read = tracker.sources().next(source);
        if (Math.max(next, read == null ? 0 : read) >= first) {
            return; // where it is read from the last record on, what is behind that was passed already
        }
        long below = Math.max(next, tracker.sources().dealtWithBelow(source));
        if (below < first) {
            throw lost("records " + below + " to " + (first - 1) + " of " + partition
                    + " were deleted before they were read: look at its retention");
        }
        notice.accept("records " + next + " to " + (first - 1) + " of " + partition + " were deleted; what could not be"
                + " read of them keeps its last good version, if it has one: produce it again");
        tracker.sources().readUpTo(source, first);
    }

    /**
     * To be called where the broker had nothing at an offset that a consumer was to go on from.
     *
     * @param next that offset
     * @param first that the partition still holds
     * @throws MillraceException FAILED where records are gone that were not read, or others may stand in their place
     */
    void outOfRange(TopicPartition partition, long next, long first, Consumer<String> notice) {
        check(partition, next, first, notice);
        if (next >= first) { // a moment ago it was shorter, whatever has been written since
            throw lost(partition + " ended before offset " + next + ", and had been read up to there: its brokers have"
                    + " lost records, and taken others in their place");
        }
    }

    /** To be called with what has come of a partition, in its order, before its source takes it. */
    void taking(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
        Long read = tracker.sources().next(readName(partition)),
                epoch = tracker.sources().next(epochName(partition));
        if (read == null || epoch == null) {
            return;
        }
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (record.offset() >= read) {
                // No record was there, as far as was read: where an end of a transaction is lost, one takes its place.
                tracker.sources().unread(TopicSource.name(partition), record.offset());
                return;
            }
            if (epoch != NO_EPOCH && record.leaderEpoch().orElse(NO_EPOCH) > epoch) {
                throw lost(partition + " has another record at offset " + record.offset()
                        + " than was read there: its brokers have lost records, and taken others in their place");
            }
        }
    }

    /** To be called with what was read of a partition, in its order. */
    void taken(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
        if (records.isEmpty()) {
            return;
        }
        ConsumerRecord<byte[], byte[]> last = records.get(records.size() - 1);
        if (tracker.sources().readUpTo(readName(partition), last.offset() + 1)) { // else it is read again
            tracker.sources().remember(epochName(partition), last.leaderEpoch().orElse(NO_EPOCH));
        }
    }

    private static String readName(TopicPartition partition) {
        return TopicSource.name(partition) + "#read";
    }

    private static String epochName(TopicPartition partition) {
        return TopicSource.name(partition) + "#epoch";
    }

    private void checkEpoch(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition) {
        OffsetAndMetadata read = read(partition);
        if (read == null) {
            return;
        }
        List<TopicPartition> all = new ArrayList<>(consumer.assignment());
        all.add(partition);
        consumer.assign(all);
        consumer.seek(partition, read);
        try {
            consumer.position(partition);
        } catch (LogTruncationException e) {
            throw lost(e);
        }
    }

    /** Behind the last record that was read, with its epoch; null where that is gone, or not known. */
    private @Nullable OffsetAndMetadata read(TopicPartition partition) {
        Long read = tracker.sources().next(readName(partition)),
                epoch = tracker.sources().next(epochName(partition));
        return read == null || epoch == null || epoch == NO_EPOCH || read < begins.getOrDefault(partition, 0L)
                ? null
                : new OffsetAndMetadata(read, Optional.of(epoch.intValue()), "");
    }

    /**
     * Where to read on from an offset. If all before it was read, that is behind the last record, whose epoch the consumer
     * then goes by: what follows up to the offset are ends of transactions, and what was aborted.
     */
    OffsetAndMetadata start(TopicPartition partition, long next) {
        OffsetAndMetadata read = read(partition);
        return read != null && read.offset() <= next ? read : new OffsetAndMetadata(next);
    }

    MillraceException lost(LogTruncationException e) {
        return lost(
                "the brokers have lost records of " + topic + " that had been read, and taken others in their place: "
                        + e.offsetOutOfRangePartitions() + " were read, " + e.divergentOffsets() + " agree");
    }

    private MillraceException madeAgain() {
        return lost("the topic " + topic + " was deleted and made again since it was read last");
    }

    String topic() {
        return topic;
    }

    /**
     * To be called now and then: a consumer goes on where it was in another topic of the same name.
     *
     * @param idNow the topic's id; null where it is gone, as what was read of it counts on
     */
    void checkSame(@Nullable String idNow) {
        if (idNow != null && !idNow.equals(id)) {
            throw madeAgain();
        }
    }

    private MillraceException lost(String why) {
        return new MillraceException(
                ExitCode.FAILED,
                "the job " + job + " cannot go on: " + why + ". To count what the topic holds now, " + anew);
    }

    /** Documents that are counted and that the topic does not hold any more are deleted. */
    private void compare(long readUpTo, Consumer<String> notice) {
        notice.accept("the topic " + topic + " was read last more than " + told(deletionsKeptMillis)
                + " ago, after which it may forget deletions: comparing what it holds with what is counted");
        List<Set<String>> held = new ArrayList<>();
        for (TopicPartition partition : source.partitions()) {
            Set<String> here = new HashSet<>();
            held.add(here);
            LogReader.read(cluster, partition, -1, end.getOrDefault(partition, 0L), record -> {
                if (record.value() == null) {
                    here.remove(source.id(record));
                } else {
                    here.add(source.id(record));
                }
            });
        }
        List<String> gone = new ArrayList<>(tracker.ids());
        // An older version may be held for good by a partition that the document has left since.
        gone.removeIf(id -> {
            int partition = TopicSource.partition(tracker.version(id));
            return 0 <= partition
                    && partition < held.size()
                    && held.get(partition).contains(id);
        });
        delete(gone, readUpTo);
        notice.accept("counted documents that the topic " + topic + " does not hold any more: " + gone.size());
    }

    /** The time up to which the topic was read passes no deletion before that is in a task. */
    void delete(List<String> gone, long readUpTo) {
        long position = Math.max(readUpTo, gone.size()) - gone.size();
        tracker.sources().remember(mark, position);
        for (String id : gone) {
            tracker.change(DocumentChange.deleted(id, "compacted", mark, position++), System.nanoTime() / 1_000_000);
        }
    }

    private static String told(long millis) {
        return Duration.ofMillis(millis).toString().substring(2).toLowerCase(Locale.ROOT);
    }

    /**
     * To be called every second or so.
     *
     * @return whether the position of sources should be written though nothing else has changed, so that the next driver of
     *     a quiet topic knows that this one was there
     * @throws MillraceException FAILED where the driver has not seen the end of the topic for so long that a deletion may
     *     have gone unseen
     */
    boolean tick(
            Supplier<Map<TopicPartition, Long>> ends, Supplier<Map<TopicPartition, Long>> positions, long nowMillis) {
        if (nowMillis < endMillis) { // the clock was set back
            endMillis = nowMillis;
            askedMillis = nowMillis;
            reachedMillis = Math.min(reachedMillis, nowMillis);
            readUpToMillis = Math.min(readUpToMillis, nowMillis);
            lastWrittenMillis = Math.min(lastWrittenMillis, nowMillis);
        }
        long away = nowMillis - readUpToMillis;
        if (away > mostBehindMillis) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "the job " + job + " has read nothing of the topic " + topic + " that is newer than " + told(away)
                            + ", and that forgets deletions after " + told(deletionsKeptMillis)
                            + ": start it again, so that it compares what is counted with what the topic holds; if that"
                            + " takes as long, give the topic a longer delete.retention.ms");
        }
        if (end.isEmpty()) {
            if (nowMillis - endMillis > Math.min(mostBehindMillis / 4, ASKED_MILLIS)) {
                endMillis = nowMillis;
                ask(ends, nowMillis);
            }
        } else if (isPast(end, positions.get()::get)) {
            readUpToMillis = endMillis;
            if (reached.isEmpty()) {
                reached = end;
                reachedMillis = endMillis;
            }
            end = Map.of();
        } else if (nowMillis - askedMillis > Math.min(mostBehindMillis / 4, ASKED_MILLIS)) {
            Map<TopicPartition, Long> waitedFor = end;
            ask(ends, nowMillis);
            end = end.isEmpty() ? end : waitedFor;
        }
        if (!reached.isEmpty() && isPast(reached, each -> tracker.sources().doneBelow(TopicSource.name(each)))) {
            tracker.sources().remember(mark, reachedMillis);
            reached = Map.of();
        }
        boolean isDue = nowMillis - lastWrittenMillis > Math.max(deletionsKeptMillis / WRITTEN_OF_KEPT, MARGIN_MILLIS);
        if (isDue) {
            lastWrittenMillis = nowMillis;
        }
        return isDue;
    }

    private void ask(Supplier<Map<TopicPartition, Long>> ends, long nowMillis) {
        askedMillis = nowMillis;
        end = ends.get();
        if (end.isEmpty()) {
            readUpToMillis = nowMillis; // of a topic that is gone there is nothing to read
        }
    }

    private static boolean isPast(Map<TopicPartition, Long> end, Function<TopicPartition, @Nullable Long> positions) {
        return end.entrySet().stream().allMatch(each -> {
            Long position = positions.apply(each.getKey());
            return (position == null ? 0 : position) >= each.getValue();
        });
    }
}
