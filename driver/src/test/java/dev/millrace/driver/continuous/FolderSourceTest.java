package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.input.InputLimits;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The source as a driver has it, with its thread and the file system's own hints. */
@Timeout(60)
final class FolderSourceTest {
    @TempDir
    Path folder;

    private final ToldDocuments told = new ToldDocuments();
    private final Semaphore woken = new Semaphore(0);
    private @Nullable FolderSource opened;

    private void open(List<Path> folders, List<String> includes, List<String> excludes, boolean links) {
        FolderSource source = new FolderSource(
                folders, includes, excludes, links, InputLimits.DEFAULT, 1 << 20, Duration.ofMillis(200));
        source.open(woken::release);
        opened = source;
    }

    private FolderSource source() {
        return Objects.requireNonNull(opened);
    }

    @AfterEach
    void close() {
        if (opened != null) {
            opened.close();
        }
    }

    /** All that was saved before is told. */
    private void barrier() throws InterruptedException {
        source().beginBarrier(Map.of());
        while (!source().isPastBarrier(Map.of())) {
            source().poll(told);
            assertThat(woken.tryAcquire(20, TimeUnit.SECONDS) || source().isPastBarrier(Map.of()))
                    .isTrue();
            source().poll(told);
        }
    }

    @Test
    void filesAreToldAsTheyAre() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        Path first = Files.createDirectory(folder.resolve("first"));
        Files.writeString(first.resolve("a.txt"), "one");
        Files.writeString(first.resolve("b.bin"), "left out");
        Path skipped = Files.createDirectory(first.resolve("skipped"));
        Files.writeString(skipped.resolve("c.txt"), "left out");
        Files.writeString(other.resolve("d\u00e9 e.txt"), "two");
        Files.writeString(Path.of(URI.create(other.toUri() + "bad%FFbyte.txt")), "three");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(other.resolve("f.txt.gz")))) {
            out.write("four".getBytes(StandardCharsets.UTF_8));
        }
        open(List.of(first, other), List.of("*.txt", "*.gz"), List.of("skipped/"), false);
        barrier();
        assertThat(told.texts)
                .isEqualTo(Map.of(
                        "1/a.txt",
                        "one",
                        "2/d%C3%A9%20e.txt",
                        "two",
                        "2/bad%FFbyte.txt",
                        "three",
                        "2/f.txt.gz",
                        "four"));
        Files.delete(first.resolve("a.txt"));
        Files.move(other.resolve("f.txt.gz"), first.resolve("g.gz"));
        barrier();
        assertThat(told.texts).containsOnlyKeys("2/d%C3%A9%20e.txt", "2/bad%FFbyte.txt", "1/g.gz");
    }

    @Test
    void linksAreFollowedWhereAskedFor() throws Exception {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("a"), "one");
        Path watched = Files.createDirectory(folder.resolve("watched"));
        Files.createSymbolicLink(watched.resolve("folder"), outside);
        Files.createSymbolicLink(watched.resolve("file"), outside.resolve("a"));
        Files.createSymbolicLink(watched.resolve("broken"), outside.resolve("none"));
        Files.createSymbolicLink(outside.resolve("back"), watched);
        open(List.of(watched), List.of(), List.of(), true);
        barrier();
        assertThat(told.texts).isEqualTo(Map.of("folder/a", "one", "file", "one"));
        source().close();
        told.texts.clear();
        told.entries.clear();
        open(List.of(watched), List.of(), List.of(), false);
        barrier();
        assertThat(told.texts).isEmpty();
    }

    @Test
    void anEditIsToldWithoutABarrier() throws Exception {
        Path inner = Files.createDirectory(folder.resolve("in"));
        Files.writeString(inner.resolve("a"), "one");
        open(List.of(folder), List.of(), List.of(), false);
        barrier();
        Files.writeString(inner.resolve("a"), "two");
        until("two", "in/a");
        Files.move(inner, folder.resolve("moved"));
        until("two", "moved/a");
        Files.writeString(folder.resolve("moved").resolve("a"), "three");
        until("three", "moved/a");
        assertThat(told.texts).hasSize(1);
    }

    private void until(String text, String id) throws InterruptedException {
        while (!text.equals(told.texts.get(id))) {
            assertThat(woken.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
            source().poll(told);
        }
    }

    @Test
    void aFolderThatIsMissingAtTheStartIsAUsageError() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        for (Path each : List.of(folder.resolve("none"), file)) {
            assertThatThrownBy(() -> open(List.of(folder, each), List.of(), List.of(), false))
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                    .hasMessage("there is no folder " + each
                            + ": make it, mount the volume that holds it, or name another");
        }
    }

    @Test
    void closingDoesNotWaitForADriverThatTakesNothing() throws Exception {
        for (int i = 0; i < FoundQueue.MOST + 10; i++) {
            Files.writeString(folder.resolve("f" + i), "");
        }
        told.hasRoom = false;
        open(List.of(folder), List.of(), List.of(), false);
        source().poll(told);
        Thread scanner = Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().equals("folders"))
                .findAny()
                .orElseThrow();
        while (Arrays.stream(scanner.getStackTrace())
                .noneMatch(each -> each.getClassName().equals(FoundQueue.class.getName())
                        && each.getMethodName().equals("put")
                        && scanner.getState() == Thread.State.WAITING)) {
            Thread.onSpinWait(); // until the queue is full; it also waits where it has a folder watched
        }
        source().close();
        assertThat(scanner.isAlive()).isFalse();
    }
}
