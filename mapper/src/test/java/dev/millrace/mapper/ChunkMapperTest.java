package dev.millrace.mapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.input.InputException;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Compression;
import dev.millrace.job.InputRange;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.TextRules;
import dev.millrace.shuffle.PairBlocks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What one task comes to, against a plain loop over simple texts: letters, digits, blanks, dots and commas. */
final class ChunkMapperTest {
    private static final JobId JOB = new JobId(1);
    private static final TextRules UNICODE = new TextRules("unicode", 1, List.of());
    private static final TextRules PYMOTW = new TextRules("pymotw", 1, List.of());
    private static final Pattern RUN_WITH_A_LETTER = Pattern.compile("\\p{Nd}*\\p{L}[\\p{L}\\p{Nd}]*");

    @TempDir
    Path folder;

    private ChunkMapper mapper;

    @BeforeEach
    void newMapper() {
        mapper = new ChunkMapper(InputRoots.parse(List.of("data=" + folder)), InputLimits.DEFAULT);
    }

    // The oracle: words, their places, and the pairs as they travel.

    private static Map<String, Long> words(String text, TextRules rules) {
        Map<String, Long> counts = new TreeMap<>();
        for (String line : text.split("\n", -1)) {
            if (rules.profile().equals("pymotw")) {
                if (!line.strip().startsWith("..")) {
                    for (String word : line.split("[ .,]+", -1)) {
                        if (word.matches("\\p{L}+")) {
                            counts.merge(word.toLowerCase(Locale.ROOT), 1L, Long::sum);
                        }
                    }
                }
            } else {
                for (Matcher m = RUN_WITH_A_LETTER.matcher(line); m.find(); ) {
                    counts.merge(m.group().toLowerCase(Locale.ROOT), 1L, Long::sum);
                }
            }
        }
        rules.stopWords().forEach(counts::remove);
        return counts;
    }

    private static int place(byte[] word, int partitions) {
        return Utils.toPositive(Utils.murmur2(word)) % partitions;
    }

    /** As the Javadoc of the wire format has it. */
    private static long h64(byte[] word) {
        ByteBuffer longs = ByteBuffer.allocate((word.length + 7) / 8 * 8).order(ByteOrder.LITTLE_ENDIAN);
        longs.put(word).rewind();
        long h = word.length * 0xD6E8FEB86659FD93L;
        while (longs.hasRemaining()) {
            h = (h ^ longs.getLong()) * 0x9E3779B97F4A7C15L;
            h ^= h >>> 32;
        }
        h = (h ^ h >>> 33) * 0xff51afd7ed558ccdL;
        h = (h ^ h >>> 33) * 0xc4ceb9fe1a85ec53L;
        return h ^ h >>> 33;
    }

    private static List<PartitionTotal> totals(Map<String, Long> counts, int partitions) {
        long[] tokens = new long[partitions], digests = new long[partitions];
        counts.forEach((word, count) -> {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            tokens[place(bytes, partitions)] += count;
            digests[place(bytes, partitions)] += count * h64(bytes);
        });
        List<PartitionTotal> totals = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            totals.add(new PartitionTotal(tokens[p], digests[p]));
        }
        return totals;
    }

    private static List<PartitionTotal> totals(PairBlocks blocks) {
        List<PartitionTotal> totals = new ArrayList<>();
        for (int p = 0; p < blocks.partitions(); p++) {
            totals.add(blocks.total(p));
        }
        return totals;
    }

    private interface Pair {
        void accept(int partition, byte[] word, long count);
    }

    /** Reads the blocks by the written format alone. */
    private static void forEach(PairBlocks blocks, Pair sink) {
        for (int p = 0; p < blocks.partitions(); p++) {
            for (ByteBuffer block : blocks.blocks(p)) {
                while (block.hasRemaining()) {
                    byte[] word = new byte[(int) varint(block)];
                    block.get(word);
                    long zigzag = varint(block);
                    sink.accept(p, word, zigzag % 2 == 0 ? zigzag / 2 : -(zigzag + 1) / 2);
                }
            }
        }
    }

    private static long varint(ByteBuffer in) {
        byte b = in.get();
        return b >= 0 ? b : (b & 0x7f) + (varint(in) << 7);
    }

    private static Map<String, Long> pairs(PairBlocks blocks) {
        Map<String, Long> pairs = new TreeMap<>();
        forEach(blocks, (partition, bytes, count) -> {
            String word = new String(bytes, StandardCharsets.UTF_8);
            assertThat(partition).as(word).isEqualTo(place(bytes, blocks.partitions()));
            assertThat(pairs.put(word, count)).as(word).isNull();
        });
        return pairs;
    }

    private static void assertGives(ChunkMapper.Output output, Map<String, Long> expected) {
        PairBlocks blocks = output.blocks();
        assertThat(pairs(blocks)).isEqualTo(expected);
        assertThat(totals(blocks)).isEqualTo(totals(expected, blocks.partitions()));
        assertThat(blocks.pairs()).isEqualTo(expected.size());
    }

    // Texts, files and tasks.

    private static String text(long seed, int lines) {
        String[] stems = {"mill", "Race", "WEIR", "stra\u00dfe", "\u00c9cole", "\u6c34\u8eca", "sluice7", "42", "the"};
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < lines; line++) {
            text.append(random.nextInt(6) == 0 ? " .. " : "");
            for (int n = random.nextInt(14); n > 0; n--) {
                text.append(stems[random.nextInt(stems.length)]);
                text.append(random.nextBoolean() ? "" : "abcdefgh".substring(random.nextInt(8)));
                text.append(random.nextInt(5) == 0 ? ", " : " ");
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private InputRange whole(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
        return range(name, 0, Files.size(folder.resolve(name)), Compression.NONE);
    }

    private InputRange range(String name, long start, long end, Compression compression) throws IOException {
        Path file = folder.resolve(name);
        return new InputRange(
                "data",
                name,
                start,
                end,
                Files.size(file),
                Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS),
                compression);
    }

    private static ChunkTask task(TextRules rules, int partitions, InputRange... inputs) {
        return new ChunkTask(JOB, 0, 1, rules, partitions, List.of(inputs), 0);
    }

    private ChunkMapper.Output map(TextRules rules, int partitions, InputRange... inputs) throws IOException {
        return mapper.map(task(rules, partitions, inputs), null);
    }

    private ChunkMapper.Output mapInline(TextRules rules, int partitions, String text) throws IOException {
        byte[] document = utf8(text);
        return mapper.map(new ChunkTask(JOB, 0, 1, rules, partitions, List.of(), document.length), document);
    }

    private static byte[] compressed(String text, Compression compression) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = compressor(bytes, compression)) {
            out.write(utf8(text));
        }
        return bytes.toByteArray();
    }

    private static OutputStream compressor(OutputStream out, Compression compression) throws IOException {
        return switch (compression) {
            case NONE -> out;
            case GZIP -> new GZIPOutputStream(out);
            case BZIP2 -> new BZip2CompressorOutputStream(out);
            case ZSTD -> new ZstdOutputStream(out);
            case LZ4 -> new FramedLZ4CompressorOutputStream(out);
            case XZ -> new XZCompressorOutputStream(out);
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16})
    void aFileGivesTheCountsOfThePlainLoop(int partitions) throws IOException {
        String text = text(1, 400);
        InputRange file = whole("a.txt", text);
        for (TextRules rules : List.of(UNICODE, PYMOTW)) {
            ChunkMapper.Output output = map(rules, partitions, file);
            assertThat(output.blocks().partitions()).isEqualTo(partitions);
            assertThat(output.text().textBytes()).isEqualTo(file.bytes());
            assertGives(output, words(text, rules));
        }
    }

    @Test
    void aDocumentBesideItsTaskGivesTheCountsOfThePlainLoop() throws IOException {
        String text = text(2, 300);
        for (TextRules rules : List.of(UNICODE, PYMOTW)) {
            ChunkMapper.Output output = mapInline(rules, 3, text);
            assertThat(output.text().textBytes()).isEqualTo(utf8(text).length);
            assertGives(output, words(text, rules));
        }
    }

    @Test
    void severalFilesOfOneTaskAddUpAndNoWordRunsFromOneIntoTheNext() throws IOException {
        String first = text(3, 50) + "mill", second = "race " + text(4, 70), third = "";
        InputRange[] files = {whole("1.txt", first), whole("2.txt", second), whole("3.txt", third)};
        ChunkMapper.Output output = map(UNICODE, 4, files);
        assertThat(output.text().textBytes()).isEqualTo(utf8(first).length + utf8(second).length);
        assertGives(output, words(first + "\n" + second, UNICODE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"unicode", "pymotw"})
    void rangesThatCutLinesWordsAndCharactersCountEachLineOnce(String profile) throws IOException {
        TextRules rules = new TextRules(profile, 1, List.of());
        String text = text(5, 40);
        long bytes = whole("cut.txt", text).bytes();
        Random random = new Random(6);
        for (int round = 0; round < 200; round++) {
            Set<Long> cuts = new TreeSet<>(Set.of(0L, bytes));
            random.longs(1 + random.nextInt(6), 0, bytes).forEach(cuts::add);
            List<Long> edges = new ArrayList<>(cuts);
            List<InputRange> ranges = new ArrayList<>();
            Map<String, Long> apart = new TreeMap<>();
            for (int i = 1; i < edges.size(); i++) {
                InputRange range = range("cut.txt", edges.get(i - 1), edges.get(i), Compression.NONE);
                ranges.add(range);
                ChunkMapper.Output output = map(rules, 3, range);
                assertThat(output.text().textBytes()).isEqualTo(range.bytes());
                pairs(output.blocks()).forEach((word, count) -> apart.merge(word, count, Long::sum));
            }
            assertThat(apart).as("cut at %s", edges).isEqualTo(words(text, rules));
            assertGives(map(rules, 3, ranges.toArray(InputRange[]::new)), words(text, rules));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCompressedFileCountsAsItsText(Compression compression) throws IOException {
        String text = text(7, 500), plain = text(8, 20);
        byte[] stored = compressed(text, compression);
        Files.write(folder.resolve("packed"), stored);
        ChunkMapper.Output output =
                map(UNICODE, 5, range("packed", 0, stored.length, compression), whole("plain.txt", plain));
        assertThat(output.text().textBytes()).isEqualTo(utf8(text).length + utf8(plain).length);
        assertGives(output, words(text + plain, UNICODE));
    }

    @Test
    void aFileThatIsNotAsPlannedIsRefusedByName() throws IOException {
        InputRange grown = whole("grown.txt", "mill race");
        Files.writeString(folder.resolve("grown.txt"), "mill race weir");
        InputRange touched = whole("touched.txt", "mill race");
        Files.setLastModifiedTime(folder.resolve("touched.txt"), FileTime.from(Instant.ofEpochSecond(1)));
        InputRange gone = whole("gone.txt", "mill race");
        Files.delete(folder.resolve("gone.txt"));
        InputRange good = whole("good.txt", "mill race");
        for (InputRange bad : List.of(grown, touched, gone)) {
            assertThatThrownBy(() -> map(UNICODE, 2, good, bad))
                    .hasMessageContaining(folder.resolve(bad.path()).toString())
                    .isInstanceOfSatisfying(
                            InputException.class, e -> assertThat(e.retryable()).isFalse());
        }
    }

    @Test
    void aRootThatThisMapperDoesNotHaveIsRefusedByName() {
        InputRange range = new InputRange("logs", "a.txt", 0, 1, 1, 0, Compression.NONE);
        assertThatThrownBy(() -> map(UNICODE, 2, range))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("--root logs=PATH");
    }

    @ParameterizedTest
    @ValueSource(strings = {"unicode", "pymotw"})
    void anotherVersionOfAProfileIsRefused(String profile) throws IOException {
        InputRange file = whole("a.txt", "mill");
        for (int version : new int[] {0, 2}) {
            assertThatThrownBy(() -> map(new TextRules(profile, version, List.of()), 2, file))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining(profile)
                    .hasMessageContaining("version " + version);
        }
        assertGives(map(new TextRules(profile, 1, List.of()), 2, file), Map.of("mill", 1L));
    }

    @Test
    void aProfileThatNobodyKnowsIsRefused() {
        assertThatThrownBy(() -> mapInline(new TextRules("klingon", 1, List.of()), 2, "Qapla"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("klingon");
    }

    @Test
    void aTaskBehindOneThatFailedCountsItsOwnWordsOnly() throws IOException {
        InputRange good = whole("good.txt", text(9, 100));
        byte[] whole = compressed(text(10, 20_000), Compression.GZIP);
        Files.write(folder.resolve("short.gz"), Arrays.copyOf(whole, whole.length - 9));
        InputRange damaged = range("short.gz", 0, whole.length - 9, Compression.GZIP);
        String text = text(11, 60);
        // Over the same and over other partitions, rules and forms: nothing that a mapper keeps may show.
        for (int partitions : new int[] {4, 4, 6}) {
            assertThatThrownBy(() -> map(UNICODE, 4, good, damaged)).isInstanceOf(InputException.class);
            assertGives(mapInline(UNICODE, partitions, text), words(text, UNICODE));
            assertThatThrownBy(() -> map(PYMOTW, 4, damaged)).isInstanceOf(InputException.class);
            assertGives(map(UNICODE, partitions, good), words(text(9, 100), UNICODE));
        }
    }

    @Test
    void eachTaskLeavesOutItsOwnStopWords() throws IOException {
        String text = text(12, 100) + "\nmill race weir the the\n";
        InputRange file = whole("a.txt", text);
        List<TextRules> rules = List.of(
                new TextRules("unicode", 1, List.of("the")),
                UNICODE,
                new TextRules("unicode", 1, List.of("mill", "race")),
                new TextRules("pymotw", 1, List.of("the")),
                new TextRules("pymotw", 1, List.of("mill", "stra\u00dfe", "\u00e9coleabcdefgh")),
                new TextRules("unicode", 1, List.of("the")),
                PYMOTW);
        for (TextRules each : rules) {
            assertThat(words(text, new TextRules(each.profile(), 1, List.of())).keySet())
                    .containsAll(each.stopWords());
            assertGives(map(each, 3, file), words(text, each));
        }
    }

    /** Word number {@code n}: six letters, in base 26. */
    private static byte[] numbered(int n) {
        byte[] word = new byte[6];
        int rest = n;
        for (int i = 0; i < word.length; i++) {
            word[i] = (byte) ('a' + rest % 26);
            rest /= 26;
        }
        return word;
    }

    private static int number(byte[] word) {
        int n = 0;
        for (int i = word.length - 1; i >= 0; i--) {
            n = n * 26 + word[i] - 'a';
        }
        return n;
    }

    @Test
    void textThatHardlyRepeatsAWordIsSentInPiecesThatAddUp() throws IOException {
        int distinct = 1_300_000, repeated = 50_000, partitions = 3, stopWord = 7;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        long[] expected = new long[distinct];
        for (int i = 0; i < distinct + repeated; i++) {
            text.write(numbered(i % distinct));
            text.write(i % 10 == 9 ? '\n' : ' ');
            expected[i % distinct]++;
        }
        expected[stopWord] = 0;
        long[] tokens = new long[partitions], digests = new long[partitions];
        for (int i = 0; i < distinct; i++) {
            int p = place(numbered(i), partitions);
            tokens[p] += expected[i];
            digests[p] += expected[i] * h64(numbered(i));
        }
        Files.write(folder.resolve("many.txt"), text.toByteArray());
        TextRules rules =
                new TextRules("unicode", 1, List.of(new String(numbered(stopWord), StandardCharsets.US_ASCII)));
        ChunkMapper.Output output = map(rules, partitions, range("many.txt", 0, text.size(), Compression.NONE));

        long[] found = new long[distinct];
        forEach(output.blocks(), (partition, word, count) -> found[number(word)] += count);
        assertThat(found).isEqualTo(expected);
        // More pairs than words: so the table was indeed emptied on the way.
        assertThat(output.blocks().pairs()).isBetween(distinct + 1L, (long) distinct + repeated);
        for (int p = 0; p < partitions; p++) {
            assertThat(output.blocks().total(p)).isEqualTo(new PartitionTotal(tokens[p], digests[p]));
        }
        assertGives(mapInline(rules, partitions, "mill mill race"), Map.of("mill", 2L, "race", 1L));
    }

    /** It was held whole, twice: each mapper that took it died of it, and the job said no more than that. */
    @Test
    void aCompressedFileOfMoreWordsThanATaskCanSendIsRefusedByNameAndAPlainOneNever() throws IOException {
        mapper = new ChunkMapper(InputRoots.parse(List.of("data=" + folder)), InputLimits.DEFAULT, 4 << 20);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = 0; i < 1_300_000; i++) {
            text.write(numbered(i));
            text.write('\n');
        }
        Files.write(folder.resolve("ids.txt"), text.toByteArray());
        try (OutputStream packed = new GZIPOutputStream(Files.newOutputStream(folder.resolve("ids.txt.gz")))) {
            text.writeTo(packed);
        }
        long packedBytes = Files.size(folder.resolve("ids.txt.gz"));
        assertThatThrownBy(() -> map(UNICODE, 3, range("ids.txt.gz", 0, packedBytes, Compression.GZIP)))
                .hasMessageStartingWith(
                        folder.resolve("ids.txt.gz") + ": has more different words than one task can send")
                .hasMessageContaining("decompress it, so that it is cut into chunks")
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.retryable()).isFalse());
        ChunkMapper.Output plain = map(UNICODE, 3, range("ids.txt", 0, text.size(), Compression.NONE));
        assertThat(plain.blocks().pairs()).isEqualTo(1_300_000);
        assertGives(mapInline(UNICODE, 3, "mill mill race"), Map.of("mill", 2L, "race", 1L));
    }
}
