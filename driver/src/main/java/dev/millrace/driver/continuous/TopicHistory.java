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
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Whether the topic that documents come in still tells all that has happened since it was read last. It does not where it
 * is another topic of that name, where records are gone that were not read, and, silently, where a deletion is: compaction
 * takes it away {@code delete.retention.ms} (a day unless set otherwise) after its first look at it (KIP-534), and who
 * reads on later finds no trace of it. Then what is counted is compared with what the topic holds.
 *
 * <p>The time up to which it was read is kept among the positions of sources, under the topic's name and id. It passes no
 * deletion that the comparison found before that one is in a task, so a driver that dies meanwhile leaves that to the next.
 *
 * <p>For the driver's thread.
 */
final class TopicHistory {
    /** By how much clocks may differ, and how old what is known of a partition's end may be. */
    private static final long MARGIN_MILLIS = 60_000;
    /** A driver that reads looks each second; one whose machine slept, or that lies behind, may be late. */
    private static final long LEAST_WHILE_READING_MILLIS = 600_000;

    /** Once an hour, of a day. */
    private static final int WRITTEN_OF_KEPT = 24;

    private final ClusterSettings cluster;
    private final ClusterSetup setup;
    private final String job;
    private final TopicSource source;
    private final DocumentTracker tracker;
    private final String topic, mark;
    private final long deletionsKeptMillis;
    private long lastAtEndMillis, lastAskedMillis;

    TopicHistory(ClusterSettings cluster, ClusterSetup setup, String job, TopicSource source, DocumentTracker tracker) {
        this.cluster = cluster;
        this.setup = setup;
        this.job = job;
        this.source = source;
        this.tracker = tracker;
        this.topic = source.topic();
        ClusterSetup.DocumentsTopic found = setup.documentsTopic(topic);
        this.mark = topic + "@" + found.id();
        this.deletionsKeptMillis = found.deletionsKeptMillis();
    }

    /**
     * To be called when the tracker knows what an earlier driver left, and before anything is read.
     *
     * @throws MillraceException FAILED where the topic cannot tell what has happened since
     */
    void open(KafkaConsumer<byte[], byte[]> consumer, long nowMillis, Consumer<String> notice) {
        Long readUpTo = tracker.sourcePosition(mark);
        Map<TopicPartition, Long> first = consumer.beginningOffsets(source.partitions());
        boolean isKnown = readUpTo != null;
        for (TopicPartition partition : source.partitions()) {
            Long next = tracker.sourcePosition(TopicSource.name(partition));
            if (next != null) {
                check(partition, next, first.getOrDefault(partition, 0L));
                isKnown |= next > 0;
            }
        }
        if (readUpTo == null && tracker.hasSource(topic + "@")) {
            throw lost("the topic " + topic + " was deleted and made again since it was read last");
        }
        long since = readUpTo != null ? readUpTo : isKnown ? 0 : nowMillis;
        lastAtEndMillis = nowMillis;
        if (nowMillis - since > Math.max(deletionsKeptMillis - MARGIN_MILLIS, 0)) {
            compare(consumer.endOffsets(source.partitions()), since, notice);
        } else if (readUpTo == null) {
            tracker.readUpTo(mark, nowMillis);
        } else {
            lastAtEndMillis = since; // deletions that are not read yet may be as old
        }
        lastAskedMillis = nowMillis;
    }

    private void check(TopicPartition partition, long next, long first) {
        long end = ClusterSetup.writtenEnd(setup.admin(), partition);
        if (next > end) {
            throw lost(partition + " ends at offset " + end + " and had been read up to " + next
                    + ": the topic was deleted and made again, or its brokers have lost records");
        }
        if (next < first) {
            throw lost("records " + next + " to " + (first - 1) + " of " + partition
                    + " were deleted before they were read: look at its retention");
        }
    }

    private MillraceException lost(String why) {
        return new MillraceException(
                ExitCode.FAILED,
                "the job " + job + " cannot go on: " + why + ". To count what the topic holds now, end the job with '"
                        + cluster.command("cancel " + job) + "' and start this again");
    }

    /** Documents that are counted and that the topic does not hold any more are deleted. */
    private void compare(Map<TopicPartition, Long> end, long readUpTo, Consumer<String> notice) {
        notice.accept("the topic " + topic + " was read last more than " + told(deletionsKeptMillis)
                + " ago, after which it may forget deletions: comparing what it holds with what is counted");
        Set<String> held = new HashSet<>();
        for (TopicPartition partition : source.partitions()) {
            LogReader.read(cluster, partition, -1, end.getOrDefault(partition, 0L), record -> {
                if (record.value() == null) {
                    held.remove(source.id(record));
                } else {
                    held.add(source.id(record));
                }
            });
        }
        List<String> gone = new ArrayList<>(tracker.ids());
        gone.removeIf(held::contains);
        long position = readUpTo;
        for (String id : gone) {
            tracker.change(DocumentChange.deleted(id, "compacted", mark, position++), System.nanoTime() / 1_000_000);
        }
        notice.accept("counted documents that the topic " + topic + " does not hold any more: " + gone.size());
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
    boolean tick(KafkaConsumer<byte[], byte[]> consumer, long nowMillis) {
        long away = nowMillis - lastAtEndMillis;
        if (away > Math.max(deletionsKeptMillis - MARGIN_MILLIS, LEAST_WHILE_READING_MILLIS)) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "the job " + job + " was not at the end of the topic " + topic + " for " + told(away)
                            + ", and that forgets deletions after " + told(deletionsKeptMillis)
                            + ": start it again, so that it compares what is counted with what the topic holds");
        }
        if (source.partitions().stream().allMatch(partition -> isAtEnd(consumer.currentLag(partition)))) {
            lastAtEndMillis = nowMillis;
            tracker.readUpTo(mark, nowMillis);
        }
        boolean isDue = nowMillis - lastAskedMillis > Math.max(deletionsKeptMillis / WRITTEN_OF_KEPT, MARGIN_MILLIS);
        if (isDue) {
            lastAskedMillis = nowMillis;
        }
        return isDue;
    }

    private static boolean isAtEnd(OptionalLong lag) {
        return lag.isPresent() && lag.getAsLong() == 0;
    }
}
