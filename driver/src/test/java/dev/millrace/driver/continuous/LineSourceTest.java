package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.DocumentEntry;
import dev.millrace.job.MillraceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LineSourceTest {
    private static final byte[] NEWLINE = {'\n'};

    private final Semaphore woken = new Semaphore(0);
    private final Told told = new Told();

    /** A driver that takes down what it is told. */
    private static final class Told implements DocumentSource.Driver {
        final Map<String, String> documents = new LinkedHashMap<>();
        final List<String> known = new ArrayList<>();
        final List<String> unreadable = new ArrayList<>();
        int room = Integer.MAX_VALUE;

        @Override
        public @Nullable DocumentEntry entry(String id) {
            return null;
        }

        @Override
        public @Nullable String version(String id) {
            throw new AssertionError();
        }

        @Override
        public @Nullable Long remembered(String name) {
            throw new AssertionError();
        }

        @Override
        public void remember(String name, long value) {
            throw new AssertionError();
        }

        @Override
        public Iterable<String> ids() {
            return known;
        }

        @Override
        public void change(DocumentChange change) {
            room--;
            assertThat(change.bytes()).isEqualTo(change.textBytes());
            documents.put(change.id(), new String(change.text(), StandardCharsets.UTF_8));
        }

        @Override
        public void announce(String source, long position) {
            throw new AssertionError();
        }

        @Override
        public void keep(String source, long position) {
            throw new AssertionError();
        }

        @Override
        public boolean wasDone(String source, long position) {
            throw new AssertionError();
        }

        @Override
        public void passOver(String source, long position) {
            throw new AssertionError();
        }

        @Override
        public boolean rename(String from, DocumentChange to) {
            throw new AssertionError();
        }

        @Override
        public void renew(String id, String version) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void unreadable(String id, String why) {
            unreadable.add(id + " " + why);
        }

        @Override
        public void readable(String id) {
            throw new AssertionError();
        }

        @Override
        public boolean hasRoom() {
            return room > 0;
        }
    }

    private static InputStream text(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private void toItsEnd(LineSource source) throws InterruptedException {
        source.open(woken::release);
        while (!source.isEnded()) {
            woken.acquire();
            source.poll(told);
        }
    }

    @Test
    void eachLineIsADocument() throws InterruptedException {
        toItsEnd(new LineSource(text("the mill\n\n \t\nrace\r\n\u00e9t\u00e9"), NEWLINE, 100));
        assertThat(told.documents)
                .containsExactly(
                        Map.entry("stdin:000000000001", "the mill"),
                        Map.entry("stdin:000000000002", "race\r"),
                        Map.entry("stdin:000000000003", "\u00e9t\u00e9"));
    }

    @Test
    void aDelimiterMayBeLongAndBeginTwice() throws InterruptedException {
        toItsEnd(new LineSource(text("a\n-\n--\nb--\n--\n\n--\n\n--"), LineSource.delimiter("\\n--\\n"), 100));
        assertThat(told.documents.values()).containsExactly("a\n-", "b--", "\n--");
    }

    @Test
    void numbersGoOnAfterARestart() throws InterruptedException {
        told.known.addAll(List.of("stdin:000000000041", "stdin:7", "other", "stdin:x", "stdin:99999999999999999999"));
        toItsEnd(new LineSource(text("a"), NEWLINE, 100));
        assertThat(told.documents).containsOnlyKeys("stdin:000000000042");
    }

    @Test
    void aDocumentTooLongIsNamedAndPassedOver() throws InterruptedException {
        String most = "x".repeat(1 << 20);
        toItsEnd(new LineSource(text(most + "\n" + most + "y\n" + most + most + most + "\nz\n"), NEWLINE, 1 << 20));
        assertThat(told.documents).containsOnlyKeys("stdin:000000000001", "stdin:000000000004");
        assertThat(told.unreadable)
                .containsExactly(
                        "stdin:000000000002 it is longer than 1 MiB", "stdin:000000000003 it is longer than 1 MiB");
    }

    @Test
    void readingWaitsForTheDriver() throws InterruptedException {
        List<String> lines = Collections.nCopies(20_000, "word");
        LineSource source = new LineSource(text(String.join("\n", lines)), NEWLINE, 100);
        source.open(woken::release);
        woken.acquire();
        told.room = 1;
        source.poll(told);
        assertThat(told.documents).hasSize(1);
        assertThat(source.isEnded()).as("more than fits the queue is left").isFalse();
        told.room = Integer.MAX_VALUE;
        while (!source.isEnded()) {
            source.poll(told);
        }
        assertThat(told.documents).hasSize(20_000);
    }

    @Test
    void aBarrierHoldsWhatWasReadBeforeIt() throws IOException, InterruptedException {
        try (PipedInputStream in = new PipedInputStream();
                PipedOutputStream out = new PipedOutputStream(in)) {
            LineSource source = new LineSource(in, NEWLINE, 100);
            source.open(woken::release);
            out.write("a\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            woken.acquire();
            source.beginBarrier(Map.of());
            assertThat(source.isPastBarrier(Map.of())).isFalse();
            source.poll(told);
            assertThat(source.isPastBarrier(Map.of())).isTrue();
            assertThat(source.isEnded()).isFalse();
            source.close();
        }
    }

    /** It was interrupted, and what it had read and not told was lost. */
    @Test
    void whatWasTakenIsToldBehindAStop() throws IOException, InterruptedException {
        try (PipedInputStream in = new PipedInputStream(100_000);
                PipedOutputStream out = new PipedOutputStream(in)) {
            LineSource source = new LineSource(in, NEWLINE, 100);
            assertThat(source.stop()).as("nothing is read yet").isFalse();
            String lines = "the mill\n".repeat(6_000);
            out.write(
                    (lines + "unfinished").getBytes(StandardCharsets.UTF_8)); // one piece, and more than the queue has
            source.open(woken::release);
            woken.acquire();
            assertThat(source.isStopped()).isFalse();
            assertThat(source.stop()).isTrue();
            assertThat(source.stop()).as("only once").isFalse();
            assertThat(source.isStopped()).isTrue();
            out.write("\nlate\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            while (!source.isEnded()) {
                source.poll(told);
            }
            assertThat(told.documents).hasSize(6_000);
            assertThat(told.documents.values()).containsOnly("the mill");
            source.end();
        }
    }

    /** It was taken out of the pipe, and dropped. */
    @Test
    void whatComesBehindAStopWhileTheRestIsCountedIsTold() throws IOException, InterruptedException {
        Semaphore reads = new Semaphore(0);
        PipedInputStream signalling = new PipedInputStream() {
            @Override
            public synchronized int read(byte[] piece, int from, int length) throws IOException {
                reads.release();
                return super.read(piece, from, length);
            }
        };
        try (PipedInputStream in = signalling;
                PipedOutputStream out = new PipedOutputStream(in)) {
            LineSource source = new LineSource(in, NEWLINE, 100);
            source.open(woken::release);
            reads.acquire(); // it waits in there
            source.stop();
            woken.acquire();
            assertThat(source.isEnded()).isTrue();
            out.write("a\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            woken.acquire();
            while (!source.isEnded() || told.documents.isEmpty()) {
                source.poll(told);
            }
            assertThat(told.documents.values()).containsExactly("a");
        }
    }

    @Test
    void aStopEndsAStreamThatIsSilent() throws IOException, InterruptedException {
        try (PipedInputStream in = new PipedInputStream();
                PipedOutputStream out = new PipedOutputStream(in)) {
            LineSource source = new LineSource(in, NEWLINE, 100);
            source.open(woken::release);
            out.write("a\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            woken.acquire();
            source.poll(told);
            assertThat(source.isEnded()).isFalse();
            source.stop();
            woken.acquire();
            while (!source.isEnded()) {
                source.poll(told);
            }
            assertThat(told.documents.values()).containsExactly("a");
        }
    }

    /** What was told of it and not counted yet was dropped, and a stream cannot be read again. */
    @Test
    void aStreamThatFailsEndsOnceAllBeforeIsCounted() throws InterruptedException {
        InputStream failing = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the disk is on fire");
            }

            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                throw new IOException("the disk is on fire");
            }
        };
        LineSource source = new LineSource(new SequenceInputStream(text("mill\nrace"), failing), NEWLINE, 100);
        toItsEnd(source);
        assertThat(told.documents.values()).containsExactly("mill");
        assertThatThrownBy(source::end)
                .isInstanceOf(MillraceException.class)
                .hasMessage("cannot read standard input any further: the disk is on fire; all documents before that are"
                        + " counted");
    }

    @Test
    void delimitersAsTyped() {
        assertThat(LineSource.delimiter("\\n\\t\\0\\\\x\\q"))
                .isEqualTo("\n\t\0\\x\\q".getBytes(StandardCharsets.UTF_8));
    }
}
