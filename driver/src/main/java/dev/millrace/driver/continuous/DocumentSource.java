package dev.millrace.driver.continuous;

import dev.millrace.job.DocumentEntry;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Where the documents of a continuous job come from. Called on the driver's thread, unless it says otherwise. */
public interface DocumentSource extends AutoCloseable {
    /** What the driver knows and takes. */
    interface Driver {
        /** What is counted of a document; null where nothing is, or while a change of it is under way. */
        @Nullable
        DocumentEntry entry(String id);

        /** The version of a document, or that which it will have when what is under way is done; null where there is none. */
        @Nullable
        String version(String id);

        /** The names of all documents that are counted or under way. */
        Iterable<String> ids();

        /** What a source, of this driver or an earlier one, wants to find again. */
        @Nullable
        Long remembered(String name);

        /** Written down with what else comes. */
        void remember(String name, long value);

        /** Takes a change. */
        void change(DocumentChange change);

        /**
         * There is a change at this position of a source that will be told later, by {@link #change}, or {@link #passOver}
         * where nothing comes of it. A driver that takes over before reads the source from there.
         */
        void announce(String source, long position);

        /** What was announced cannot be told for now, and a driver that takes over may have to do without it. */
        void keep(String source, long position);

        /** Whether an earlier driver has dealt with this position, and it is read for the sake of others alone. */
        boolean wasDone(String source, long position);

        /** Nothing comes of what was announced. */
        void passOver(String source, long position);

        /**
         * Takes a document under a new name. False where it must be told as two changes, as its text is not that which is
         * counted under the old name, or is not counted yet.
         */
        boolean rename(String from, DocumentChange to);

        /** What is counted of a document has another version from now on, unless a change of it is under way. */
        void renew(String id, String version);

        /** A document cannot be read, and keeps its last good version. */
        void unreadable(String id, String why);

        /** A document that was called unreadable is as it is counted again, or gone. */
        void readable(String id);

        /** Whether more may be told now. */
        boolean hasRoom();
    }

    /** How the job's record names it, as in {@code topic:docs} or a folder's path. */
    List<String> names();

    /** @param wake may be called by any thread, when {@link #poll} has something to say */
    default void open(Runnable wake) {}

    /** Partitions of Kafka topics that the driver is to read for it. */
    default List<TopicPartition> partitions() {
        return List.of();
    }

    /** Their topic has so many partitions by now; returns the new ones, which {@link #partitions} lists from then on. */
    default List<TopicPartition> grow(int count) {
        return List.of();
    }

    /** One record of those partitions. */
    default void accept(ConsumerRecord<byte[], byte[]> record, Driver driver) {
        throw new IllegalStateException("no record was asked for: " + record.topic());
    }

    /** Whether it has taken in so much that no more of its records should come for now; {@link #poll} is called still. */
    default boolean isFull() {
        return false;
    }

    /** For how long the first of what it has taken in, and not told yet, has waited; 0 where there is none. */
    default long waitingMillis() {
        return 0;
    }

    /** Tells the driver what has changed since. Returns soon. */
    default void poll(Driver driver) {}

    /**
     * From now on {@link #isPastBarrier} says whether all that was saved or produced before this call has been told.
     *
     * @param ends of its partitions
     */
    void beginBarrier(Map<TopicPartition, Long> ends);

    /** @param positions of its partitions: offsets of the next records */
    boolean isPastBarrier(Map<TopicPartition, Long> positions);

    /** What {@link #isPastBarrier} waits for, where that is anything but records of its partitions; null else. */
    default @Nullable String heldUpBy() {
        return null;
    }

    /** Whether nothing more will ever come, as behind the end of standard input. */
    default boolean isEnded() {
        return false;
    }

    /**
     * Asks a source that cannot be read again to take no more, and to come to its end behind what it has taken. Any thread.
     *
     * @return false where that is not called for, or was asked before
     */
    default boolean stop() {
        return false;
    }

    /** Whether its end is that which {@link #stop} asked for: the job stays open. */
    default boolean isStopped() {
        return false;
    }

    /**
     * All that it has told is counted, and it {@link #isEnded is at its end}.
     *
     * @throws dev.millrace.job.MillraceException if that is not the end that it should have come to
     */
    default void end() {}

    @Override
    void close();
}
