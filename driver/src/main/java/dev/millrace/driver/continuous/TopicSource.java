package dev.millrace.driver.continuous;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Documents that anyone produces to a topic: the key names the document, the value is its text, a null value deletes it. A
 * record without a key is a document of its own. Records of one key must go to one partition, as Kafka's own partitioner
 * sends them.
 */
public class TopicSource implements DocumentSource {
    /** What stands where bytes are no text, or was there before. */
    private static final char REPLACEMENT = '\uFFFD';

    private final String topic;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final List<String> sources = new ArrayList<>();
    private Map<TopicPartition, Long> barrier = Map.of();

    public TopicSource(String topic, int partitions) {
        this.topic = topic;
        add(partitions);
    }

    @Override
    public List<TopicPartition> grow(int count) {
        return add(count);
    }

    private List<TopicPartition> add(int count) {
        List<TopicPartition> added = IntStream.range(partitions.size(), count)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
        partitions.addAll(added);
        added.forEach(partition -> sources.add(name(partition)));
        return added;
    }

    @Override
    public List<String> names() {
        return List.of("topic:" + topic);
    }

    @Override
    public List<TopicPartition> partitions() {
        return Collections.unmodifiableList(partitions);
    }

    /** How the position in a partition is called. */
    static String name(TopicPartition partition) {
        return partition.toString();
    }

    String topic() {
        return topic;
    }

    /** Name of the document that a record is of. */
    String id(ConsumerRecord<byte[], byte[]> record) {
        return record.key() == null ? sources.get(record.partition()) + "@" + record.offset() : text(record.key());
    }

    @Override
    public void accept(ConsumerRecord<byte[], byte[]> record, Driver driver) {
        String source = sources.get(record.partition());
        String version = record.partition() + "@" + record.offset();
        String id = id(record);
        byte[] value = record.value();
        driver.change(
                value == null
                        ? DocumentChange.deleted(id, version, source, record.offset())
                        : new DocumentChange(
                                id,
                                version,
                                value,
                                value.length,
                                record.timestamp() * 1_000_000,
                                source,
                                record.offset()));
    }

    /** A key that is no text is shown as its bytes. */
    private static String text(byte[] key) {
        String text = new String(key, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(key))
                    .toString();
        } catch (CharacterCodingException e) {
            return "0x" + HexFormat.of().formatHex(key);
        }
    }

    @Override
    public void beginBarrier(Map<TopicPartition, Long> ends) {
        barrier = Map.copyOf(ends);
    }

    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        return barrier.entrySet().stream().allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }

    @Override
    public void close() {}
}
