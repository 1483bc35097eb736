package dev.millrace.input;

import static dev.millrace.input.InputFixtures.plan;
import static dev.millrace.input.InputFixtures.planAndRead;
import static dev.millrace.input.InputFixtures.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.input.InputException.Kind;
import dev.millrace.job.Compression;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputRange;
import dev.millrace.job.MillraceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CompressedInputTest {
    private static final byte[] TEXT = text(500);

    private static final String LZ4_COMMAND =
            "04224d18%s406400000000000000%s0d0000003f61626303004950636162630a67231f46000000008d742126";

    @TempDir
    Path folder;

    @BeforeEach
    void realFolder() throws IOException {
        folder = folder.toRealPath();
    }

    /** Every way to compress that the tests cover: the five formats, and lz4 with blocks that refer to earlier ones. */
    enum Format {
        GZ(Compression.GZIP),
        BZ2(Compression.BZIP2),
        ZST(Compression.ZSTD),
        LZ4(Compression.LZ4),
        LZ4_LINKED(Compression.LZ4),
        XZ(Compression.XZ);

        final Compression compression;

        Format(Compression compression) {
            this.compression = compression;
        }

        String fileName() {
            return "x." + name().toLowerCase(java.util.Locale.ROOT).replace("_linked", "");
        }

        byte[] compress(byte[] text) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (OutputStream out = compressor(bytes)) {
                out.write(text);
            }
            return bytes.toByteArray();
        }

        private OutputStream compressor(OutputStream out) throws IOException {
            return switch (this) {
                case GZ -> new GZIPOutputStream(out);
                case BZ2 -> new BZip2CompressorOutputStream(out, 1);
                case ZST -> new ZstdOutputStream(out).setChecksum(true);
                case LZ4 ->
                    new LZ4FrameOutputStream(
                            out,
                            LZ4FrameOutputStream.BLOCKSIZE.SIZE_64KB,
                            LZ4FrameOutputStream.FLG.Bits.BLOCK_INDEPENDENCE,
                            LZ4FrameOutputStream.FLG.Bits.CONTENT_CHECKSUM);
                case LZ4_LINKED ->
                    new FramedLZ4CompressorOutputStream(
                            out,
                            new FramedLZ4CompressorOutputStream.Parameters(
                                    FramedLZ4CompressorOutputStream.BlockSize.K64,
                                    true,
                                    false,
                                    true,
                                    BlockLZ4CompressorOutputStream.createParameterBuilder()
                                            .build()));
                case XZ -> new XZOutputStream(out, new LZMA2Options(0));
            };
        }
    }

    private static byte[] text(int bytes) {
        StringBuilder text = new StringBuilder();
        Random random = new Random(7);
        while (text.length() < bytes) {
            text.append(Integer.toString(random.nextInt(50_000), 36)).append(random.nextInt(8) == 0 ? '\n' : ' ');
        }
        return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
    }

    private Path write(Format format, byte[]... parts) throws IOException {
        return Files.write(folder.resolve(format.fileName()), join(parts));
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void theTextComesOut(Format format) throws IOException {
        // The writer of linked blocks is slow; two blocks will do.
        byte[] large = text(format == Format.LZ4_LINKED ? 70_000 : 2_000_000);
        Path file = write(format, format.compress(large));
        InputRange planned = plan(folder, file);
        assertThat(planned.compression()).isEqualTo(format.compression);
        assertThat(read(folder, planned, InputLimits.DEFAULT)).isEqualTo(large);
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void allMembersAreRead(Format format) throws IOException {
        byte[] first = format.compress(TEXT);
        byte[] none = format.compress(new byte[0]);
        Path file = write(format, first, none, first, none);
        assertThat(planAndRead(folder, file)).isEqualTo(join(TEXT, TEXT));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void anArchiveOfNothingIsAnEmptyText(Format format) throws IOException {
        assertThat(planAndRead(folder, write(format, format.compress(new byte[0]))))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void noArchiveThatIsCutOffCountsShort(Format format) throws IOException {
        byte[] first = format.compress(TEXT);
        byte[] both = join(first, format.compress(TEXT));
        for (int length = 0; length < both.length; length++) {
            Path file = write(format, Arrays.copyOf(both, length));
            if (length == first.length) {
                assertThat(planAndRead(folder, file)).isEqualTo(TEXT);
                continue;
            }
            assertThatThrownBy(() -> planAndRead(folder, file))
                    .as("cut off after %d of %d bytes", length, both.length)
                    .asInstanceOf(type(InputException.class))
                    .returns(Kind.CORRUPT, InputException::kind)
                    .returns(false, InputException::retryable)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .startsWith(file.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void noDamagedArchiveGivesAnotherText(Format format) throws IOException {
        byte[] good = format.compress(TEXT);
        Random random = new Random(11);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= (byte) (1 << random.nextInt(8));
            Path file = write(format, bad);
            try {
                assertThat(planAndRead(folder, file))
                        .as("byte %d of %d", i, good.length)
                        .isEqualTo(TEXT);
            } catch (InputException e) {
                assertThat(e.kind()).as("byte %d of %d: %s", i, good.length, e).isIn(Kind.CORRUPT, Kind.LIMIT);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void somethingBehindTheArchiveIsAnError(Format format) throws IOException {
        byte[] good = format.compress(TEXT);
        for (byte[] garbage :
                new byte[][] {{'x'}, "some words\n".getBytes(StandardCharsets.US_ASCII), {0, 0, 0, 'x'}}) {
            Path file = write(format, good, garbage);
            assertThatThrownBy(() -> planAndRead(folder, file))
                    .as("followed by %s", Arrays.toString(garbage))
                    .asInstanceOf(type(InputException.class))
                    .returns(Kind.CORRUPT, InputException::kind);
        }
    }

    @Test
    void gzipMayBePaddedWithZeros() throws IOException {
        assertThat(planAndRead(folder, write(Format.GZ, Format.GZ.compress(TEXT), new byte[512])))
                .isEqualTo(TEXT);
    }

    @Test
    void gzipHeadersMayHaveEveryField() throws IOException {
        byte[] plain = Format.GZ.compress(TEXT);
        byte[] header = HexFormat.of().parseHex("1f8b081c000000000003" + "0300" + "616263" + "6e616d6500" + "636f6d00");
        Path file = write(Format.GZ, header, Arrays.copyOfRange(plain, 10, plain.length));
        assertThat(planAndRead(folder, file)).isEqualTo(TEXT);
    }

    @Test
    void framesWithoutTextMayStandAnywhere() throws IOException {
        byte[] skipped = HexFormat.of().parseHex("5a2a4d18" + "03000000" + "ffffff");
        for (Format format : new Format[] {Format.ZST, Format.LZ4}) {
            byte[] good = format.compress(TEXT);
            assertThat(planAndRead(folder, write(format, skipped, good, skipped, good, skipped)))
                    .isEqualTo(join(TEXT, TEXT));
        }
    }

    @Test
    void lz4FramesWithEveryOptionAreRead() throws IOException {
        byte[] large = join(text(70_000), new byte[70_000]);
        for (var size : FramedLZ4CompressorOutputStream.BlockSize.values()) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            var compression = BlockLZ4CompressorOutputStream.createParameterBuilder()
                    .tunedForSpeed()
                    .build();
            try (OutputStream out = new FramedLZ4CompressorOutputStream(
                    bytes, new FramedLZ4CompressorOutputStream.Parameters(size, true, true, true, compression))) {
                out.write(large);
            }
            assertThat(planAndRead(folder, write(Format.LZ4, bytes.toByteArray())))
                    .as("%s", size)
                    .isEqualTo(large);
        }
        // What "lz4 -B4 -BX --content-size" made of 100 bytes, and the same with the flag that blocks are linked.
        for (String flagsAndSum : List.of("7c 5e", "5c 25")) {
            String frame = LZ4_COMMAND.formatted((Object[]) flagsAndSum.split(" "));
            Path file = write(Format.LZ4, HexFormat.of().parseHex(frame));
            assertThat(planAndRead(folder, file)).asString().isEqualTo("abc".repeat(33) + "\n");
            Path wrong = write(Format.LZ4, HexFormat.of().parseHex(frame.replace("4064", "4065")));
            assertThatThrownBy(() -> planAndRead(folder, wrong)).isInstanceOf(InputException.class);
        }
    }

    @Test
    void lz4FramesOfBothKindsMayStandInOneFile() throws IOException {
        byte[] large = text(70_000);
        Path file = write(
                Format.LZ4, Format.LZ4.compress(large), Format.LZ4_LINKED.compress(large), Format.LZ4.compress(large));
        assertThat(planAndRead(folder, file)).isEqualTo(join(large, large, large));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void aBombIsStoppedByRatioAndByLength(Format format) throws IOException {
        byte[] blanks = new byte[4 << 20];
        Arrays.fill(blanks, (byte) ' ');
        Path file = write(format, format.compress(blanks));
        InputRange planned = plan(folder, file);
        assertThatThrownBy(() -> read(folder, planned, new InputLimits(1L << 40, 20, 1 << 20, 128 << 20)))
                .asInstanceOf(type(InputException.class))
                .returns(Kind.LIMIT, InputException::kind)
                .returns(false, InputException::retryable)
                .extracting(Throwable::getMessage)
                .asString()
                .contains(file.toString(), "20 times", InputLimits.RATIO_VARIABLE);
        assertThatThrownBy(() -> read(folder, planned, new InputLimits((4 << 20) - 1, 1 << 30, 1 << 20, 128 << 20)))
                .asInstanceOf(type(InputException.class))
                .returns(Kind.LIMIT, InputException::kind)
                .extracting(Throwable::getMessage)
                .asString()
                .contains(file.toString(), InputLimits.TEXT_BYTES_VARIABLE);
        assertThat(read(folder, planned, new InputLimits(4 << 20, 20, 4 << 20, 128 << 20)))
                .as("at the limits")
                .isEqualTo(blanks);
    }

    @Test
    void windowsLargerThanTheMemoryLimitAreRefused() throws IOException {
        ByteArrayOutputStream zstd = new ByteArrayOutputStream();
        try (ZstdOutputStream out = new ZstdOutputStream(zstd).setLong(24)) {
            out.write(TEXT);
        }
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        LZMA2Options options = new LZMA2Options(0);
        options.setDictSize(32 << 20);
        try (XZOutputStream out = new XZOutputStream(xz, options)) {
            out.write(TEXT);
        }
        InputLimits eightMiB = new InputLimits(1 << 20, 250, 1 << 20, 8 << 20);
        for (Path file : new Path[] {write(Format.ZST, zstd.toByteArray()), write(Format.XZ, xz.toByteArray())}) {
            assertThat(planAndRead(folder, file)).isEqualTo(TEXT);
            assertThatThrownBy(() -> read(folder, plan(folder, file), eightMiB))
                    .asInstanceOf(type(InputException.class))
                    .returns(Kind.LIMIT, InputException::kind)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .contains(file.toString(), InputLimits.MEMORY_VARIABLE);
        }
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void anArchiveTruncatedWhileReadIsReportedAsChanged(Format format) throws IOException {
        Random random = new Random(3);
        byte[] noise = new byte[1_000_000];
        random.nextBytes(noise);
        Path file = write(format, format.compress(noise));
        InputRange planned = plan(folder, file);
        InputRoots roots = InputFixtures.roots(folder);
        try (TextInput in = InputFiles.open(roots, planned, InputLimits.DEFAULT)) {
            assertThat(in.readNBytes(1000)).hasSize(1000);
            try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
                channel.truncate(planned.fileBytes() - 10);
            }
            assertThatThrownBy(in::readAllBytes).isInstanceOf(InputChangedException.class);
        }
    }

    @Test
    void theBytesDecideAndANameThatPromisesOtherwiseIsAnError() throws IOException {
        Path unnamed = Files.write(folder.resolve("data"), Format.GZ.compress(TEXT));
        assertThat(planAndRead(folder, unnamed)).isEqualTo(TEXT);

        Path text = Files.writeString(folder.resolve("notes.gz"), "words and words");
        assertThatThrownBy(() -> plan(folder, text))
                .hasMessage(text + ": is called gzip but is not: it begins with 77 6f 72 64 73 20 61 6e. If it is text,"
                        + " rename it; if not, leave it out with --exclude");
        Path swapped = Files.write(folder.resolve("y.GZ"), Format.ZST.compress(TEXT));
        assertThatThrownBy(() -> plan(folder, swapped)).hasMessageContaining("is called gzip but is not: it is zstd");
        Path empty = Files.createFile(folder.resolve("empty.xz"));
        assertThatThrownBy(() -> plan(folder, empty)).hasMessageContaining("is called xz but is not: it is empty");
        Path legacy = Files.write(folder.resolve("old"), HexFormat.of().parseHex("02214c1800000000"));
        assertThatThrownBy(() -> plan(folder, legacy)).hasMessageContaining("legacy");
    }

    @Test
    void textThatBeginsLikeBzip2IsText() throws IOException {
        for (String text : new String[] {"BZh9 is a bus line", "BZh", "BZh91AY is odd", "\u001f", "(\u00b5"}) {
            Path file = Files.writeString(folder.resolve("t.txt"), text, StandardCharsets.ISO_8859_1);
            assertThat(plan(folder, file).compression()).isEqualTo(Compression.NONE);
        }
    }

    @Test
    void limitsComeFromTheEnvironment() {
        assertThat(InputLimits.fromEnvironment(Map.of())).isEqualTo(InputLimits.DEFAULT);
        assertThat(InputLimits.fromEnvironment(Map.of(InputLimits.RATIO_VARIABLE, "1000", "OTHER", "x"))
                        .maxRatio())
                .isEqualTo(1000);
        for (String bad : new String[] {"0", "-1", "many", "1.5", "99999999999999999999"}) {
            assertThatThrownBy(() -> InputLimits.fromEnvironment(Map.of(InputLimits.TEXT_BYTES_VARIABLE, bad)))
                    .asInstanceOf(type(MillraceException.class))
                    .returns(ExitCode.USAGE, MillraceException::exitCode)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .contains(InputLimits.TEXT_BYTES_VARIABLE + "=" + bad);
        }
    }
}
