package dev.millrace.driver.continuous;

import dev.millrace.input.InputLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;

/** Stands in for the source of watched folders until that is there: scans them all, and reads what has another time. */
final class FolderStandIn implements DocumentSource {
    private final List<Path> folders;
    private final long intervalNanos;
    private long nextScan = System.nanoTime();
    private boolean scanned;

    FolderStandIn(
            List<Path> folders,
            List<String> includes,
            List<String> excludes,
            boolean followLinks,
            InputLimits limits,
            long mostBytes,
            Duration interval) {
        this.folders = folders;
        this.intervalNanos = interval.toNanos();
    }

    @Override
    public List<String> names() {
        return folders.stream().map(Path::toString).toList();
    }

    @Override
    public void poll(Driver driver) {
        if (System.nanoTime() - nextScan < 0) {
            return;
        }
        nextScan = System.nanoTime() + intervalNanos;
        Map<String, Boolean> seen = new HashMap<>();
        for (Path folder : folders) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
                    String version = now.size() + "@" + now.lastModifiedTime().toMillis();
                    seen.put(file.toString(), true);
                    var known = driver.entry(file.toString());
                    if (known == null || !known.version().equals(version)) {
                        byte[] text = Files.readAllBytes(file);
                        driver.change(new DocumentChange(
                                file.toString(),
                                version,
                                text,
                                text.length,
                                now.lastModifiedTime().toMillis() * 1_000_000,
                                "",
                                0));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        for (String id : driver.ids()) {
            if (!seen.containsKey(id) && driver.entry(id) != null) {
                driver.change(DocumentChange.deleted(id, "gone", "", 0));
            }
        }
        scanned = true;
    }

    @Override
    public void beginBarrier(Map<TopicPartition, Long> ends) {
        scanned = false;
        nextScan = System.nanoTime();
    }

    @Override
    public boolean isPastBarrier(Map<TopicPartition, Long> positions) {
        return scanned;
    }

    @Override
    public void close() {}
}
