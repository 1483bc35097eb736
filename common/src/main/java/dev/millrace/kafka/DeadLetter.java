package dev.millrace.kafka;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/** A record that cannot be what its topic is for, kept where somebody can look at it. */
public final class DeadLetter {
    /** A record that is nearly as large as a broker takes would be too large with what is added. */
    private static final int LARGEST = 1 << 20;

    private DeadLetter() {}

    /**
     * The record as it came, with headers {@code reason} and {@code from}, which is topic, partition and offset; of one that
     * is larger than 1 MiB, these headers alone.
     */
    public static ProducerRecord<byte[], byte[]> of(
            ConsumerRecord<byte[], byte[]> record, TopicNames topics, String reason) {
        long bytes = (long) record.serializedKeySize() + record.serializedValueSize();
        for (Header header : record.headers()) {
            bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        ProducerRecord<byte[], byte[]> letter = bytes > LARGEST
                ? new ProducerRecord<>(topics.deadLetters(), 0, (byte[]) null, (byte[]) null)
                : new ProducerRecord<>(topics.deadLetters(), 0, record.key(), record.value(), record.headers());
        String from = record.topic() + "-" + record.partition() + "@" + record.offset();
        letter.headers().add("reason", reason.getBytes(StandardCharsets.UTF_8));
        letter.headers().add("from", from.getBytes(StandardCharsets.UTF_8));
        return letter;
    }
}
