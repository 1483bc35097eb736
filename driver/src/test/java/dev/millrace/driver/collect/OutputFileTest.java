package dev.millrace.driver.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
    @TempDir
    Path folder;

    @Test
    void isThereWholeAndNothingElse() throws IOException {
        Path file = folder.resolve("counts.tsv");
        OutputFile output = OutputFile.at(file.toString());
        assertThat(folder).as("the check leaves nothing behind").isEmptyDirectory();
        output.write(out -> out.write("a\t1\n".getBytes(StandardCharsets.UTF_8)));
        assertThat(file).hasContent("a\t1\n");
        try (var names = Files.list(folder)) {
            assertThat(names).containsExactly(file);
        }
    }

    @Test
    void isSeenByNobodyBeforeItIsWhole() throws IOException {
        Path file = Files.writeString(folder.resolve("counts.tsv"), "old");
        OutputFile.at(file.toString()).write(out -> {
            out.write('n');
            out.flush();
            assertThat(file).hasContent("old");
            out.write('w');
        });
        assertThat(file).hasContent("nw");
    }

    @Test
    void aFailureKeepsWhatWasThere() throws IOException {
        Path file = Files.writeString(folder.resolve("counts.tsv"), "old");
        OutputFile output = OutputFile.at(file.toString());
        assertThatThrownBy(() -> output.write(out -> {
                    out.write('n');
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(MillraceException.class)
                .hasMessage("cannot write '" + file + "': No space left on device");
        assertThat(file).hasContent("old");
        try (var names = Files.list(folder)) {
            assertThat(names).containsExactly(file);
        }
    }

    @Test
    void keepsTheLinkAndReplacesTheFileBehindIt() throws IOException {
        Path real = Files.createDirectory(folder.resolve("real")).resolve("counts.tsv");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("real", "counts.tsv"));
        OutputFile.at(link.toString()).write(out -> out.write('1'));
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(real).as("a link to a file that was not there yet").hasContent("1");
        OutputFile.at(link.toString()).write(out -> out.write('2'));
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(real).hasContent("2");
    }

    @Test
    void keepsPermissions() throws IOException {
        Path file = Files.writeString(folder.resolve("counts.tsv"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        OutputFile.at(file.toString()).write(out -> out.write('1'));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void writesToADeviceAsItIs() {
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "this system has no /dev/null");
        OutputFile.at(device.toString()).write(out -> out.write('1'));
        assertThat(Files.isRegularFile(device)).isFalse();
    }

    /** Another file took its place, and what was in it was lost. */
    @Test
    void writesBehindWhatIsInAFileThatIsOpenAlready() throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        assumeTrue(Files.isDirectory(descriptors), "this system has no /proc");
        Path file = Files.writeString(folder.resolve("all.tsv"), "before\n").toRealPath();
        try (FileChannel opened = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            Path descriptor = descriptorOf(file, descriptors);
            Path link = Files.createSymbolicLink(folder.resolve("link"), descriptor);
            OutputFile.at(descriptor.toString()).write(out -> out.write('1'));
            OutputFile.at(link.toString()).write(out -> out.write('2'));
            opened.write(ByteBuffer.wrap(new byte[] {'3'}));
            assertThat(file).hasContent("before\n123");
        }
        assertThatThrownBy(() -> OutputFile.at("/proc/self/fd/987654"))
                .hasMessage("cannot write '/proc/self/fd/987654': there is no /proc/self/fd/987654");
    }

    private static Path descriptorOf(Path file, Path descriptors) throws IOException {
        try (var names = Files.list(descriptors)) {
            return names.filter(each -> each.toFile().exists() && isSame(each, file))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static boolean isSame(Path descriptor, Path file) {
        try {
            return Files.isSameFile(descriptor, file);
        } catch (IOException e) {
            return false; // one that was closed meanwhile
        }
    }

    @Test
    void saysEarlyWhatIsInTheWay() throws IOException {
        assertThatThrownBy(() -> OutputFile.at(folder.toString()))
                .isInstanceOf(MillraceException.class)
                .hasMessage("cannot write '" + folder + "': it is a folder");
        Path missing = folder.resolve("no").resolve("counts.tsv");
        assertThatThrownBy(() -> OutputFile.at(missing.toString()))
                .hasMessage("cannot write '" + missing + "': there is no folder " + folder.resolve("no"));
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
        assertThatThrownBy(() -> OutputFile.at(loop.toString())).hasMessageContaining("leads to itself");
        assertThatThrownBy(() -> OutputFile.at("a\0b")).isInstanceOf(MillraceException.class);
    }

    @Test
    void saysEarlyThatTheFolderIsNotWritable() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeTrue(!Files.isWritable(closed), "this user may write everywhere");
        Path file = closed.resolve("counts.tsv");
        assertThatThrownBy(() -> OutputFile.at(file.toString()))
                .hasMessage("cannot write '" + file + "': permission denied");
    }

    @Test
    void aFolderThatNobodyMayWriteTo() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "this system has no /proc");
        assertThatThrownBy(() -> OutputFile.at("/proc/self/counts.tsv"))
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("cannot write '/proc/self/counts.tsv': ");
    }
}
