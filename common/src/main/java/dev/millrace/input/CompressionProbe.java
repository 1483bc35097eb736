package dev.millrace.input;

import dev.millrace.input.InputException.Kind;
import dev.millrace.job.Compression;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells how a file is compressed by its first bytes, whatever it is called. A name that promises a format its bytes do
 * not keep is an error: counted as text, a damaged archive would be a quiet wrong count.
 */
public final class CompressionProbe {
    private static final int HEAD_BYTES = 16;
    private static final int MOST_SKIPPABLE_FRAMES = 64;
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    private static final byte[] GZIP = HexFormat.of().parseHex("1f8b08");
    private static final byte[] ZSTD = HexFormat.of().parseHex("28b52ffd");
    private static final byte[] LZ4 = HexFormat.of().parseHex("04224d18");
    private static final byte[] LZ4_LEGACY = HexFormat.of().parseHex("02214c18");
    private static final byte[] XZ = HexFormat.of().parseHex("fd377a585a00");
    private static final byte[] BZIP2_BLOCK = HexFormat.of().parseHex("314159265359");
    private static final byte[] BZIP2_END = HexFormat.of().parseHex("177245385090");

    private static final Map<String, Compression> BY_EXTENSION = Map.ofEntries(
            Map.entry("gz", Compression.GZIP),
            Map.entry("tgz", Compression.GZIP),
            Map.entry("bz2", Compression.BZIP2),
            Map.entry("tbz2", Compression.BZIP2),
            Map.entry("zst", Compression.ZSTD),
            Map.entry("tzst", Compression.ZSTD),
            Map.entry("lz4", Compression.LZ4),
            Map.entry("xz", Compression.XZ),
            Map.entry("txz", Compression.XZ));

    private CompressionProbe() {}

    /**
     * How a regular file is compressed.
     *
     * @param fileBytes its size as just looked at; a file of size 0 that has bytes all the same (as in /proc) is refused
     * @throws InputException {@link Kind#CORRUPT} if its name ends in {@code .gz}, {@code .bz2}, {@code .zst},
     *     {@code .lz4} or {@code .xz} and its bytes are not that
     */
    public static Compression probe(Path file, long fileBytes) throws InputException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            byte[] head = head(channel, 0);
            if (fileBytes == 0 && head.length > 0 && channel.size() == 0) { // else it has just grown
                throw new InputException(
                        Kind.NOT_A_FILE,
                        Names.printable(file)
                                + ": says it has 0 bytes but has some, as files of /proc and /sys do: copy it to an"
                                + " ordinary file and count that");
            }
            return checked(file, head, ofContent(channel, head, file));
        } catch (IOException e) {
            throw InputException.of(file, e);
        }
    }

    /** The format that the first bytes of a stream show, {@code NONE} for text. */
    public static Compression ofHead(byte[] head) {
        if (startsWith(head, GZIP)) {
            return Compression.GZIP;
        }
        if (startsWith(head, ZSTD)) {
            return Compression.ZSTD;
        }
        if (startsWith(head, LZ4)) {
            return Compression.LZ4;
        }
        if (startsWith(head, XZ)) {
            return Compression.XZ;
        }
        return isBzip2(head) ? Compression.BZIP2 : Compression.NONE;
    }

    /** The letters BZh may well begin a text; with a block behind them they do not. */
    private static boolean isBzip2(byte[] head) {
        if (head.length < 10 || head[0] != 'B' || head[1] != 'Z' || head[2] != 'h' || head[3] < '1' || head[3] > '9') {
            return false;
        }
        byte[] block = Arrays.copyOfRange(head, 4, 10);
        return Arrays.equals(block, BZIP2_BLOCK) || Arrays.equals(block, BZIP2_END);
    }

    private static Compression ofContent(FileChannel channel, byte[] first, Path file) throws IOException {
        byte[] head = first;
        long position = 0;
        // zstd and lz4 share frames that carry no text; pzstd, for one, begins a file with one.
        for (int i = 0; isSkippable(head) && i < MOST_SKIPPABLE_FRAMES; i++) {
            position +=
                    8 + (ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(4) & 0xFFFFFFFFL);
            head = head(channel, position);
        }
        if (startsWith(head, LZ4_LEGACY)) {
            throw new InputException(
                    Kind.CORRUPT,
                    Names.printable(file) + ": is in lz4's legacy format, which is not read here: decompress it, or"
                            + " compress it again without -l");
        }
        return ofHead(head);
    }

    private static boolean isSkippable(byte[] head) {
        return head.length >= 8 && (head[0] & 0xF0) == 0x50 && head[1] == 0x2A && head[2] == 0x4D && head[3] == 0x18;
    }

    private static Compression checked(Path file, byte[] head, Compression found) throws InputException {
        Compression promised = promised(file);
        if (promised == null || promised == found) {
            return found;
        }
        String name = promised.name().toLowerCase(Locale.ROOT);
        String is = found != Compression.NONE
                ? "it is " + found.name().toLowerCase(Locale.ROOT)
                : head.length == 0
                        ? "it is empty"
                        : "it begins with " + HEX.formatHex(head, 0, Math.min(8, head.length));
        throw new InputException(
                Kind.CORRUPT,
                Names.printable(file) + ": is called " + name + " but is not: " + is
                        + ". If it is text, rename it; if not, leave it out with --exclude");
    }

    private static @Nullable Compression promised(Path file) {
        Path last = file.getFileName();
        String name = last == null ? "" : last.toString();
        int dot = name.lastIndexOf('.');
        return dot < 0 ? null : BY_EXTENSION.get(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    private static byte[] head(FileChannel channel, long position) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
        while (head.hasRemaining() && channel.read(head, position + head.position()) > 0) {
            // A read may be short.
        }
        return Arrays.copyOf(head.array(), head.position());
    }

    private static boolean startsWith(byte[] head, byte[] magic) {
        return head.length >= magic.length && Arrays.equals(head, 0, magic.length, magic, 0, magic.length);
    }
}
