package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.shuffle.WordTable;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Follows the results topic of a job, and what its driver says on the events topic. */
final class KafkaLiveTable implements LiveTable {
    private static final Duration POLL = Duration.ofMillis(100);
    /** What the driver said longer ago than this many events of all jobs is not looked for. */
    private static final long EVENTS_BACK = 20_000;

    private final JobSpec job;
    private final TopicPartition events;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final WordTable counts = new WordTable();
    private long words, tokens;
    private Event.@Nullable ContinuousStatus status;

    KafkaLiveTable(ClusterSettings cluster, JobSpec job) {
        this.job = job;
        this.events = new TopicPartition(cluster.topics().events(), 0);
        this.consumer = cluster.reader(Map.of("fetch.max.wait.ms", 250, "max.poll.records", 20_000));
        List<TopicPartition> results = new ArrayList<>();
        for (int partition = 0; partition < job.partitions(); partition++) {
            results.add(new TopicPartition(cluster.topics().results(job.id()), partition));
        }
        List<TopicPartition> all = new ArrayList<>(results);
        all.add(events);
        consumer.assign(all);
        consumer.beginningOffsets(results).forEach(consumer::seek);
        long begin = consumer.beginningOffsets(List.of(events)).getOrDefault(events, 0L);
        long end = consumer.endOffsets(List.of(events)).getOrDefault(events, 0L);
        consumer.seek(events, Math.max(begin, end - EVENTS_BACK));
    }

    @Override
    public void catchUp() {
        for (Map.Entry<TopicPartition, Long> end :
                consumer.endOffsets(consumer.assignment()).entrySet()) {
            while (consumer.position(end.getKey()) < end.getValue()) {
                poll(POLL);
            }
        }
    }

    @Override
    public boolean poll(Duration patience) {
        boolean news = false;
        for (ConsumerRecord<byte[], byte[]> in : consumer.poll(patience)) {
            news |= in.topic().equals(events.topic()) ? happened(in) : count(in);
        }
        return news;
    }

    private boolean count(ConsumerRecord<byte[], byte[]> in) {
        byte[] word = in.key();
        long before = counts.get(word, 0, word.length);
        long count = in.value() == null ? 0 : ByteBuffer.wrap(in.value()).getLong();
        counts.add(word, 0, word.length, count - before);
        words += (count == 0 ? 0 : 1) - (before == 0 ? 0 : 1);
        tokens += count - before;
        return count != before;
    }

    private boolean happened(ConsumerRecord<byte[], byte[]> in) {
        if (in.key() == null || !job.id().toString().equals(new String(in.key(), StandardCharsets.US_ASCII))) {
            return false;
        }
        try {
            if (ControlCodec.event(in.value()) instanceof Event.ContinuousStatus said) {
                status = said;
                return true;
            }
        } catch (MalformedRecordException e) {
            // Of a later release, or by a stranger: only what is understood is shown.
        }
        return false;
    }

    private record Ranked(byte[] word, long count) {
        /** The worst first. */
        static final Comparator<Ranked> WORST_FIRST =
                Comparator.comparingLong(Ranked::count).thenComparing((a, b) -> Arrays.compareUnsigned(b.word, a.word));
    }

    @Override
    public View view(int top) {
        PriorityQueue<Ranked> best = new PriorityQueue<>(Math.max(1, top), Ranked.WORST_FIRST);
        if (top > 0) {
            counts.forEach((word, from, length, count) -> {
                Ranked worst = best.size() < top ? null : best.peek();
                if (count != 0 && (worst == null || count >= worst.count)) {
                    best.add(new Ranked(Arrays.copyOfRange(word, from, from + length), count));
                    if (worst != null) {
                        best.remove();
                    }
                }
            });
        }
        WordCount[] ordered = new WordCount[best.size()];
        for (int i = ordered.length - 1; i >= 0; i--) {
            Ranked each = best.remove();
            ordered[i] = new WordCount(new String(each.word, StandardCharsets.UTF_8), each.count);
        }
        return new View(words, tokens, Arrays.asList(ordered), status);
    }

    @Override
    public void close() {
        consumer.close();
    }
}
