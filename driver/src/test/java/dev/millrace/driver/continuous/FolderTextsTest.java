package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.input.FileVersion;
import dev.millrace.input.InputLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderTextsTest {
    @TempDir
    Path folder;

    private FolderTexts.Text read(String name, byte[] bytes) throws Exception {
        FileVersion version = FileVersion.of(Files.write(folder.resolve(name), bytes));
        FolderTexts texts = new FolderTexts(List.of(folder), InputLimits.DEFAULT, 100, new DiskWatch());
        return texts.read(name, version);
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    /** They were tried again and again, as if they could mend themselves. */
    @Test
    void whatIsTooLongOrDamagedIsSoForWhatIsInTheFile() throws Exception {
        byte[] good = gzip("text"), cut = Arrays.copyOf(good, good.length - 1);
        assertThat(read("good.gz", good).isOfContent()).isFalse();
        assertThat(read("cut.gz", cut).isOfContent()).isTrue();
        assertThat(read("text.gz", new byte[9]).isOfContent()).isTrue();
        assertThat(read("long.gz", gzip("x".repeat(101))).isOfContent()).isTrue();
        assertThat(read("long", new byte[101]).isOfContent()).isTrue();
    }
}
