package dev.millrace.input;

import static dev.millrace.input.InputFixtures.encoded;
import static dev.millrace.input.InputFixtures.fifo;
import static dev.millrace.input.InputFixtures.plan;
import static dev.millrace.input.InputFixtures.planAndRead;
import static dev.millrace.input.InputFixtures.range;
import static dev.millrace.input.InputFixtures.roots;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InputFilesTest {
    private static final String TEXT = "one two\nthree\nfour five six\n";

    @TempDir
    Path folder;

    Path file;

    @BeforeEach
    void oneFile() throws IOException {
        folder = folder.toRealPath();
        file = Files.writeString(folder.resolve("a.txt"), TEXT);
    }

    private TextInput open(InputRange range) throws IOException {
        return InputFiles.open(roots(folder), range, InputLimits.DEFAULT);
    }

    @Test
    void aRangeIsReadFromOneByteBeforeItToTheEndOfTheFile() throws IOException {
        for (int start = 0; start <= TEXT.length(); start++) {
            try (TextInput in = open(range(folder, file, start, TEXT.length(), Compression.NONE))) {
                assertThat(in.startByte()).isEqualTo(Math.max(0, start - 1));
                assertThat(in.readAllBytes()).asString().isEqualTo(TEXT.substring(Math.max(0, start - 1)));
                assertThat(in.read()).isEqualTo(-1);
                assertThat(in.storedPosition()).isEqualTo(TEXT.length());
                in.verifyUnchanged();
            }
        }
    }

    @Test
    void anEmptyFileHasNoText() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        assertThat(planAndRead(folder, empty)).isEmpty();
    }

    @Test
    void namesOfAnyBytesAreRead() throws IOException {
        for (String name : List.of("a%20b", "line%0Abreak", "caf%E9", "%FF%FE%01", "%1B%5B31m", "100%25", "-", "%5C")) {
            Path odd = encoded(folder, name);
            Files.writeString(odd, name);
            assertThat(planAndRead(folder, odd)).asString().isEqualTo(name);
        }
    }

    @Test
    void aMissingFileIsNamed() throws IOException {
        InputRange planned = plan(folder, file);
        Files.delete(file);
        assertThatThrownBy(() -> open(planned))
                .asInstanceOf(type(InputException.class))
                .returns(Kind.MISSING, InputException::kind)
                .returns(false, InputException::retryable)
                .extracting(Throwable::getMessage)
                .isEqualTo(file + ": no such file");
    }

    @Test
    void aFileOfAnotherSizeOrTimeIsRefused() throws IOException {
        InputRange planned = plan(folder, file);
        FileTime time = Files.getLastModifiedTime(file);
        Files.writeString(file, "x", StandardOpenOption.APPEND);
        Files.setLastModifiedTime(file, time);
        assertThatThrownBy(() -> open(planned))
                .isInstanceOf(InputChangedException.class)
                .hasMessageContainingAll(file.toString(), TEXT.length() + " bytes", (TEXT.length() + 1) + " bytes");

        Files.writeString(file, TEXT.replace('o', '0'));
        Files.setLastModifiedTime(file, FileTime.from(time.to(TimeUnit.NANOSECONDS) + 1, TimeUnit.NANOSECONDS));
        assertThatThrownBy(() -> open(planned))
                .as("one nanosecond later")
                .asInstanceOf(type(InputChangedException.class))
                .returns(Kind.CHANGED, InputException::kind)
                .returns(false, InputException::retryable);
    }

    @Test
    void aFileTruncatedWhileReadIsNeverShortQuietly() throws IOException {
        Path large = Files.write(folder.resolve("large"), new byte[100_000]);
        try (TextInput in = open(plan(folder, large))) {
            assertThat(in.readNBytes(10_000)).hasSize(10_000);
            truncate(large, 20_000);
            assertThatThrownBy(in::readAllBytes)
                    .isInstanceOf(InputChangedException.class)
                    .hasMessageContainingAll(large.toString(), "100000", "20000");
        }
    }

    @Test
    void aFileThatGrowsWhileReadGivesNoNewBytesAndIsNoticed() throws IOException {
        try (TextInput in = open(plan(folder, file))) {
            Files.writeString(file, "more", StandardOpenOption.APPEND);
            assertThat(in.readAllBytes()).asString().isEqualTo(TEXT);
            assertThatThrownBy(in::verifyUnchanged).isInstanceOf(InputChangedException.class);
        }
    }

    @Test
    void aFileReplacedWhileReadIsNoticedEvenWithTheSameSizeAndTime() throws IOException {
        FileTime time = Files.getLastModifiedTime(file);
        try (TextInput in = open(plan(folder, file))) {
            Path other = Files.writeString(folder.resolve("other"), TEXT.replace('o', '0'));
            Files.setLastModifiedTime(other, time);
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            assertThat(in.readAllBytes()).asString().isEqualTo(TEXT);
            assertThatThrownBy(in::verifyUnchanged)
                    .isInstanceOf(InputChangedException.class)
                    .hasMessageContaining("replaced");
        }
    }

    @Test
    void aFileDeletedWhileReadIsNoticed() throws IOException {
        try (TextInput in = open(plan(folder, file))) {
            Files.delete(file);
            assertThatThrownBy(in::verifyUnchanged).isInstanceOf(InputException.class);
        }
    }

    @Test
    void fifosDevicesAndFoldersAreRefusedWithoutOpeningThem() throws Exception {
        fifo(folder.resolve("fifo"));
        Files.createDirectory(folder.resolve("sub"));
        for (String name : List.of("fifo", "sub")) {
            InputRange planned = new InputRange("data", name, 0, 10, 10, 0, Compression.NONE);
            assertThatThrownBy(() -> open(planned))
                    .asInstanceOf(type(InputException.class))
                    .returns(Kind.NOT_A_FILE, InputException::kind);
        }
        InputRoots dev = InputRoots.parse(List.of("dev=/dev"));
        InputRange zero = new InputRange("dev", "zero", 0, 10, 10, 0, Compression.NONE);
        assertThatThrownBy(() -> InputFiles.open(dev, zero, InputLimits.DEFAULT))
                .hasMessage("/dev/zero: is a FIFO, socket or device; only regular files can be counted");
    }

    @Test
    void aForbiddenFileIsNotTriedAgainAndAFailingDiskIs() {
        // Root may read any file; a write-only entry of /proc/sys refuses even root, and reading offset 0 of one's own
        // memory is an input/output error for everybody.
        Path writeOnly = Path.of("/proc/sys/vm/compact_memory");
        assertThat(writeOnly).exists();
        assertThatThrownBy(() -> CompressionProbe.probe(writeOnly, 0))
                .asInstanceOf(type(InputException.class))
                .returns(Kind.FORBIDDEN, InputException::kind)
                .returns(false, InputException::retryable);
        assertThatThrownBy(() -> CompressionProbe.probe(Path.of("/proc/self/mem"), 0))
                .asInstanceOf(type(InputException.class))
                .returns(Kind.IO, InputException::kind)
                .returns(true, InputException::retryable);
        assertThat(InputException.of(file, new AccessDeniedException("x")).kind())
                .isEqualTo(Kind.FORBIDDEN);
    }

    @Test
    void aFileThatHidesItsSizeIsRefusedAtPlanning() {
        assertThatThrownBy(() -> plan(Path.of("/proc"), Path.of("/proc/version")))
                .hasMessageContaining("/proc/version: says it has 0 bytes but has some");
    }

    @Test
    void messagesShowHostileNamesSafely() throws IOException {
        Path odd = encoded(folder, "x%1B%5B2J%0A%FF");
        Files.writeString(odd, "x");
        InputRange planned = plan(folder, odd);
        Files.writeString(odd, "xy");
        assertThatThrownBy(() -> open(planned))
                .hasMessageContaining("/x\\x1b[2J\\n\\xff: changed")
                .extracting(Throwable::getMessage)
                .asString()
                .matches("[ -~]+");
    }

    @Test
    void anInterruptIsNotBlamedOnTheFile() throws IOException {
        try (TextInput in = open(plan(folder, file))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> in.read(new byte[10], 0, 10)).isInstanceOf(ClosedByInterruptException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void aLinkPutInPlaceOfAFileInAConfinedRootIsRefused() throws IOException {
        InputRange planned = plan(folder, file);
        Path outside = Files.createTempFile("millrace-outside", ".txt");
        try {
            Files.writeString(outside, TEXT);
            Files.setLastModifiedTime(outside, Files.getLastModifiedTime(file));
            Files.delete(file);
            Files.createSymbolicLink(file, outside);
            assertThatThrownBy(() -> open(planned)).hasMessageContaining("leads out of root");
        } finally {
            Files.delete(outside);
        }
    }

    @Test
    void closingTwiceIsFine() throws IOException {
        TextInput in = open(plan(folder, file));
        in.close();
        assertThatCode(in::close).doesNotThrowAnyException();
    }

    @Test
    void readsGoThroughInWholeBlocks() throws IOException {
        byte[] bytes = new byte[3 << 20];
        Arrays.fill(bytes, (byte) 'x');
        Path large = Files.write(folder.resolve("large"), bytes);
        try (TextInput in = open(plan(folder, large))) {
            assertThat(in.read(new byte[1 << 20], 0, 1 << 20)).isEqualTo(1 << 20);
            assertThat(in.available()).isEqualTo(2 << 20);
        }
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }
}
