package dev.millrace.bench;

import dev.millrace.shuffle.PairBlocks;
import dev.millrace.shuffle.StopWords;
import dev.millrace.shuffle.WordTable;
import dev.millrace.text.ChunkTally;
import dev.millrace.text.TextProfile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a mapper does with a chunk of 32 MiB, from bytes in memory to blocks of pairs, on one thread. Read the counter
 * {@code megabytes}: 10^6 bytes of text a second. Text is made up, or taken from the files below the folder
 * {@code -Dmillrace.bench.text=DIR} for the parameter {@code folder}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(1)
public class MappingBenchmark {
    private static final int CHUNK_BYTES = 32 << 20;
    private static final int PARTITIONS = 16;

    @Param({"ascii", "multilingual"})
    String text = "";

    @Param({"pymotw", "unicode"})
    String profile = "";

    private byte[] chunk = new byte[0];
    private final WordTable table = new WordTable();
    private final PairBlocks blocks = new PairBlocks(PARTITIONS);
    private ChunkTally tally = new ChunkTally(TextProfile.UNICODE, table);
    private StopWords stopWords = StopWords.NONE;

    /** Text counted so far, in 10^6 bytes. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Text {
        public double megabytes;

        @Setup(Level.Iteration)
        public void reset() {
            megabytes = 0;
        }
    }

    @Setup
    public void prepare() throws IOException {
        chunk = switch (text) {
            case "ascii" -> madeUp(0);
            case "multilingual" -> madeUp(15);
            case "folder" -> fromFolder(Path.of(System.getProperty("millrace.bench.text", "")));
            default -> throw new IllegalArgumentException("no text " + text);
        };
        TextProfile textProfile = TextProfile.named(profile);
        tally = new ChunkTally(textProfile, table);
        stopWords = StopWords.of(textProfile.defaultStopWords());
    }

    @Benchmark
    public long map(Text done) throws IOException {
        table.clear();
        blocks.clear();
        tally.tally(new ByteArrayInputStream(chunk), 0, Long.MAX_VALUE);
        blocks.addAll(table, stopWords);
        done.megabytes += chunk.length / 1e6;
        return blocks.pairs();
    }

    private static byte[] fromFolder(Path folder) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> files = paths.filter(Files::isRegularFile).sorted().collect(Collectors.toList());
            for (int i = 0; i < files.size() && out.size() < CHUNK_BYTES; i++) {
                out.write(Files.readAllBytes(files.get(i)));
            }
        }
        return out.toByteArray();
    }

    /** Words of 1 to 14 letters, the n-th about as frequent as 1/n, the given part in a hundred beyond ASCII. */
    private static byte[] madeUp(int percentForeign) {
        Random random = new Random(1);
        byte[][] words = new byte[60_000][];
        for (int i = 0; i < words.length; i++) {
            boolean foreign = random.nextInt(100) < percentForeign;
            StringBuilder word = new StringBuilder();
            for (int n = 1 + random.nextInt(4) + random.nextInt(11); n > 0; n--) {
                word.append((char) (foreign ? 0x430 + random.nextInt(32) : 'a' + random.nextInt(26)));
            }
            words[i] = word.toString().getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(CHUNK_BYTES + 32);
        for (int n = 1; out.size() < CHUNK_BYTES; n++) {
            out.writeBytes(words[(int) Math.pow(words.length, random.nextDouble()) - 1]);
            out.write(n % 12 == 0 ? '\n' : n % 9 == 0 ? ',' : ' ');
        }
        return out.toByteArray();
    }
}
