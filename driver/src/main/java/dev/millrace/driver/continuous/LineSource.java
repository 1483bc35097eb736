package dev.millrace.driver.continuous;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Documents from a stream such as standard input, one up to each delimiter. Each is new and never changes; its name is
 * {@code stdin:} and its number among all that the job has had, also under earlier drivers. A blank one is passed over. A
 * stream cannot be read again: what a driver had read and not counted when it was killed is gone. One that is asked to
 * {@link #stop} leaves the rest of the stream where it is, and comes to its end.
 *
 * <p>The stream is read on a thread of its own, which waits while {@value #MOST_QUEUED} documents or
 * {@value #MOST_QUEUED_BYTES} bytes are not taken.
 */
public final class LineSource implements DocumentSource {
    private static final String PREFIX = "stdin:";
    private static final int MOST_QUEUED = 4_096;
    private static final int MOST_QUEUED_BYTES = 8 << 20;
    private static final int KEPT_BYTES = 64 << 10;
    private static final int PIECE_BYTES = 64 << 10;

    private final InputStream in;
    private final byte[] delimiter;
    private final int mostBytes;
    /** What was read last; these belong to the reading thread, as do {@code buffer} and {@code streamEnded}. */
    private final byte[] piece = new byte[PIECE_BYTES];

    private int pieceAt, pieceEnd;
    /** Of the document that is read. */
    private byte[] buffer = new byte[KEPT_BYTES];

    private boolean streamEnded;
    private final Object lock = new Object();
    private final Queue<Document> queue = new ArrayDeque<>();
    private int queuedBytes;
    /** Documents read, and documents told. */
    private long read, told;

    private boolean atEnd, stopped, closed;
    /** All that came of the stream is taken apart, and more is waited for. */
    private boolean waiting;
    /** Null until reading begins. */
    private volatile @Nullable Runnable wake;

    private @Nullable Throwable failure;
    private long barrier;
    /** Number of the next document; -1 until the driver has been asked. */
    private long next = -1;

    /** @param text null where the document is too long */
    @SuppressWarnings("ArrayRecordComponent") // carried once, never compared
    private record Document(byte @Nullable [] text) {
        int bytes() {
            return text == null ? 0 : text.length;
        }

        boolean isBlank() {
            for (int i = 0; i < bytes(); i++) {
                byte b = Objects.requireNonNull(text)[i];
                if (b > ' ' || b < 0) {
                    return false;
                }
            }
            return text != null;
        }
    }

    /**
     * @param delimiter what stands behind each document, not empty; the last one may lack it
     * @param mostBytes of one document; a longer one is told as unreadable
     */
    public LineSource(InputStream in, byte[] delimiter, int mostBytes) {
        if (delimiter.length == 0) {
            throw new IllegalArgumentException("an empty delimiter");
        }
        this.in = in;
        this.delimiter = delimiter.clone();
        this.mostBytes = mostBytes;
    }

    @Override
    public List<String> names() {
        return List.of("stdin");
    }

    @Override
    public void open(Runnable toWake) {
        wake = toWake;
        Thread reader = new Thread(() -> read(toWake), "stdin");
        reader.setDaemon(true); // a read of standard input cannot be interrupted
        reader.start();
    }

    /** Not where reading has not begun. Of what was taken, a last document whose delimiter has not come is not told. */
    @Override
    public boolean stop() {
        Runnable toWake = wake;
        synchronized (lock) {
            if (toWake == null || stopped) {
                return false;
            }
            stopped = true;
        }
        toWake.run();
        return true;
    }

    private void read(Runnable toWake) {
        Throwable why = null;
        try {
            Document document = readOne();
            while (document != null && (document.isBlank() || put(document, toWake))) {
                document = streamEnded ? null : readOne();
            }
        } catch (Throwable e) { // memory that ran out as well: or nobody would ever learn that nothing more comes
            why = e;
        }
        synchronized (lock) {
            failure = why;
            atEnd = true;
        }
        toWake.run();
    }

    /** Null where the stream ends or is stopped. */
    private @Nullable Document readOne() throws IOException {
        int length = 0;
        boolean tooLong = false;
        while (pieceAt < pieceEnd || readPiece()) {
            if (length == mostBytes + delimiter.length) {
                // From here on only the delimiter is looked for.
                tooLong = true;
                System.arraycopy(buffer, length - delimiter.length, buffer, 0, delimiter.length);
                length = delimiter.length;
            }
            if (length == buffer.length) {
                buffer = Arrays.copyOf(buffer, 2 * length);
            }
            buffer[length++] = piece[pieceAt++];
            int text = length - delimiter.length;
            if (text >= 0 && Arrays.equals(buffer, text, length, delimiter, 0, delimiter.length)) {
                return document(tooLong, text);
            }
        }
        return !streamEnded || length == 0 && !tooLong ? null : document(tooLong || length > mostBytes, length);
    }

    /** False where nothing more comes, or is to be taken. */
    private boolean readPiece() throws IOException {
        synchronized (lock) {
            waiting = true;
            if (stopped) {
                return false;
            }
        }
        int length = in.read(piece);
        synchronized (lock) {
            if (closed) {
                return false;
            }
            waiting = false;
        }
        streamEnded = length < 0; // a terminal could go on behind its end
        pieceAt = 0;
        pieceEnd = Math.max(length, 0);
        return !streamEnded;
    }

    private Document document(boolean tooLong, int length) {
        Document document = new Document(tooLong ? null : Arrays.copyOf(buffer, length));
        buffer = buffer.length > KEPT_BYTES ? new byte[KEPT_BYTES] : buffer;
        return document;
    }

    private boolean put(Document document, Runnable wake) {
        boolean first;
        synchronized (lock) {
            while (!closed && (queue.size() >= MOST_QUEUED || queuedBytes >= MOST_QUEUED_BYTES)) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    return false;
                }
            }
            if (closed) {
                return false;
            }
            first = queue.isEmpty();
            queue.add(document);
            queuedBytes += document.bytes();
            read++;
        }
        if (first) {
            wake.run();
        }
        return true;
    }

    @Override
    public void poll(Driver driver) {
        if (next < 0) {
            next = 1;
            for (String id : driver.ids()) {
                next = Math.max(next, number(id) + 1);
            }
        }
        while (driver.hasRoom()) {
            Document document;
            synchronized (lock) {
                document = queue.poll();
                if (document == null) {
                    break;
                }
                queuedBytes -= document.bytes();
                told++;
                lock.notifyAll();
            }
            tell(document, driver);
        }
    }

    private void tell(Document document, Driver driver) {
        String id = String.format(Locale.ROOT, "%s%012d", PREFIX, next++);
        byte[] text = document.text();
        if (text == null) {
            driver.unreadable(id, "it is longer than " + (mostBytes >> 20) + " MiB");
        } else {
            driver.change(new DocumentChange(id, "1", text, text.length, 0, "", 0));
        }
    }

    private static long number(String id) {
        String digits = id.startsWith(PREFIX) ? id.substring(PREFIX.length()) : "";
        return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : 0;
    }

    /** What has been read up to now is before the barrier; what stands in a pipe is not. */
    @Override
    public void beginBarrier(Map<TopicPartition, Long> ends) {
        synchronized (lock) {
            barrier = read;
        }
    }

    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        synchronized (lock) {
            return told >= barrier;
        }
    }

    @Override
    public boolean isEnded() {
        synchronized (lock) {
            return (atEnd || stopped && waiting) && queue.isEmpty();
        }
    }

    @Override
    public boolean isStopped() {
        synchronized (lock) {
            return stopped;
        }
    }

    @Override
    public void end() {
        synchronized (lock) {
            if (failure != null) {
                throw new MillraceException(
                        ExitCode.FAILED,
                        "cannot read standard input any further: "
                                + (failure instanceof IOException ? failure.getMessage() : failure)
                                + "; all documents before that are counted",
                        failure);
            }
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
    }

    /** A delimiter as typed: {@code \n}, {@code \r}, {@code \t}, {@code \0} and {@code \\} stand for what they do in C. */
    public static byte[] delimiter(String typed) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < typed.length(); i++) {
            char c = typed.charAt(i);
            int escape = c == '\\' && i + 1 < typed.length() ? "nrt0\\".indexOf(typed.charAt(i + 1)) : -1;
            if (escape >= 0) {
                i++;
                text.append("\n\r\t\0\\".charAt(escape));
            } else {
                text.append(c);
            }
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
