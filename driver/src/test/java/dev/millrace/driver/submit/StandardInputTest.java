package dev.millrace.driver.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StandardInputTest {
    @TempDir
    Path temp;

    static long[] seeds() {
        return ChunkPlannerTest.seeds();
    }

    private static InputStream input(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Gives at most a few bytes at a time, as a pipe may. */
    private static InputStream dripping(byte[] bytes, Random random) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] to, int offset, int length) {
                return super.read(to, offset, Math.min(length, 1 + random.nextInt(5)));
            }
        };
    }

    private static InputStream broken() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the pipe burst");
            }

            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                return read();
            }
        };
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void chunksAreWholeLinesAndAddUpToTheInput(long seed) {
        SeededCase.of(seed, () -> chunksAreWholeLinesAndAddUpToTheInputCase(new Random(seed)));
    }

    private void chunksAreWholeLinesAndAddUpToTheInputCase(Random random) throws Exception {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(30); i > 0; i--) {
            text.append(i % 2 == 0 && random.nextBoolean() ? "\ufeff" : "").append("x".repeat(random.nextInt(8)));
            text.append(i == 1 && random.nextBoolean() ? "" : "\n");
        }
        byte[] all = text.toString().getBytes(StandardCharsets.UTF_8);
        int most = 60;
        List<byte[]> chunks = new ArrayList<>();
        new InlineChunks(dripping(all, random), most).forEachRemaining(chunks::add);
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (int i = 0; i < chunks.size(); i++) {
            byte[] chunk = chunks.get(i);
            assertThat(chunk).hasSizeBetween(1, most);
            assertThat(i == chunks.size() - 1 || chunk[chunk.length - 1] == '\n')
                    .isTrue();
            assertThat(i > 0 && new String(chunk, StandardCharsets.UTF_8).startsWith("\ufeff"))
                    .as("a byte order mark begins chunk %d", i)
                    .isFalse();
            joined.writeBytes(chunk);
        }
        assertThat(joined.toByteArray()).isEqualTo(all);
    }

    @Test
    void nothingIsNoChunk() {
        assertThat(new InlineChunks(input("")).hasNext()).isFalse();
        assertThat(new InlineChunks(input("no newline")).next()).asString().isEqualTo("no newline");
    }

    @Test
    void chunksAreAsLargeAsTheyMayBe() {
        String line = "x".repeat(99) + "\n";
        InlineChunks chunks = new InlineChunks(input(line.repeat(20_000)));
        assertThat(chunks.next().length).isBetween(InlineChunks.MOST_BYTES - 100, InlineChunks.MOST_BYTES);
    }

    @Test
    void aLineThatFitsExactlyIsTakenAndOneByteMoreIsAUsageError() {
        assertThat(new InlineChunks(input("abcd\nx"), 5).next()).asString().isEqualTo("abcd\n");
        assertThat(new InlineChunks(input("abcde"), 5).next()).asString().isEqualTo("abcde");
        for (String text : List.of("abcdef", "abcde\n", "ab\nabcdefghijkl")) {
            assertThatThrownBy(() -> new InlineChunks(input(text), 5).forEachRemaining(chunk -> {}))
                    .as(text)
                    .asInstanceOf(type(MillraceException.class))
                    .returns(ExitCode.USAGE, MillraceException::exitCode)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .contains("a line longer than 5 bytes", "put it into a file");
        }
    }

    @Test
    void compressedInputIsNotCountedAsText() {
        byte[] gzip = HexFormat.of().parseHex("1f8b0800000000000003");
        assertThatThrownBy(() -> new InlineChunks(new ByteArrayInputStream(gzip)).hasNext())
                .hasMessageContaining("standard input is compressed (gzip)");
    }

    @Test
    void theSpoolIsPrivateAndGoneAfterwards() throws IOException {
        Path file;
        try (StdinSpool spool =
                StdinSpool.of(input("one two\n"), Map.of(StdinSpool.FOLDER_VARIABLE, temp.toString()))) {
            file = spool.file();
            assertThat(file).hasParent(temp).hasContent("one two\n");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(spool.inPlaceOfStdin(List.of("a", "-", "./-"))).containsExactly("a", file.toString(), "./-");
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void aSpoolThatFailsLeavesNothingAndNamesTheFolder() {
        Map<String, String> here = Map.of(StdinSpool.FOLDER_VARIABLE, temp.toString());
        assertThatThrownBy(() -> StdinSpool.of(broken(), here))
                .asInstanceOf(type(MillraceException.class))
                .returns(ExitCode.FAILED, MillraceException::exitCode)
                .extracting(Throwable::getMessage)
                .isEqualTo("standard input cannot be read: the pipe burst");
        assertThat(temp).isEmptyDirectory();
        Map<String, String> nowhere = Map.of(StdinSpool.FOLDER_VARIABLE, "/no/such/folder");
        assertThatThrownBy(() -> StdinSpool.of(input("x"), nowhere))
                .hasMessageContainingAll("/no/such/folder", "MILLRACE_TMP");
    }
}
