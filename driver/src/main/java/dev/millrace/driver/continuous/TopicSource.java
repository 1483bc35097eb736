package dev.millrace.driver.continuous;

import dev.millrace.input.FileVersion;
import dev.millrace.input.Names;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
 * be read is looked at again every few seconds, until another record of that key comes; a driver that takes over reads the
 * topic from there, and passes over what is counted already, or under way.
 */
public class TopicSource implements DocumentSource {
    /** What stands where bytes are no text, or was there before. */
    private static final char REPLACEMENT = '\uFFFD';

    /** In UTF-8, a path below the folder of {@link ReferencedFiles}. */
    static final String FILE_HEADER = "millrace-file";

    private static final long LOOKED_AGAIN_NANOS = 5_000_000_000L;
    /** How long the driver may be kept from all else. */
    private static final long READING_NANOS = 100_000_000L;

    /** No name is empty: a record without one ends a transaction that was lost ({@code OpenTransactions}). */
    private static final String EMPTY = "0x";
    /** Of a name in UTF-8: it travels in one record with those of other documents. */
    static final int MOST_ID_BYTES = 32 << 10;

    private static final int SHOWN_OF_ID = 100;
    private static final int LOOKS_OF_ALL = 12;
    private static final int MOST_TO_READ = 1_000;

    private final String topic;
    private final @Nullable ReferencedFiles files;
    private final int mostBytes;
    private final LongSupplier nanos, wallNanos;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final List<String> sources = new ArrayList<>();
    /** By document, what is to be read. */
    private final Map<String, Reference> toRead = new LinkedHashMap<>();
    /** The same, of what could not be read before; only a barrier waits for it, until it was tried once. */
    private final Map<String, Reference> toReadAgain = new LinkedHashMap<>();
    /** By document, what could not be read. */
    private final Map<String, Unreadable> unreadable = new LinkedHashMap<>();

    private long lookedNanos;
    private int looks;
    private Map<TopicPartition, Long> barrier = Map.of();
    /** Documents whose files are looked at again for a barrier and were not yet. */
    private final Set<String> untried = new HashSet<>();

    private record Place(int partition, long position) {}

    /**
     * A file that a record names, or a record that cannot be a document.
     *
     * @param file null for the latter
     * @param since where the first record stood in whose place this one waits, or this one itself
     * @param sinceNanos when it began to wait
     * @param why it could not be read the last time; null where that was not tried yet
     */
    private record Reference(
            String id,
            @Nullable String file,
            Place at,
            Place since,
            long sinceNanos,
            long modifiedNanos,
            @Nullable String why) {
        Reference failed(String reason) {
            return new Reference(id, file, at, since, sinceNanos, modifiedNanos, reason);
        }
    }

    /** @param isRefused whether it stays so until the file changes, see {@link FolderTexts.Text} */
    private record Unreadable(Reference reference, @Nullable FileVersion version, boolean isRefused) {}

    public TopicSource(String topic, int partitions) {
        this(
                topic,
                partitions,
                null,
                ContinuousClient.DEFAULT_DOCUMENT_BYTES,
                System::nanoTime,
                TopicSource::wallNanos);
    }

    /**
     * @param files that records may name
     * @param mostBytes of a record's text
     */
    TopicSource(
            String topic,
            int partitions,
            @Nullable ReferencedFiles files,
            int mostBytes,
            LongSupplier nanos,
            LongSupplier wallNanos) {
        this.topic = topic;
        this.files = files;
        this.mostBytes = mostBytes;
        this.nanos = nanos;
        this.wallNanos = wallNanos;
        add(partitions);
    }

    static long wallNanos() {
        return System.currentTimeMillis() * 1_000_000;
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
        return names(topic);
    }

    static List<String> names(String topic) {
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
        byte[] key = record.key();
        if (key == null) {
            return sources.get(record.partition()) + "@" + record.offset();
        }
        return key.length == 0 ? EMPTY : text(key);
    }

    @Override
    public void accept(ConsumerRecord<byte[], byte[]> record, Driver driver) {
        String id = id(record), source = sources.get(record.partition());
        long position = record.offset(), modifiedNanos = record.timestamp() * 1_000_000;
        // Read again: an older version must not take its place, whose file may be gone, or which was deleted since.
        if (driver.wasDone(source, position) || isKnown(driver.version(id), record)) {
            return;
        }
        String why = unfit(id, record);
        if (why != null) {
            keepUnfit(id, record, why, driver);
            return;
        }
        Header file = record.headers().lastHeader(FILE_HEADER);
        if (file != null && record.value() != null) {
            driver.announce(source, position);
            toRead(id, path(file), new Place(record.partition(), position), modifiedNanos, driver);
            return;
        }
        forget(id, driver);
        String version = version(record.partition(), position);
        byte[] value = record.value();
        driver.change(
                value == null
                        ? DocumentChange.deleted(id, version, source, position)
                        : new DocumentChange(id, version, value, value.length, modifiedNanos, source, position));
    }

    /** No longer than it takes to refuse it: it is kept for as long as it cannot be read. */
    static String path(Header file) {
        String path = text(file.value() == null ? new byte[0] : file.value());
        return path.substring(0, Math.min(path.length(), ReferencedFiles.LONGEST_PATH + 1));
    }

    /** In the place of an older one, or one that comes anew all the time would never be read, and no barrier wait for it. */
    private void toRead(String id, String path, Place at, long modifiedNanos, Driver driver) {
        Reference older = toRead.get(id), tried = toReadAgain.get(id);
        Place since = older != null ? older.since : tried != null ? tried.since : at;
        long sinceNanos = older != null ? older.sinceNanos : nanos.getAsLong();
        toRead.put(id, new Reference(id, path, at, since, sinceNanos, modifiedNanos, null));
        untried.remove(id);
        passOver(older, driver);
        passOver(toReadAgain.remove(id), driver);
        passOver(unreadable.remove(id), driver);
    }

    /** Why a record is no document; null where it is one. */
    private @Nullable String unfit(String id, ConsumerRecord<byte[], byte[]> record) {
        String where = "its record at " + sources.get(record.partition()) + ", offset " + record.offset() + ", has ";
        if (isTooLong(id)) {
            return where + "a key of more than " + MOST_ID_BYTES + " bytes";
        }
        byte[] value = record.value();
        return value == null || value.length <= mostBytes
                ? null
                : where + "more than " + mostBytes + " bytes of text: give a larger --max-document-size";
    }

    private static boolean isTooLong(String id) {
        return id.length() > MOST_ID_BYTES / 3 && id.getBytes(StandardCharsets.UTF_8).length > MOST_ID_BYTES;
    }

    /**
     * It would end every driver, and is listed. A text that is too large may fit the next one: what can be mended or replaced
     * holds the position.
     */
    private void keepUnfit(String id, ConsumerRecord<byte[], byte[]> record, String why, Driver driver) {
        boolean isNamed = !isTooLong(id);
        String shown = isNamed ? id : id.substring(0, SHOWN_OF_ID) + "... of " + id.length() + " characters";
        boolean wasListed = unreadable.containsKey(shown);
        forget(shown, driver);
        if (record.value() != null && !isNamed) {
            driver.unreadable(shown, why); // no driver could ever take it
        } else if (record.value() != null) {
            driver.announce(sources.get(record.partition()), record.offset());
            Place at = new Place(record.partition(), record.offset());
            keep(new Reference(shown, null, at, at, 0, 0, null), why, driver);
        } else if (wasListed) {
            driver.readable(shown);
        }
    }

    private static String version(int partition, long position) {
        return partition + "@" + position;
    }

    private static boolean isKnown(@Nullable String version, ConsumerRecord<byte[], byte[]> record) {
        return version != null
                && partition(version) == record.partition()
                && Long.parseLong(version.substring(version.indexOf('@') + 1)) >= record.offset();
    }

    /** Which partition a version came from; -1 where none did. */
    static int partition(@Nullable String version) {
        int at = version == null ? -1 : version.indexOf('@');
        return at < 0 ? -1 : Integer.parseInt(version, 0, at, 10);
    }

    private void forget(String id, Driver driver) {
        untried.remove(id);
        passOver(toRead.remove(id), driver);
        passOver(toReadAgain.remove(id), driver);
        passOver(unreadable.remove(id), driver);
    }

    private void passOver(@Nullable Unreadable superseded, Driver driver) {
        passOver(superseded == null ? null : superseded.reference, driver);
    }

    private void passOver(@Nullable Reference superseded, Driver driver) {
        if (superseded != null) {
            driver.passOver(sources.get(superseded.at.partition), superseded.at.position);
        }
    }

    @Override
    public boolean isFull() {
        return toRead.size() >= MOST_TO_READ;
    }

    @Override
    public long waitingMillis() {
        Iterator<Reference> first = toRead.values().iterator();
        return first.hasNext() ? (nanos.getAsLong() - first.next().sinceNanos) / 1_000_000 : 0;
    }

    /** Reads what records have named, one file after the other; texts of records do not wait for them. */
    @Override
    public void poll(Driver driver) {
        long began = nanos.getAsLong();
        if (!unreadable.isEmpty() && began - lookedNanos > LOOKED_AGAIN_NANOS) {
            lookAgain(++looks % LOOKS_OF_ALL == 0);
            lookedNanos = began;
        }
        if (!untried.isEmpty()) {
            // A barrier waits for these, and new ones may come all the time; which must not wait for all of these
            // either.
            readFirst(toReadAgain, driver, began);
            began = nanos.getAsLong();
        }
        readFirst(toRead, driver, began);
        readFirst(toReadAgain, driver, began);
    }

    private void readFirst(Map<String, Reference> references, Driver driver, long began) {
        while (!references.isEmpty() && driver.hasRoom() && nanos.getAsLong() - began < READING_NANOS) {
            Iterator<Reference> first = references.values().iterator();
            Reference reference = first.next();
            first.remove();
            untried.remove(reference.id);
            read(reference, driver);
        }
    }

    /** Those are read again that are not as they were, and now and then all that others than they may be the reason of. */
    private void lookAgain(boolean all) {
        ReferencedFiles known = files;
        if (known != null) {
            unreadable.values().removeIf(each -> {
                String file = each.reference.file;
                boolean isTried = file != null
                        && (all && !each.isRefused
                                || !Objects.equals(known.find(file).version(), each.version));
                if (isTried) {
                    toReadAgain.put(each.reference.id, each.reference);
                }
                return isTried;
            });
        }
    }

    private void read(Reference reference, Driver driver) {
        String id = reference.id, file = Objects.requireNonNull(reference.file);
        if (files == null) {
            keep(
                    reference,
                    "its record names the file " + Names.printable(file)
                            + ": start 'stream' with --files FOLDER, which holds such files",
                    driver);
            return;
        }
        long begunNanos = wallNanos.getAsLong();
        ReferencedFiles.Found found = files.find(file);
        FileVersion version = found.version();
        FolderTexts.Text text;
        try {
            text = files.read(found);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        byte[] bytes = text.bytes();
        if (bytes == null) {
            String why = text.unreadable();
            boolean isRefused = text.isOfContent() && version != null && !FolderState.isYoung(version, begunNanos);
            // One that changes has another version when it is looked at again.
            String told = why == null ? "its file changes while it is read" : why;
            keep(reference, new Unreadable(reference.failed(told), version, isRefused), told, driver);
            return;
        }
        if (reference.why != null) {
            driver.readable(id);
        }
        driver.change(new DocumentChange(
                id,
                version(reference.at.partition, reference.at.position),
                bytes,
                bytes.length,
                reference.modifiedNanos,
                sources.get(reference.at.partition),
                reference.at.position));
    }

    private void keep(Reference reference, String why, Driver driver) {
        keep(reference, new Unreadable(reference.failed(why), null, false), why, driver);
    }

    private void keep(Reference reference, Unreadable now, String why, Driver driver) {
        if (unreadable.isEmpty()) {
            lookedNanos = nanos.getAsLong();
        }
        unreadable.put(reference.id, now);
        driver.keep(sources.get(reference.at.partition), reference.at.position);
        if (!why.equals(reference.why)) {
            driver.unreadable(reference.id, why);
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
        if (!unreadable.isEmpty()) {
            lookAgain(true); // what was saved by now is to be in it
        }
        untried.addAll(toReadAgain.keySet());
    }

    /** Each file that is looked at again is tried once; what cannot be read then is not waited for. */
    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        return untried.isEmpty()
                && barrier.entrySet().stream()
                        .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue())
                && !isBeforeBarrier();
    }

    private boolean isBeforeBarrier() {
        return toRead.values().stream()
                .anyMatch(each -> each.since.position < barrier.getOrDefault(partitions.get(each.since.partition), 0L));
    }

    @Override
    public void close() {}
}
