package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WriteBehindTest {
    @TempDir
    Path dataDir;

    private Path append(String file, int mebibytes) throws IOException {
        Path path = dataDir.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.write(path, new byte[mebibytes << 20], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void segmentsAreDueOnceTheyHaveGrown() throws IOException {
        Path busy = append("docs-0/0.log", 5);
        append("docs-0/0.index", 5);
        append("quiet-0/0.log", 1);
        append("meta.properties.log", 5);
        try (WriteBehind behind = new WriteBehind(dataDir)) {
            assertThat(behind.due()).containsExactly(busy);
            append("docs-0/0.log", 3);
            assertThat(behind.due()).isEmpty();
            append("docs-0/0.log", 1);
            assertThat(behind.due()).containsExactly(busy);
            Files.delete(busy);
            assertThat(behind.due()).isEmpty();
            assertThat(append("docs-0/0.log", 4)).isEqualTo(busy);
            assertThat(behind.due()).as("another file of that name").containsExactly(busy);
        }
    }
}
