package dev.millrace.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/**
 * The command line as its users meet it on a bad day: every case runs it as a process and looks at the exit code, at
 * what it says and, where it counts, at the counts. Those are known from how the input was written.
 *
 * <p>What takes a minute of waiting is begun before the tests and looked at by the last of them.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class BadInputTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Pattern STACK_TRACE =
            Pattern.compile("(?m)^\\s+at [\\w.$/]+\\(|^Caused by: |Exception in thread");
    private static final Pattern ALL_PLANNED = Pattern.compile("/\\d+ chunks");

    @TempDir
    static Path folder;

    private static final List<MillraceProcess> STARTED = Collections.synchronizedList(new ArrayList<>());
    private static Random random;
    private static RandomText text;
    private static Path data;
    private static int outputs;

    private static MillraceProcess mapper;
    private static String address;

    private static MillraceProcess lostBroker;
    private static String lostAddress;
    private static MillraceProcess lostDriver;
    private static String lostJob;

    private static ServerSocket silent;
    /** Held, so that none is closed before the end. */
    private static final List<Socket> SILENT_ENDS = Collections.synchronizedList(new ArrayList<>());

    private static MillraceProcess toNobody;
    private static MillraceProcess toSilence;
    private static int nobodysPort;

    @BeforeAll
    static void begin() throws Exception {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        random = new Random(seed);
        text = new RandomText(seed);
        data = Files.createDirectory(folder.resolve("data"));
        text.write(Files.createDirectory(data.resolve("text")).resolve("text.txt"), 2 << 20);

        MillraceProcess broker = broker("broker", "0");
        lostBroker = broker("lost-broker", "0");
        address = addressOf(broker);
        lostAddress = addressOf(lostBroker);
        on(lostAddress, "reducer", "--slot", "reducer-1");
        on(lostAddress, "mapper", "--slot", "mapper-1", "--threads", "1", "--root", root());
        lostDriver = on(
                lostAddress,
                "count",
                "--chunk-size",
                "8KiB",
                "--root",
                root(),
                data.resolve("text").toString());
        on(address, "reducer", "--slot", "reducer-1");
        mapper = startMapper();
        String file = data.resolve("text/text.txt").toString();
        nobodysPort = closedPort();
        toNobody = on("127.0.0.1:" + nobodysPort, "count", "--root", root(), file);
        silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        keepSilent(silent);
        toSilence = on("127.0.0.1:" + silent.getLocalPort(), "count", "--root", root(), file);
        lostJob = lostDriver.awaitLine("job ", PATIENCE);
        // So few that most of a window is still to be done, which the driver then tries to hand out again.
        awaitEvents(lostAddress, 20);
        lostBroker.kill();
    }

    /** Returns when mappers have told of so much. That is asked of the broker, as drivers tell little without -v. */
    private static void awaitEvents(String broker, long least) throws Exception {
        TopicPartition events = new TopicPartition("millrace.events", 0);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            for (long there = 0; there < least; ) {
                there = admin.listOffsets(Map.of(events, OffsetSpec.latest()))
                        .partitionResult(events)
                        .get()
                        .offset();
                assertThat(System.nanoTime()).as("%d events", there).isLessThan(deadline);
            }
        }
    }

    private static int closedPort() throws IOException {
        try (ServerSocket closedAtOnce = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return closedAtOnce.getLocalPort();
        }
    }

    /** Accepts and never says a word. */
    private static void keepSilent(ServerSocket server) {
        Thread acceptor = new Thread(
                () -> {
                    try {
                        while (true) {
                            SILENT_ENDS.add(server.accept());
                        }
                    } catch (IOException closed) {
                        // The end of the tests.
                    }
                },
                "silent server");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    @AfterAll
    static void end() throws IOException {
        STARTED.forEach(MillraceProcess::close);
        if (silent != null) {
            silent.close();
            for (Socket socket : SILENT_ENDS) {
                socket.close();
            }
        }
    }

    // ---- processes

    private static MillraceProcess broker(String name, String port) {
        return started(MillraceProcess.local(
                "broker", "--data-dir", folder.resolve(name).toString(), "--port", port, "--partitions", "3"));
    }

    private static String addressOf(MillraceProcess broker) throws InterruptedException {
        String ready = broker.awaitLine("broker ready at ", PATIENCE);
        return ready.substring(0, ready.indexOf(','));
    }

    private static String root() {
        return "data=" + data;
    }

    private static MillraceProcess started(MillraceProcess process) {
        STARTED.add(process);
        return process;
    }

    private static MillraceProcess run(String... arguments) {
        return started(MillraceProcess.local(arguments));
    }

    private static MillraceProcess on(String broker, String... arguments) {
        return run(and(arguments, "--bootstrap-server", broker));
    }

    private static MillraceProcess startMapper() {
        return on(address, "mapper", "--slot", "mapper-1", "--threads", "2", "--root", root());
    }

    /** A job on the cluster. */
    private static MillraceProcess count(String... arguments) {
        return on(address, and(new String[] {"count", "--root", root()}, arguments));
    }

    private static String[] and(String[] some, String... more) {
        String[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    private static void awaitAllPlanned(MillraceProcess driver) throws InterruptedException {
        driver.awaitLines(1, line -> ALL_PLANNED.matcher(line).find(), PATIENCE);
    }

    private static Path output() {
        return folder.resolve("counts-" + outputs++ + ".tsv");
    }

    // ---- what is expected of any of them

    /** The process ends with this code, and tells its user all of this and nothing that only its makers understand. */
    private static void assertEnd(MillraceProcess process, int code, String... says) throws InterruptedException {
        process.awaitCode(PATIENCE, code);
        String output = process.output();
        for (String said : says) {
            assertThat(output).contains(said);
        }
        assertThat(output).doesNotContainPattern(STACK_TRACE);
        assertThat(output.chars().filter(c -> c != '\n' && Character.isISOControl(c)))
                .as("control characters in %s", output)
                .isEmpty();
    }

    private static void assertCounts(MillraceProcess process, Path output, Map<String, Long> expected)
            throws IOException, InterruptedException {
        assertEnd(process, 0);
        assertThat(counts(output)).isEqualTo(expected);
    }

    private static Map<String, Long> counts(Path tsv) throws IOException {
        Map<String, Long> words = new TreeMap<>();
        for (String line : Files.readAllLines(tsv)) {
            int tab = line.indexOf('\t');
            words.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1)));
        }
        return words;
    }

    private static long receipt(Path receipt, String field) throws IOException {
        Matcher number = Pattern.compile("\"" + field + "\"\\s*:\\s*(\\d+)").matcher(Files.readString(receipt));
        assertThat(number.find()).as(field).isTrue();
        return Long.parseLong(number.group(1));
    }

    // ---- before a job begins

    /** What a command line is expected to end with. */
    private record Refusal(int code, List<String> says, MillraceProcess process) {
        static Refusal of(int code, List<String> says, String... arguments) {
            return new Refusal(code, says, run(arguments));
        }
    }

    @Test
    @Order(1)
    void whatCannotBeCountedIsRefusedByName() throws IOException, InterruptedException {
        Path odd = Files.createDirectory(folder.resolve("odd"));
        String file = Files.writeString(odd.resolve("a.txt"), "some words").toString();
        String missing = odd.resolve("missing.txt").toString();
        String fifo = fifo(odd.resolve("pipe")).toString();
        Path loop = odd.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        Path notGzip = Files.writeString(odd.resolve("not.gz"), "just words");
        String noFolder = odd.resolve("nowhere/out.tsv").toString();
        String forged = odd + "/\u001b[2Jno\nmillrace: all is well";
        List<Refusal> refusals = List.of(
                Refusal.of(2, List.of(missing, "no such file"), "count", missing),
                Refusal.of(2, List.of("\\x1b[2Jno\\nmillrace: all is well", "no such file"), "count", forged),
                Refusal.of(2, List.of(fifo, "only regular files can be counted"), "count", fifo),
                Refusal.of(2, List.of("/dev/zero", "only regular files can be counted"), "count", "/dev/zero"),
                Refusal.of(1, List.of(loop.toString(), "symbolic links"), "count", loop.toString()),
                Refusal.of(1, List.of(notGzip.toString(), "is called gzip but is not"), "count", notGzip.toString()),
                Refusal.of(2, List.of("--chunksize", "Did you mean --chunk-size"), "count", "--chunksize", "7", file),
                Refusal.of(2, List.of("'wrods'", "millrace --help"), "wrods"),
                Refusal.of(2, List.of("'latin'", "unicode, pymotw"), "count", "--profile", "latin", file),
                Refusal.of(2, List.of("'xml'", "table, tsv, csv and json"), "count", "--format", "xml", file),
                Refusal.of(2, List.of("--chunk-size"), "count", "--chunk-size", "0", file),
                Refusal.of(1, List.of(noFolder, "there is no folder"), "count", "--output", noFolder, file),
                Refusal.of(1, List.of(odd.toString(), "it is a folder"), "count", "--output", odd.toString(), file),
                Refusal.of(1, List.of(odd.toString(), "it is a folder"), "count", "--receipt", odd.toString(), file));
        for (Refusal refusal : refusals) {
            assertEnd(refusal.process, refusal.code, refusal.says.toArray(String[]::new));
            assertThat(refusal.process.output()).doesNotContain("\nmillrace: all is well");
        }
    }

    private static Path fifo(Path fifo) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("mkfifo", fifo.toString())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        return fifo;
    }

    @Test
    @Order(1)
    void whatMayNotBeReadOrWrittenIsRefusedByName() throws IOException, InterruptedException {
        // Root may do anything, unless it gives that up.
        String asUser = "exec \"$@\"";
        if (Files.getOwner(folder).getName().equals("root")) {
            asUser = "exec setpriv --bounding-set -dac_override,-dac_read_search \"$@\"";
            boolean can =
                    new ProcessBuilder("sh", "-c", asUser, "sh", "true").start().waitFor() == 0;
            assumeTrue(can, "root reads every file, and there is no setpriv to make it stop");
        }
        Path locked = Files.createDirectory(folder.resolve("locked"));
        Path secret = Files.writeString(locked.resolve("secret.txt"), "secret words");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
        MillraceProcess named = started(MillraceProcess.shell(asUser, "count", secret.toString()));
        MillraceProcess inFolder = started(MillraceProcess.shell(asUser, "count", locked.toString()));
        Path sealed = Files.createDirectory(folder.resolve("sealed"));
        Files.setPosixFilePermissions(sealed, PosixFilePermissions.fromString("r-xr-xr-x"));
        String out = sealed.resolve("out.tsv").toString();
        MillraceProcess writing = started(MillraceProcess.shell(asUser, "count", "--output", out, secret.toString()));
        assertEnd(named, 1, secret.toString(), "permission denied");
        assertEnd(inFolder, 1, secret.toString(), "permission denied");
        assertEnd(writing, 1, "cannot write '" + out + "'", "permission denied");
    }

    // ---- odd input that counts

    @Test
    @Order(2)
    void emptyFileHasNoWords() throws IOException, InterruptedException {
        Path empty = Files.createFile(data.resolve("empty.txt"));
        assertEnd(count(empty.toString()), 0, "TOP 20 WORDS BY FREQUENCY", "no words");
    }

    @Test
    @Order(2)
    void twoEmbeddedRunsAtOnceAreBothRight() throws IOException, InterruptedException {
        Path first = folder.resolve("first.txt"), second = folder.resolve("second.txt");
        RandomText ofFirst = new RandomText(random.nextLong()), ofSecond = new RandomText(random.nextLong());
        ofFirst.write(first, 100_000);
        ofSecond.write(second, 100_000);
        Path firstCounts = output(), secondCounts = output();
        MillraceProcess one = run("count", "--format", "tsv", "--output", firstCounts.toString(), first.toString());
        MillraceProcess other = run("count", "--format", "tsv", "--output", secondCounts.toString(), second.toString());
        assertCounts(one, firstCounts, ofFirst.counts());
        assertCounts(other, secondCounts, ofSecond.counts());
    }

    @Test
    @Order(2)
    void folderWithLoopsPipesAndOddNames() throws IOException, InterruptedException {
        Path odd = Files.createDirectory(data.resolve("names"));
        // Java cannot make all of these names.
        String names = """
                for name in 'with blank' "$(printf 'new\\nline')" "$(printf 'bad\\377byte')" "$(printf 'esc\\033[31mred')" \
                    "$(printf 'turn\\342\\200\\256ed')" '-v' '@file' '${HOME}' '%41' 'back\\slash'; do
                    printf 'a word\\n' >"./$name.txt"
                done
                """;
        assertThat(new ProcessBuilder("sh", "-c", names)
                        .directory(odd.toFile())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        fifo(odd.resolve("pipe"));
        Files.createSymbolicLink(Files.createDirectory(odd.resolve("below")).resolve("up"), odd);
        Path counts = output();
        MillraceProcess job = count(
                "-v",
                "--follow",
                "--chunk-size",
                "7",
                "--format",
                "tsv",
                "--output",
                counts.toString(),
                odd.toString());
        assertCounts(job, counts, Map.of("a", 10L, "word", 10L));
        assertThat(job.output())
                .contains("new\\nline.txt", "bad\\xffbyte.txt", "esc\\x1b[31mred.txt", "turn\\u202eed.txt")
                .contains("pipe: passed over: a FIFO, socket or device", "up: passed over: it leads back to");
    }

    @Test
    @Order(2)
    void linksThatArePassedOverAreNamedWithTheOptionThatFollowsThem() throws IOException, InterruptedException {
        Path links = Files.createDirectory(data.resolve("links"));
        Files.writeString(links.resolve("a.txt"), "one");
        Files.createSymbolicLink(links.resolve("b.txt"), links.resolve("a.txt"));
        MillraceProcess job = count(links.toString());
        assertEnd(job, 0, links.resolve("b.txt") + ": passed over: a symbolic link (--follow reads what it leads to)");
    }

    @Test
    @Order(2)
    void manySmallFilesArePackedIntoFewTasks() throws IOException, InterruptedException {
        Path many = Files.createDirectory(data.resolve("many"));
        Map<String, Long> expected = new TreeMap<>();
        for (int i = 0; i < 20_000; i++) {
            Path in = many.resolve("d" + i % 20);
            if (i < 20) {
                Files.createDirectory(in);
            }
            // No newline at the end: a file's last word must not run into the next file's first.
            String word = "x" + i % 1_000;
            Files.writeString(in.resolve("f" + i), "common " + word);
            expected.merge("common", 1L, Long::sum);
            expected.merge(word, 1L, Long::sum);
        }
        Path counts = output();
        String receipt = counts + ".json";
        MillraceProcess job =
                count("--format", "tsv", "--output", counts.toString(), "--receipt", receipt, many.toString());
        assertCounts(job, counts, expected);
        assertThat(receipt(Path.of(receipt), "files")).isEqualTo(20_000);
        assertThat(receipt(Path.of(receipt), "tasks")).isLessThanOrEqualTo(40);
    }

    @Test
    @Order(2)
    void oneLineOf1GiBAndOneWordOf64MB() throws IOException, InterruptedException {
        Path big = Files.createDirectory(data.resolve("big"));
        byte[] block = "alpha beta gamma ".repeat(65_536).getBytes(StandardCharsets.US_ASCII);
        int blocks = (1 << 30) / block.length + 1;
        try (OutputStream out = Files.newOutputStream(big.resolve("line.txt"))) {
            for (int i = 0; i < blocks; i++) {
                out.write(block);
            }
        }
        Files.writeString(big.resolve("word.txt"), "alpha " + "x".repeat(64_000_000) + " alpha\nalpha");
        long each = 65_536L * blocks;
        Path counts = output();
        String receipt = counts + ".json";
        MillraceProcess job = count(
                "--chunk-size",
                "3MiB",
                "--format",
                "tsv",
                "--output",
                counts.toString(),
                "--receipt",
                receipt,
                big.toString());
        assertCounts(job, counts, Map.of("alpha", each + 3, "beta", each, "gamma", each));
        assertThat(receipt(Path.of(receipt), "oversizedWords")).isEqualTo(1);
    }

    /** Bytes, and the words that each profile finds in them where blanks or line ends stand around them. */
    private record Piece(byte[] bytes, List<String> unicode, List<String> pymotw) {
        static Piece of(String latin1, List<String> unicode, List<String> pymotw) {
            return new Piece(latin1.getBytes(StandardCharsets.ISO_8859_1), unicode, pymotw);
        }
    }

    private static final List<Piece> PIECES = List.of(
            Piece.of("plain", List.of("plain"), List.of("plain")),
            Piece.of("NUL\0byte", List.of("nul", "byte"), List.of()),
            Piece.of("\0", List.of(), List.of()),
            Piece.of("carriage\r", List.of("carriage"), List.of("carriage")),
            Piece.of("mark\u00ef\u00bb\u00bfed", List.of("mark", "ed"), List.of()),
            Piece.of("bad\u00ffbyte", List.of("bad", "byte"), List.of("bad", "byte")),
            Piece.of("cut\u00e2\u0082off", List.of("cut", "off"), List.of("cut", "off")),
            Piece.of("lead\u00f0\u009f\u0098", List.of("lead"), List.of("lead")),
            Piece.of("over\u00c0\u00aflong", List.of("over", "long"), List.of("over", "long")),
            Piece.of("sur\u00ed\u00a0\u0080rogate", List.of("sur", "rogate"), List.of("sur", "rogate")),
            Piece.of("na\u00c3\u00afve", List.of("na\u00efve"), List.of("na\u00efve")),
            Piece.of("\u00e6\u0097\u00a5\u00e6\u009c\u00ac", List.of("\u65e5\u672c"), List.of("\u65e5\u672c")));

    @Test
    @Order(2)
    void bytesThatAreNoTextAtTheEdgesOfChunks() throws IOException, InterruptedException {
        Path bytes = Files.createDirectory(data.resolve("bytes"));
        Map<String, Long> unicode = new TreeMap<>(), pymotw = new TreeMap<>();
        for (int file = 0; file < 4; file++) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            if (file % 2 == 0) {
                out.writeBytes(new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf});
            }
            for (int i = 0; i < 40; i++) {
                Piece piece = PIECES.get(random.nextInt(PIECES.size()));
                out.writeBytes(piece.bytes);
                out.write(" \n\n".charAt(random.nextInt(3)));
                piece.unicode.forEach(word -> unicode.merge(word, 1L, Long::sum));
                piece.pymotw.forEach(word -> pymotw.merge(word, 1L, Long::sum));
            }
            // The end of a file ends a sequence, too.
            out.writeBytes(new byte[] {'e', 'n', 'd', (byte) 0xe2, (byte) 0x82});
            unicode.merge("end", 1L, Long::sum);
            pymotw.merge("end", 1L, Long::sum);
            Files.write(bytes.resolve("f" + file), out.toByteArray());
        }
        Map<String, Map<String, Long>> expected = Map.of("unicode", unicode, "pymotw", pymotw);
        for (String profile : expected.keySet()) {
            Path counts = output();
            MillraceProcess job = count(
                    "--profile",
                    profile,
                    "--stop-words",
                    "none",
                    "--chunk-size",
                    "7",
                    "--format",
                    "tsv",
                    "--output",
                    counts.toString(),
                    bytes.toString());
            assertCounts(job, counts, expected.get(profile));
        }
    }

    // ---- archives

    private interface Compressor {
        OutputStream around(OutputStream out) throws IOException;
    }

    private static final Map<String, Compressor> FORMATS = new LinkedHashMap<>(Map.of(
            "gz", GZIPOutputStream::new,
            "bz2", BZip2CompressorOutputStream::new,
            "zst", ZstdOutputStream::new,
            // The largest blocks, and so the best ratio there is: 1 to 255.
            "lz4", out -> new LZ4FrameOutputStream(out, LZ4FrameOutputStream.BLOCKSIZE.SIZE_4MB),
            "xz", out -> new XZOutputStream(out, new LZMA2Options(0))));

    @Test
    @Order(2)
    void archivesThatAreCutOffOrGrowWithoutEndFailByName() throws IOException, InterruptedException {
        Path archives = Files.createDirectory(data.resolve("archives"));
        byte[] blanks = new byte[1 << 20];
        Arrays.fill(blanks, (byte) ' ');
        byte[] words = new byte[50_000];
        for (int i = 0; i < words.length; i++) {
            words[i] = (byte) (i % 7 == 6 ? ' ' : 'a' + random.nextInt(26));
        }
        List<Refusal> refusals = new ArrayList<>();
        for (Map.Entry<String, Compressor> format : FORMATS.entrySet()) {
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            try (OutputStream out = format.getValue().around(whole)) {
                out.write(words);
            }
            Path cut = archives.resolve("cut." + format.getKey());
            Files.write(cut, Arrays.copyOf(whole.toByteArray(), whole.size() * 3 / 4));
            Path bomb = archives.resolve("bomb." + format.getKey());
            try (OutputStream out = format.getValue().around(Files.newOutputStream(bomb))) {
                for (int i = 0; i < 72; i++) {
                    out.write(blanks);
                }
            }
            refusals.add(new Refusal(1, List.of(cut.toString(), "failed"), count(cut.toString())));
            refusals.add(new Refusal(1, List.of(bomb.toString(), "MILLRACE_INPUT_MAX_RATIO"), count(bomb.toString())));
        }
        for (Refusal refusal : refusals) {
            assertEnd(refusal.process, refusal.code, refusal.says.toArray(String[]::new));
        }
    }

    // ---- standard output

    @Test
    @Order(3)
    void readerOfTheResultThatLeavesEndsNothingElse() throws IOException, InterruptedException {
        String script = "{ \"$@\"; echo \"ended with $?\" >&2; } | ";
        String[] job = {
            "count",
            "--bootstrap-server",
            address,
            "--root",
            root(),
            "--format",
            "tsv",
            data.resolve("text").toString()
        };
        MillraceProcess head = started(MillraceProcess.shell(script + "head -n 1", job));
        MillraceProcess gone = started(MillraceProcess.shell(script + "true", job));
        MillraceProcess full = started(MillraceProcess.shell("exec \"$@\" >/dev/full", job));
        long most = Collections.max(text.counts().values());
        head.awaitEnd(PATIENCE);
        assertThat(head.output()).contains("\t" + most).contains("ended with 0").doesNotContainPattern(STACK_TRACE);
        assertEnd(gone, 0, "ended with 0");
        assertThat(gone.output()).doesNotContain("cannot write");
        assertEnd(full, 1, "cannot write to standard output");
    }

    // ---- while a job runs

    @Test
    @Order(4)
    void filesThatChangeWhileTheJobRunsFailItByName() throws IOException, InterruptedException {
        Path changing = Files.createDirectory(data.resolve("changing"));
        List<String> names =
                List.of("gone \u001b[31m\n.txt", "changed.txt", "truncated.txt", "rewritten.txt", "a-pipe-now.txt");
        assertThat(mapper.stop(PATIENCE)).isZero();
        List<MillraceProcess> jobs = new ArrayList<>();
        for (String name : names) {
            Path file = changing.resolve(name);
            Files.writeString(file, "some words of some length\n".repeat(1_000));
            jobs.add(count("--output", folder.resolve("never.txt").toString(), file.toString()));
        }
        for (MillraceProcess job : jobs) {
            awaitAllPlanned(job);
        }
        Files.delete(changing.resolve(names.get(0)));
        Files.writeString(changing.resolve(names.get(1)), "more", StandardOpenOption.APPEND);
        try (var channel = Files.newByteChannel(changing.resolve(names.get(2)), StandardOpenOption.WRITE)) {
            channel.truncate(100);
        }
        Files.writeString(changing.resolve(names.get(3)), "sore words of some length\n".repeat(1_000));
        Files.delete(changing.resolve(names.get(4)));
        fifo(changing.resolve(names.get(4)));
        mapper = startMapper();
        assertEnd(jobs.get(0), 1, changing + "/gone \\x1b[31m\\n.txt", "no such file");
        assertEnd(jobs.get(1), 1, changing + "/changed.txt: changed since", "Count it again");
        assertEnd(jobs.get(2), 1, changing + "/truncated.txt: changed since", "Count it again");
        assertEnd(jobs.get(3), 1, changing + "/rewritten.txt: changed since", "Count it again");
        assertEnd(jobs.get(4), 1, changing + "/a-pipe-now.txt", "only regular files can be counted");
        assertThat(folder.resolve("never.txt")).doesNotExist();
    }

    @Test
    @Order(4)
    void interruptedJobGoesOnAndSaysHowToComeBack() throws IOException, InterruptedException {
        assertThat(mapper.stop(PATIENCE)).isZero();
        // More chunks than a window: whoever comes back has to plan the rest.
        MillraceProcess job = count("--chunk-size", "8KiB", data.resolve("text").toString());
        job.awaitLine("job ", PATIENCE);
        job.awaitLines(1, line -> line.contains(" chunks"), PATIENCE);
        job.interrupt();
        assertEnd(job, 130, "interrupted", "goes on. To come back: millrace attach ");
        mapper = startMapper();
        Path counts = output();
        assertCounts(comeBack(job, counts), counts, text.counts());
    }

    /** Runs the very command that a driver has told its user, with an output of ours. */
    private static MillraceProcess comeBack(MillraceProcess driver, Path output) {
        Matcher told = Pattern.compile("come back: millrace (attach .*)").matcher(driver.output());
        assertThat(told.find()).as(driver.output()).isTrue();
        String[] command = told.group(1).split(" ", -1); // no name in these tests has a blank
        return run(and(command, "--format", "tsv", "--output", output.toString()));
    }

    // ---- a cluster that is not as it should be

    @Test
    @Order(5)
    void partitionsThatAreAddedWhileAJobRuns() throws Exception {
        assertEnd(odd("init", "--partitions", "2"), 0);
        String texts = data.resolve("text").toString();
        Path first = output(), second = output();
        MillraceProcess job = odd("count", "--root", root(), "--format", "tsv", "--output", first.toString(), texts);
        String id = job.awaitLine("job ", PATIENCE);
        awaitAllPlanned(job);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            admin.createPartitions(Map.of(
                            "odd.pairs", NewPartitions.increaseTo(4), "odd.results." + id, NewPartitions.increaseTo(3)))
                    .all()
                    .get();
            String says = "odd.checkpoints has 2 partitions and needs";
            assertEnd(odd("count", "--root", root(), texts), 1, says, "millrace init");
            assertEnd(odd("doctor"), 1, "odd.checkpoints", "millrace init");
            assertEnd(odd("reducer", "--slot", "reducer-1"), 1, says, "millrace init");
            assertEnd(odd("init"), 0, "made partitions of odd.checkpoints");
        }
        odd("reducer", "--slot", "reducer-1");
        odd("mapper", "--root", root());
        assertCounts(job, first, text.counts());
        assertCounts(
                odd("count", "--root", root(), "--format", "tsv", "--output", second.toString(), texts),
                second,
                text.counts());
    }

    private static MillraceProcess odd(String... arguments) {
        return on(address, and(arguments, "--topic-prefix", "odd."));
    }

    // ---- brokers that do not answer

    @Test
    @Order(8)
    void brokerThatIsNotThereIsNamed() throws InterruptedException {
        assertEnd(toNobody, 4, "127.0.0.1:" + nobodysPort, "is a broker listening there?");
        assertEnd(toSilence, 4, "127.0.0.1:" + silent.getLocalPort(), "is a broker listening there?");
    }

    /** Amid the others: long enough for its driver to give up, and no longer than its mapper and reducer wait, 5 minutes. */
    @Test
    @Order(4)
    void brokerLostInMidJobIsNamedAndTheJobGoesOnAfterwards() throws IOException, InterruptedException {
        assertEnd(lostDriver, 4, "the broker at " + lostAddress, "millrace attach ", lostJob);
        lostBroker = broker("lost-broker", lostAddress.substring(lostAddress.indexOf(':') + 1));
        addressOf(lostBroker);
        Path counts = output();
        assertCounts(comeBack(lostDriver, counts), counts, text.counts());
    }
}
