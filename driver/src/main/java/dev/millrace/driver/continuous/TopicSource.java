package dev.millrace.driver.continuous;

import dev.millrace.input.Names;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Documents that anyone produces to a topic: the key names the document, the value is its text, a null value deletes it. A
 * record without a key is a document of its own. Records of one key must go to one partition, as Kafka's own partitioner
 * sends them.
 *
 * <p>A text that is too large for a record lies in a file that the record's header {@value #FILE_HEADER} names; then the
 * value says nothing, but that it is no deletion. What counts is the file as it is when its turn has come. One that cannot
 * be read then is tried again every few seconds, until it can or another record of that key comes; only a driver that takes
 * over does not know of it any more.
 */
public class TopicSource implements DocumentSource {
    /** What stands where bytes are no text, or was there before. */
    private static final char REPLACEMENT = '\uFFFD';

    /** In UTF-8, a path below the folder of {@link ReferencedFiles}. */
    static final String FILE_HEADER = "millrace-file";

    private static final long TRIED_AGAIN_NANOS = 5_000_000_000L;

    private final String topic;
    private final @Nullable ReferencedFiles files;
    private final LongSupplier nanos;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final List<String> sources = new ArrayList<>();
    /** By document, records whose file is to be read. */
    private final Map<String, Reference> toRead = new LinkedHashMap<>();
    /** By document, those whose file could not be read. */
    private final Map<String, Unreadable> unreadable = new LinkedHashMap<>();

    private long triedNanos;
    private Map<TopicPartition, Long> barrier = Map.of();

    /** A record that names a file. */
    private record Reference(ConsumerRecord<byte[], byte[]> record, String file) {}

    private record Unreadable(Reference reference, String why) {}

    public TopicSource(String topic, int partitions) {
        this(topic, partitions, null, System::nanoTime);
    }

    /** @param files that records may name */
    TopicSource(String topic, int partitions, @Nullable ReferencedFiles files, LongSupplier nanos) {
        this.topic = topic;
        this.files = files;
        this.nanos = nanos;
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
        String id = id(record);
        Reference older = toRead.remove(id);
        if (older != null) {
            driver.passOver(source(older.record), older.record.offset());
        }
        unreadable.remove(id);
        Header file = record.headers().lastHeader(FILE_HEADER);
        if (record.value() == null) {
            driver.change(DocumentChange.deleted(id, version(record), source(record), record.offset()));
        } else if (file == null) {
            driver.change(change(record, record.value(), source(record)));
        } else {
            driver.announce(source(record), record.offset());
            toRead.put(id, new Reference(record, text(file.value() == null ? new byte[0] : file.value())));
        }
    }

    private String source(ConsumerRecord<byte[], byte[]> record) {
        return sources.get(record.partition());
    }

    private static String version(ConsumerRecord<byte[], byte[]> record) {
        return record.partition() + "@" + record.offset();
    }

    private DocumentChange change(ConsumerRecord<byte[], byte[]> record, byte[] text, String source) {
        return new DocumentChange(
                id(record),
                version(record),
                text,
                text.length,
                record.timestamp() * 1_000_000,
                source,
                record.offset());
    }

    /** Reads what records have named, one file after the other; texts of records do not wait for them. */
    @Override
    public void poll(Driver driver) {
        if (!unreadable.isEmpty() && nanos.getAsLong() - triedNanos > TRIED_AGAIN_NANOS) {
            tryAgain(driver);
        }
        while (!toRead.isEmpty() && driver.hasRoom()) {
            Iterator<Reference> first = toRead.values().iterator();
            Reference reference = first.next();
            first.remove();
            FolderTexts.Text text = read(reference);
            if (text.bytes() != null) {
                driver.change(change(reference.record, text.bytes(), source(reference.record)));
            } else {
                driver.passOver(source(reference.record), reference.record.offset());
                keep(reference, text, driver);
            }
        }
    }

    private void tryAgain(Driver driver) {
        for (Unreadable each : List.copyOf(unreadable.values())) {
            if (!driver.hasRoom()) {
                return;
            }
            String id = id(each.reference.record);
            FolderTexts.Text text = read(each.reference);
            if (text.bytes() == null) {
                if (!each.why.equals(why(each.reference, text))) {
                    keep(each.reference, text, driver);
                }
            } else {
                unreadable.remove(id);
                driver.readable(id);
                driver.change(change(each.reference.record, text.bytes(), "")); // its position was passed over
            }
        }
        triedNanos = nanos.getAsLong();
    }

    private void keep(Reference reference, FolderTexts.Text text, Driver driver) {
        String why = why(reference, text);
        if (unreadable.isEmpty()) {
            triedNanos = nanos.getAsLong();
        }
        unreadable.put(id(reference.record), new Unreadable(reference, why));
        driver.unreadable(id(reference.record), why);
    }

    private static String why(Reference reference, FolderTexts.Text text) {
        String why = text.unreadable();
        return why == null ? "the file " + Names.printable(reference.file) + " changes while it is read" : why;
    }

    private FolderTexts.Text read(Reference reference) {
        if (files == null) {
            return new FolderTexts.Text(
                    null,
                    "its record names the file " + Names.printable(reference.file)
                            + ": start 'stream' with --files FOLDER, which holds such files");
        }
        try {
            return files.read(reference.file);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
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
        return toRead.isEmpty()
                && barrier.entrySet().stream()
                        .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }

    @Override
    public void close() {}
}
