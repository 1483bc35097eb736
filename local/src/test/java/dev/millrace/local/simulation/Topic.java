package dev.millrace.local.simulation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One partition as Kafka keeps it: records of several transactions lie between each other; a committed reader sees
 * nothing behind the first record of a transaction that is still open, and never one of an aborted transaction.
 */
final class Topic<T> {
    private final List<Entry<T>> log = new ArrayList<>();
    private final BitSet compacted = new BitSet();
    private int stable;
    private long start;

    enum State {
        OPEN,
        COMMITTED,
        ABORTED
    }

    static final class Transaction {
        State state = State.OPEN;

        void commit() {
            if (state != State.OPEN) {
                throw new IllegalStateException("commit of a transaction that is " + state);
            }
            state = State.COMMITTED;
        }

        /** Like a broker that fences: what is committed stays. */
        void abort() {
            if (state == State.OPEN) {
                state = State.ABORTED;
            }
        }
    }

    private record Entry<T>(@Nullable Transaction transaction, T value) {
        boolean is(State state) {
            return transaction == null ? state == State.COMMITTED : transaction.state == state;
        }
    }

    record Read<T>(long offset, T value) {}

    /** Appends; {@code null} for a record outside any transaction. */
    void append(@Nullable Transaction transaction, T value) {
        log.add(new Entry<>(transaction, value));
    }

    /** Up to {@code most} committed records from an offset on. */
    List<Read<T>> read(long from, int most) {
        List<Read<T>> read = new ArrayList<>();
        if (from < start) {
            throw new IllegalStateException("offset " + from + " is purged up to " + start);
        }
        int end = (int) stableEnd();
        for (int at = (int) from; at < end && read.size() < most; at++) {
            if (log.get(at).is(State.COMMITTED) && !compacted.get(at)) {
                read.add(new Read<>(at, log.get(at).value()));
            }
        }
        return read;
    }

    /** A planted fault: takes everything that was ever appended for committed. */
    List<Read<T>> readUncommitted(long from, int most) {
        List<Read<T>> read = new ArrayList<>();
        for (int at = (int) from; at < log.size() && read.size() < most; at++) {
            read.add(new Read<>(at, log.get(at).value()));
        }
        return read;
    }

    /** Behind the last record that a committed reader can see. */
    long stableEnd() {
        while (stable < log.size() && !log.get(stable).is(State.OPEN)) {
            stable++;
        }
        return stable;
    }

    /** Behind the last record, whatever becomes of it. */
    long writtenEnd() {
        return log.size();
    }

    long start() {
        return start;
    }

    /** Deletes what stands before an offset. */
    void purge(long before) {
        start = Math.max(start, Math.min(before, stableEnd()));
    }

    /** Keeps of each key the last record alone, and of deleted keys none, as far as a committed reader sees. */
    void compact(Function<T, Object> key, Predicate<T> isDeletion) {
        int end = (int) stableEnd();
        Map<Object, Integer> last = new HashMap<>();
        for (int at = 0; at < end; at++) {
            if (log.get(at).is(State.COMMITTED)) {
                Integer before = last.put(key.apply(log.get(at).value()), at);
                if (before != null) {
                    compacted.set(before);
                }
            }
        }
        for (int at : last.values()) {
            if (isDeletion.test(log.get(at).value())) {
                compacted.set(at);
            }
        }
    }
}
