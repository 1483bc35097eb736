package dev.millrace.input;

import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Plans and reads files the way driver and mapper do together. */
final class InputFixtures {
    private InputFixtures() {}

    static InputRoots roots(Path folder) {
        return InputRoots.parse(List.of("data=" + folder));
    }

    static InputRange plan(Path folder, Path file) throws IOException {
        long bytes = Files.size(file);
        return range(folder, file, 0, bytes, CompressionProbe.probe(file, bytes));
    }

    static InputRange range(Path folder, Path file, long start, long end, Compression compression) throws IOException {
        return new InputRange(
                "data",
                Names.encode(folder.relativize(file)),
                start,
                end,
                Files.size(file),
                Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS),
                compression);
    }

    static byte[] read(Path folder, InputRange range, InputLimits limits) throws IOException {
        try (TextInput in = InputFiles.open(roots(folder), range, limits)) {
            byte[] text = in.readAllBytes();
            in.verifyUnchanged();
            return text;
        }
    }

    static byte[] planAndRead(Path folder, Path file) throws IOException {
        return read(folder, plan(folder, file), InputLimits.DEFAULT);
    }

    /** A path with any bytes in its name, whatever the locale of this JVM. */
    static Path encoded(Path folder, String encodedName) {
        return Path.of(URI.create(
                folder.toUri().toString() + (folder.toUri().toString().endsWith("/") ? "" : "/") + encodedName));
    }

    static Path fifo(Path file) throws IOException, InterruptedException {
        Process mkfifo =
                new ProcessBuilder("mkfifo", file.toString()).inheritIO().start();
        if (mkfifo.waitFor() != 0) {
            throw new IOException("mkfifo failed");
        }
        return file;
    }
}
