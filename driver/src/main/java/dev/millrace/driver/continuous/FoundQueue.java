package dev.millrace.driver.continuous;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** What a scanner has found, on its way to the driver; bounded in bytes and number. Any thread. */
final class FoundQueue {
    static final int MOST = 10_000;
    static final long MOST_BYTES = 64L << 20;

    /** To be told on the driver's thread. */
    interface Found {
        void to(DocumentSource.Driver driver);
    }

    private record Waiting(int bytes, Found found) {}

    private final Queue<Waiting> queue = new ArrayDeque<>();
    private long bytes;
    private boolean closed;

    /**
     * Waits for room; what is larger than the bound goes in alone. True where the queue was empty, so that the driver has to
     * be woken.
     *
     * @throws InterruptedException if interrupted, or closed
     */
    synchronized boolean put(int size, Found found) throws InterruptedException {
        while (!closed && !queue.isEmpty() && (queue.size() >= MOST || bytes + size > MOST_BYTES)) {
            wait();
        }
        if (closed) {
            throw new InterruptedException("closed");
        }
        queue.add(new Waiting(size, found));
        bytes += size;
        return queue.size() == 1;
    }

    synchronized @Nullable Found poll() {
        Waiting next = queue.poll();
        if (next == null) {
            return null;
        }
        bytes -= next.bytes;
        notifyAll();
        return next.found;
    }

    synchronized boolean isEmpty() {
        return queue.isEmpty();
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
