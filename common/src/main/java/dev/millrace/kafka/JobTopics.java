package dev.millrace.kafka;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether the topics of a job are there before anything is written to them. A producer must not find out: it would
 * wait for the topic with every single record, and cannot tell it from a broker that is away. One thread at a time.
 */
public final class JobTopics {
    private static final Logger LOG = LoggerFactory.getLogger(JobTopics.class);
    /** A broker may hear of a new topic a little late; one that is unknown for this long was deleted. */
    private static final long UNKNOWN_NANOS = 3_000_000_000L;

    private final TopicNames topics;
    /** Those that were waited for in vain: they may have many partitions, and one wait is enough. */
    private final Set<String> gone = new HashSet<>();

    public JobTopics(TopicNames topics) {
        this.topics = topics;
    }

    /**
     * Why a topic of a job, of as many partitions as the pairs, cannot take records.
     *
     * @param needed how many partitions it needs at least
     * @return null where it can take them, or where no broker answers: then whoever writes waits for the broker
     */
    public @Nullable String failure(KafkaConsumer<byte[], byte[]> reader, String topic, int needed) {
        long end = System.nanoTime() + (gone.contains(topic) ? 0 : UNKNOWN_NANOS);
        try {
            int partitions = reader.partitionsFor(topic).size();
            while (partitions == 0) {
                if (System.nanoTime() > end) {
                    gone.add(topic);
                    return "the topic " + topic + " is gone, somebody must have deleted it: count again";
                }
                LockSupport.parkNanos(100_000_000);
                partitions = reader.partitionsFor(topic).size();
            }
            return partitions >= needed
                    ? null
                    : topic + " has " + partitions + (partitions == 1 ? " partition" : " partitions")
                            + " and needs one for each of " + topics.pairs() + ", so at least " + needed
                            + ": somebody made it anew; count again";
        } catch (TimeoutException e) {
            LOG.debug("no answer; what is written waits for the broker", e);
            return null;
        }
    }
}
