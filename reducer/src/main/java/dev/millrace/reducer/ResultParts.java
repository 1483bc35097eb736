package dev.millrace.reducer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Records of a publication, of which counts go out in several parts where they are many: a transaction has to be over
 * well before it times out. Counts are absolute, so parts may repeat. One thread.
 */
final class ResultParts {
    private static final int MOST_COUNTS = 250_000;
    /** Words may be long, and a broker slow: this is 1.6 MB a second for the ten that a transaction may take. */
    private static final long MOST_BYTES = 16 << 20;

    private final Consumer<List<ProducerRecord<byte[], byte[]>>> writer;
    private final List<ProducerRecord<byte[], byte[]>> last = new ArrayList<>();
    private long bytes;

    /** @param writer is given each part that is full, and may not keep it */
    ResultParts(Consumer<List<ProducerRecord<byte[], byte[]>>> writer) {
        this.writer = writer;
    }

    /** Whether so many counts, of words of so many bytes together, are enough for a transaction. */
    static boolean isFull(long counts, long wordBytes) {
        return counts >= MOST_COUNTS || wordBytes >= MOST_BYTES;
    }

    void add(ProducerRecord<byte[], byte[]> count) {
        last.add(count);
        bytes += count.key().length;
        makeRoom(0, 0);
    }

    /** For counts that are to go out together with what comes last. */
    void makeRoom(long counts, long wordBytes) {
        if (!last.isEmpty() && isFull(last.size() + counts, bytes + wordBytes)) {
            writer.accept(last);
            last.clear();
            bytes = 0;
        }
    }

    /** What goes out with the position that says that all of it is out; more may be added to it. */
    List<ProducerRecord<byte[], byte[]>> last() {
        return last;
    }
}
