package dev.millrace.local.simulation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One partition as Kafka keeps it: records of several transactions lie between each other; a committed reader sees
 * nothing behind the first record of a transaction that is still open, and never one of an aborted transaction.
 */
final class Topic<T> {
    private final List<Entry<T>> log = new ArrayList<>();

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
        for (int at = 0; at < log.size() && !log.get(at).is(State.OPEN); at++) {
            if (at >= from && log.get(at).is(State.COMMITTED) && read.size() < most) {
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
        int at = 0;
        while (at < log.size() && !log.get(at).is(State.OPEN)) {
            at++;
        }
        return at;
    }
}
