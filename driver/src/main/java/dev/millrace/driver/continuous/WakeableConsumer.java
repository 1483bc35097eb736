package dev.millrace.driver.continuous;

import dev.millrace.kafka.Patience;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A driver's consumer, which a source may wake at any time. The driver's thread, but for {@link #wake}. */
final class WakeableConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(WakeableConsumer.class);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Duration brokerDeadline;
    private volatile boolean woken;

    /** @param brokerDeadline for how long a broker may be away; it may be longer than one call waits */
    WakeableConsumer(KafkaConsumer<byte[], byte[]> consumer, Duration brokerDeadline) {
        this.consumer = consumer;
        this.brokerDeadline = brokerDeadline;
    }

    KafkaConsumer<byte[], byte[]> consumer() {
        return consumer;
    }

    /** Any thread. */
    void wake() {
        woken = true;
        consumer.wakeup();
    }

    /** What has come; soon where it is woken, or was since the last time. */
    ConsumerRecords<byte[], byte[]> poll(Duration longest) {
        Duration wait = woken ? Duration.ZERO : longest;
        woken = false;
        try {
            return consumer.poll(wait);
        } catch (WakeupException e) {
            return ConsumerRecords.empty(); // the source has something to say
        }
    }

    /** The offset of the next record; null where that is not known at once. */
    @Nullable
    Long positionNow(TopicPartition partition) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (TimeoutException e) {
            LOG.debug("{} has no position at the moment", partition, e);
        } catch (WakeupException e) {
            woken = true;
        }
        return null;
    }

    /** What the consumer or a broker answers, as it may be another call than {@link #poll} that is woken. */
    <T> T undisturbed(Supplier<T> call) {
        return Patience.ask(brokerDeadline, () -> {
            while (true) {
                try {
                    return call.get();
                } catch (WakeupException e) {
                    woken = true;
                }
            }
        });
    }
}
