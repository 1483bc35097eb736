package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.KafkaCluster;
import dev.millrace.driver.KafkaClusterAdmin;
import dev.millrace.driver.Profiles;
import dev.millrace.driver.Release;
import dev.millrace.driver.cli.MillraceCli;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.driver.cli.Wiring;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.text.TextProfile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands of continuous jobs on a real broker, compared with a plain count of the documents. */
@Timeout(180)
final class ContinuousCommandsTest {
    @TempDir
    static Path folder;

    private static LocalCluster cluster;
    private static String server;

    @BeforeAll
    static void start() {
        cluster = LocalCluster.start(
                new LocalCluster.Settings(
                        EmbeddedBroker.Settings.temporary(),
                        2,
                        3,
                        InputRoots.ofArguments(List.of(folder)),
                        InputLimits.fromEnvironment(Map.of())),
                failure -> failure.printStackTrace(System.out));
        server = cluster.cluster().bootstrapServers();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** One run of the command line. */
    private static final class Command {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = -1;

        Command run(String... args) {
            List<String> all = new ArrayList<>(List.of(args));
            if (!args[0].equals("diff")) {
                all.addAll(List.of("--bootstrap-server", server));
            }
            Terminal terminal = new Terminal(
                    out,
                    new PrintStream(err, true, StandardCharsets.UTF_8),
                    Map.of(),
                    false,
                    false,
                    false,
                    System::nanoTime);
            Wiring wiring = new Wiring(
                    Release.VERSION,
                    new Profiles(),
                    KafkaCluster::open,
                    null,
                    (options, home) -> KafkaCluster.continuous(options),
                    null,
                    options -> new KafkaClusterAdmin(KafkaCluster.settings(options)),
                    List.of());
            code = new MillraceCli(wiring, terminal).run(all.toArray(String[]::new));
            return this;
        }

        String out() {
            return out.toString(StandardCharsets.UTF_8);
        }

        String err() {
            return err.toString(StandardCharsets.UTF_8);
        }
    }

    /** A command that drives a job, on a thread of its own, until its job is cancelled. */
    private static final class Driver implements AutoCloseable {
        final Command command = new Command();
        final CompletableFuture<Command> end;
        private final String job;

        /** Returns when the job is there; the arguments name it by {@code --job}. */
        Driver(String... args) {
            job = args[List.of(args).indexOf("--job") + 1];
            end = CompletableFuture.supplyAsync(() -> command.run(args), work -> new Thread(work, "driver").start());
            while (!command.err().contains("has begun")) {
                assertThat(end).as(command.err()).isNotDone();
                Thread.onSpinWait();
            }
        }

        /** Waits for the driver too. */
        void cancel() {
            ok("cancel", job);
            assertThat(end.join().code).as(command.err()).isEqualTo(6);
        }

        @Override
        public void close() {
            if (!end.isDone()) {
                cancel();
            }
        }
    }

    private static String ok(String... args) {
        Command command = new Command().run(args);
        assertThat(command.code).as(command.err()).isZero();
        return command.out();
    }

    @Test
    void aTopicIsCountedAndLookedAtAndCancelled() throws Exception {
        Map<String, Object> client = Map.of("bootstrap.servers", server);
        try (Admin admin = Admin.create(client)) {
            admin.createTopics(List.of(new NewTopic("docs", 2, (short) 1)))
                    .all()
                    .get();
        }
        Driver driver = new Driver("stream", "--from-topic", "docs", "--job", "wiki");
        Map<String, String> documents = new TreeMap<>();
        for (int i = 0; i < 300; i++) {
            documents.put("doc-" + i, "the mill " + "race ".repeat(i % 5) + "w" + i % 17);
        }
        produce(client, documents, documents.keySet());
        Path monday = folder.resolve("monday.tsv"), receipt = folder.resolve("monday.json");
        ok("snapshot", "wiki", "--format", "tsv", "--output", monday.toString(), "--receipt", receipt.toString());
        assertThat(table(Files.readString(monday))).isEqualTo(counts(documents));
        assertThat(Files.readString(receipt))
                .contains("\"name\" : \"wiki\"", "\"documentCount\" : 300", "\"id\" : \"doc-299\"");

        // The snapshot is published, so what is read without its driver's help is the same.
        assertThat(ok("get", "--job", "wiki", "race", "w3", "nowhere"))
                .isEqualTo("race\t" + counts(documents).get("race") + "\nw3\t"
                        + counts(documents).get("w3") + "\nnowhere\t0\n");
        assertThat(holders(ok("why", "--job", "wiki", "race"))).isEqualTo(holding(documents, "race"));
        assertThat(ok("top", "--job", "wiki", "--json", "--top", "2"))
                .contains(
                        "\"tokens\":"
                                + counts(documents).values().stream()
                                        .mapToLong(Long::longValue)
                                        .sum(),
                        "\"top\":[{\"word\":\"race\",\"count\":600},{\"word\":\"mill\",\"count\":300}]");

        documents.put("doc-1", "water wheel");
        documents.remove("doc-2");
        documents.put("new", "race");
        produce(client, documents, List.of("doc-1", "doc-2", "new"));
        Path tuesday = folder.resolve("tuesday.tsv");
        ok("snapshot", "wiki", "--format", "tsv", "--output", tuesday.toString());
        assertThat(table(Files.readString(tuesday))).isEqualTo(counts(documents));
        assertThat(holders(ok("why", "--job", "wiki", "race"))).isEqualTo(holding(documents, "race"));
        assertThat(holders(ok("why", "--job", "wiki", "nowhere"))).isEmpty();
        Command diff = new Command().run("diff", monday.toString(), tuesday.toString());
        assertThat(diff.code).isEqualTo(1);
        assertThat(diff.out()).isEqualTo("""
                        mill\t300\t298\t-2
                        race\t600\t598\t-2
                        the\t300\t298\t-2
                        w1\t18\t17\t-1
                        w2\t18\t17\t-1
                        water\t0\t1\t+1
                        wheel\t0\t1\t+1
                        """);
        assertThat(ok("diff", tuesday.toString(), tuesday.toString())).isEmpty();

        assertThat(ok("list")).contains("continuous  open").contains("wiki");
        assertThat(ok("status", "wiki"))
                .contains("sources     topic:docs", "driver      runs: heard of ", "documents   300\n");
        String id = ok("status", "wiki").split("\\s+", 3)[1];
        for (String reference : new String[] {"wiki", id}) {
            Command attach = new Command().run("attach", reference);
            assertThat(attach.code).isEqualTo(2);
            assertThat(attach.err())
                    .contains("job " + id + " (wiki) is continuous", "'millrace top --follow --job wiki'");
        }
        Command follower = new Command();
        CompletableFuture<Command> followed = CompletableFuture.supplyAsync(
                () -> follower.run("top", "--follow", "--json", "--job", "wiki"),
                work -> new Thread(work, "follower").start());
        while (!follower.out().contains("\"documents\":300")) {
            assertThat(followed).as(follower.err()).isNotDone();
            Thread.onSpinWait();
        }
        driver.cancel();
        assertThat(followed.join().code).as(follower.err()).isEqualTo(6);
        assertThat(follower.err()).isEqualTo("millrace: job wiki (" + id + ") was cancelled\n");
        assertThat(new Command().run("attach", "wiki").code).isEqualTo(6);
        assertThat(driver.command.err()).contains("was cancelled");
        assertThat(new Command().run("get", "--job", "wiki", "race").code).isEqualTo(3);
        assertThat(ok("status", "wiki")).contains("state       cancelled");
    }

    @Test
    void standardInputIsCountedToItsEndAndGoesOnWithTheNext() throws Exception {
        InputStream before = System.in;
        try {
            for (String text : new String[] {"the mill\n\nthe race", "water the\n"}) {
                System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
                ok("stream", "-", "--job", "lines");
            }
        } finally {
            System.setIn(before);
        }
        assertThat(table(ok("get", "--job", "lines", "the", "mill", "race", "water")))
                .isEqualTo(Map.of("the", 3L, "mill", 1L, "race", 1L, "water", 1L));
        assertThat(holders(ok("why", "--job", "lines", "the")))
                .isEqualTo(Map.of("stdin:000000000001", 1L, "stdin:000000000002", 1L, "stdin:000000000003", 1L));
    }

    /** What it had read and not counted by then was lost. */
    @Test
    void aStopCountsWhatWasTakenOfStandardInputAndTheJobGoesOn() throws Exception {
        int pieces = 40;
        Semaphore taken = new Semaphore(0);
        InputStream lines = new InputStream() {
            private int given;

            @Override
            public int read() {
                throw new AssertionError();
            }

            @Override
            public int read(byte[] piece, int from, int length) {
                if (given == pieces) {
                    taken.release();
                    try {
                        new CountDownLatch(1).await(); // as a terminal at which nobody types
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }
                given++;
                byte[] text = "the mill\n".repeat(1_000).getBytes(StandardCharsets.UTF_8);
                System.arraycopy(text, 0, piece, from, text.length);
                return text.length;
            }
        };
        CompletableFuture<Void> driving;
        try (ContinuousClient driver = new KafkaContinuousClient(new DriverSettings(
                cluster.cluster(), InputRoots.parse(List.of()), Duration.ofSeconds(30), false, "millrace attach"))) {
            driving = CompletableFuture.runAsync(
                    () -> driver.run(
                            "typed",
                            new TextRules("unicode", TextProfile.UNICODE.version(), List.of()),
                            new ContinuousClient.Lines(lines, new byte[] {'\n'}),
                            false,
                            new ContinuousListener() {}),
                    work -> new Thread(work, "driver").start());
            taken.acquire();
            assertThat(driver.stop()).isTrue();
            assertThatThrownBy(driving::get)
                    .cause()
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.INTERRUPTED));
            assertThat(driver.stop()).as("nothing runs").isFalse();
        }
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream("the end".getBytes(StandardCharsets.UTF_8)));
            ok("stream", "-", "--job", "typed");
        } finally {
            System.setIn(before);
        }
        assertThat(table(ok("get", "--job", "typed", "the", "mill", "end")))
                .isEqualTo(Map.of("the", pieces * 1_000L + 1, "mill", pieces * 1_000L, "end", 1L));
    }

    /** They came out percent-encoded. */
    @Test
    void filesAreNamedAsTheyAreCalled() throws Exception {
        Path texts = Files.createDirectories(folder.resolve("my texts"));
        Path receipt = folder.resolve("named.json");
        Files.writeString(texts.resolve("file 85.txt"), "mill mill mill");
        Files.writeString(texts.resolve("100%20.txt"), "mill mill");
        Files.writeString(texts.resolve("a\nb\u001b[31m.txt"), "mill");
        try (Driver driver = new Driver("watch", "--job", "named", texts.toString())) {
            ok("snapshot", "named", "--receipt", receipt.toString());
            assertThat(ok("why", "--job", "named", "mill"))
                    .isEqualTo("3\tfile 85.txt\n2\t100%20.txt\n1\ta\\nb\\x1b[31m.txt\n");
            assertThat(ok("why", "--job", "named", "--json", "mill"))
                    .contains("\"document\" : \"file%2085.txt\"", "\"name\" : \"file 85.txt\"");
            assertThat(Files.readString(receipt))
                    .contains("\"id\" : \"100%2520.txt\"", "\"name\" : \"100%20.txt\"", "/my%20texts\"");
            assertThat(ok("status", "named")).contains("sources     " + texts + "\n");
            Command other = new Command().run("watch", "--job", "named", folder.toString());
            assertThat(other.code).isEqualTo(2);
            assertThat(other.err())
                    .contains("counts " + texts + " and not " + folder
                            + ": end the job with 'millrace cancel named --bootstrap-server ")
                    .endsWith("' and start this again, or give another --job NAME\n");
            driver.cancel();
        }
    }

    @Test
    void whatIsNotThereIsNamed() {
        Command stream = new Command().run("stream", "--from-topic", "nowhere");
        assertThat(stream.code).isEqualTo(2);
        assertThat(stream.err()).contains("has no topic 'nowhere': make it first");
        for (String[] args : new String[][] {{"get", "x"}, {"why", "x"}, {"top"}, {"snapshot"}}) {
            Command command = new Command().run(args);
            assertThat(command.code).isEqualTo(3);
            assertThat(command.err()).contains("has no continuous job named default that goes on");
        }
    }

    private static void produce(Map<String, Object> client, Map<String, String> documents, Iterable<String> ids)
            throws Exception {
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(client, new StringSerializer(), new StringSerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (String id : ids) {
                sent.add(producer.send(new ProducerRecord<>("docs", id, documents.get(id))));
            }
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
        }
    }

    private static Map<String, Long> counts(Map<String, String> documents) {
        Map<String, Long> counts = new TreeMap<>();
        for (String text : documents.values()) {
            for (String word : text.split(" +", -1)) {
                counts.merge(word, 1L, Long::sum);
            }
        }
        return counts;
    }

    private static Map<String, Long> holding(Map<String, String> documents, String word) {
        Map<String, Long> holding = new TreeMap<>();
        documents.forEach((id, text) -> {
            long count =
                    List.of(text.split(" +", -1)).stream().filter(word::equals).count();
            if (count > 0) {
                holding.put(id, count);
            }
        });
        return holding;
    }

    private static Map<String, Long> table(String tsv) {
        return tsv.lines()
                .map(line -> line.split("\t", -1))
                .collect(Collectors.toMap(parts -> parts[0], parts -> Long.valueOf(parts[1]), Long::sum, TreeMap::new));
    }

    private static Map<String, Long> holders(String lines) {
        return lines.lines()
                .map(line -> line.split("\t", -1))
                .collect(Collectors.toMap(parts -> parts[1], parts -> Long.valueOf(parts[0]), Long::sum, TreeMap::new));
    }
}
