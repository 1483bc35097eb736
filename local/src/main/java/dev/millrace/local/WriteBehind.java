package dev.millrace.local;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the disk take what a busy broker appends bit by bit. Left alone, Linux takes all of it once it is 30 s old, a
 * gigabyte at 20,000 documents a second, and the broker's next append waits for that: all documents stood still for 0.3 to
 * 0.5 s. Kafka's own setting for it ({@code log.flush.interval.ms}) syncs every log, however little was appended: where
 * documents come one at a time, that alone made them half as late again.
 *
 * <p>A thread of its own, until it is closed. No log has to be taken for more durable by this.
 */
final class WriteBehind implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteBehind.class);
    /** What runs for a shorter time leaves nothing that is old enough, and often deletes it all at its end. */
    private static final long FIRST_MILLIS = 20_000;

    private static final long PAUSE_MILLIS = 1_000;
    /** So much of a file must be new. */
    private static final long LEAST_BYTES = 4 << 20;

    private final Path dataDir;
    /** How long each file was when it was last given. */
    private final Map<Path, Long> synced = new HashMap<>();

    private final CountDownLatch closed = new CountDownLatch(1);

    /** @param dataDir of a broker: in it, a folder for each partition */
    WriteBehind(Path dataDir) {
        this.dataDir = dataDir;
    }

    WriteBehind start() {
        Thread thread = new Thread(this::run, "write-behind");
        thread.setDaemon(true);
        thread.start();
        return this;
    }

    private void run() {
        long pause = FIRST_MILLIS;
        try {
            while (!closed.await(pause, TimeUnit.MILLISECONDS)) {
                pause = PAUSE_MILLIS;
                try {
                    for (Path each : due()) {
                        sync(each);
                    }
                } catch (IOException e) {
                    LOG.debug("{} cannot be written out ahead", dataDir, e);
                }
            }
        } catch (InterruptedException e) {
            // nobody interrupts it but the end of the process
        }
    }

    /** Segments of which much is new since they were last given. */
    List<Path> due() throws IOException {
        Map<Path, Long> sizes = new HashMap<>();
        try (DirectoryStream<Path> partitions = Files.newDirectoryStream(dataDir, Files::isDirectory)) {
            for (Path partition : partitions) {
                addSegments(partition, sizes);
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        synced.keySet().retainAll(sizes.keySet());
        List<Path> due = new ArrayList<>();
        sizes.forEach((segment, size) -> {
            if (size - synced.getOrDefault(segment, 0L) >= LEAST_BYTES) {
                due.add(segment);
                synced.put(segment, size);
            }
        });
        return due;
    }

    private static void addSegments(Path partition, Map<Path, Long> sizes) throws IOException {
        try (DirectoryStream<Path> segments = Files.newDirectoryStream(partition, "*.log")) {
            for (Path each : segments) {
                sizes.put(each, Files.size(each));
            }
        } catch (NoSuchFileException e) {
            // deleted since it was listed
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static void sync(Path segment) throws IOException {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
            channel.force(false);
        } catch (NoSuchFileException e) {
            // the same
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
