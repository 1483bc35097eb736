package dev.millrace.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster of real processes on one machine, which are killed, frozen and doubled while it counts. */
final class FaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    static Path folder;

    /** Kafka's default of broker.session.timeout.ms, by which transactions and connections have ended too. */
    private static final Duration BROKER_SESSION = Duration.ofSeconds(10);

    private static Path data;
    private static RandomText text;
    private static MillraceProcess broker;
    private static String address;
    private static int jobs;

    private static MillraceProcess mapper1, mapper2, reducer1, reducer2;

    private final List<MillraceProcess> jobsStarted = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        data = Files.createDirectory(folder.resolve("data"));
        text = new RandomText(seed);
        for (int i = 0; i < 4; i++) {
            text.write(data.resolve("text-" + i + ".txt"), 1 << 20);
        }
        broker = startBroker("0");
        address = broker.awaitLine("broker ready at ", PATIENCE).split(",", -1)[0];
        mapper1 = mapper("mapper-1");
        mapper2 = mapper("mapper-2");
        reducer1 = reducer("reducer-1");
        reducer2 = reducer("reducer-2");
    }

    private static MillraceProcess startBroker(String port) {
        return MillraceProcess.local(
                "broker", "--data-dir", folder.resolve("broker").toString(), "--port", port, "--partitions", "6");
    }

    @AfterAll
    static void stop() {
        List.of(mapper1, mapper2, reducer1, reducer2, broker).forEach(MillraceProcess::close);
    }

    /** Those that the test before has killed. */
    @BeforeEach
    void startServicesAgain() {
        mapper1 = alive(mapper1, () -> mapper("mapper-1"));
        mapper2 = alive(mapper2, () -> mapper("mapper-2"));
        reducer1 = alive(reducer1, () -> reducer("reducer-1"));
        reducer2 = alive(reducer2, () -> reducer("reducer-2"));
    }

    private static MillraceProcess alive(MillraceProcess service, Supplier<MillraceProcess> start) {
        return service.isAlive() ? service : start.get();
    }

    @AfterEach
    void stopJobs() {
        jobsStarted.forEach(MillraceProcess::close);
    }

    private MillraceProcess job(MillraceProcess process) {
        jobsStarted.add(process);
        return process;
    }

    private MillraceProcess run(String... arguments) {
        return job(onCluster(arguments));
    }

    private static MillraceProcess onCluster(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--bootstrap-server", address));
        return MillraceProcess.local(all.toArray(String[]::new));
    }

    private static MillraceProcess mapper(String slot) {
        return onCluster("mapper", "--slot", slot, "--threads", "1", "--root", "data=" + data);
    }

    private static MillraceProcess reducer(String slot) {
        return onCluster("reducer", "--slot", slot, "--threads", "2");
    }

    private MillraceProcess count(Path output) {
        return run(counting(output, "--root", "data=" + data));
    }

    private static String[] counting(Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "count",
                "-v",
                "--chunk-size",
                "16KiB",
                "--format",
                "tsv",
                "--output",
                output.toString(),
                "--receipt",
                output + ".json",
                data.toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private MillraceProcess attach(String job, Path output) {
        return run(
                "attach",
                job,
                "--format",
                "tsv",
                "--output",
                output.toString(),
                "--receipt",
                output + ".json",
                "--root",
                "data=" + data);
    }

    private static Path output() {
        return folder.resolve("counts-" + jobs++ + ".tsv");
    }

    private static void signalMappers(String signal) throws IOException, InterruptedException {
        mapper1.signal(signal);
        mapper2.signal(signal);
    }

    private static boolean isClaim(String line) {
        return line.contains(" reading ");
    }

    private static void assertExact(Path output) throws IOException {
        Map<String, Long> words = new TreeMap<>();
        for (String line : Files.readAllLines(output)) {
            int tab = line.indexOf('\t');
            words.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1)));
        }
        assertThat(words).isEqualTo(text.counts());
        assertThat(Files.readString(Path.of(output + ".json"))).containsPattern("\"conserved\"\\s*:\\s*true");
    }

    @Test
    void mappersAndReducersKilledInMidJob() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess job = count(output);
        for (int claims = 30; claims <= 150; claims += 40) {
            job.awaitLines(claims, FaultsTest::isClaim, PATIENCE);
            mapper1.kill();
            reducer1.kill();
            mapper1 = mapper("mapper-1");
            reducer1 = reducer("reducer-1");
        }
        mapper2.kill();
        job.awaitSuccess(PATIENCE);
        assertExact(output);
    }

    @Test
    void driverKilledAndAnotherAttached() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess first = count(output);
        String job = first.awaitLine("job ", PATIENCE);
        first.awaitLines(40, FaultsTest::isClaim, PATIENCE);
        first.kill();
        attach(job, output).awaitSuccess(PATIENCE);
        assertExact(output);
    }

    @Test
    void ofTwoDriversOfOneJobTheFirstStops() throws IOException, InterruptedException {
        Path theirs = output(), ours = output();
        MillraceProcess first = count(theirs);
        String job = first.awaitLine("job ", PATIENCE);
        first.awaitLines(20, FaultsTest::isClaim, PATIENCE);
        signalMappers("STOP"); // or the job may be done before the other driver's process has begun
        MillraceProcess second = attach(job, ours);
        try {
            second.awaitLine("job ", PATIENCE);
        } finally {
            signalMappers("CONT");
        }
        second.awaitSuccess(PATIENCE);
        assertExact(ours);
        first.awaitCode(PATIENCE, 1);
        assertThat(first.output()).contains("another driver has taken over job " + job);
        assertThat(theirs).doesNotExist();
    }

    @Test
    void mapperFrozenBeyondItsTransactionAndItsLockWakesUp() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess job = count(output);
        job.awaitLines(40, FaultsTest::isClaim, PATIENCE);
        mapper1.signal("STOP");
        job.awaitSuccess(PATIENCE);
        assertExact(output);
        mapper1.signal("CONT");
        // What it holds is of a job that is over: the next one must not see it.
        Path next = output();
        count(next).awaitSuccess(PATIENCE);
        assertExact(next);
    }

    /** Its mappers ended: for a moment the broker counts itself as lost, and says so in answers that the client cannot name. */
    @Test
    void machineThatSleepsInMidJobGoesOn() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess job = job(MillraceProcess.local(counting(output)));
        job.awaitLines(40, FaultsTest::isClaim, PATIENCE);
        job.freeze(BROKER_SESSION.plusSeconds(5));
        job.awaitSuccess(PATIENCE);
        assertExact(output);
    }

    @Test
    void brokerKilledAndStartedAgainInMidJob() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess job = count(output);
        job.awaitLines(60, FaultsTest::isClaim, PATIENCE);
        broker.kill();
        broker = startBroker(address.substring(address.indexOf(':') + 1));
        broker.awaitLine("broker ready at ", PATIENCE);
        job.awaitSuccess(PATIENCE);
        assertExact(output);
    }

    @Test
    void recordsThatAreNoneDoNotStopAJob() throws IOException, InterruptedException {
        Map<String, Object> settings = Map.of("bootstrap.servers", address);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (String topic : List.of("millrace.tasks", "millrace.pairs", "millrace.events")) {
                for (String garbage : List.of("", "{}", "{\"format\":1}", "\u0001\u0002 not a record", "null")) {
                    byte[] bytes = garbage.getBytes(StandardCharsets.UTF_8);
                    var unused = producer.send(new ProducerRecord<>(topic, 0, null, bytes));
                }
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, null));
            }
            producer.flush();
        }
        Path output = output();
        count(output).awaitSuccess(PATIENCE);
        assertExact(output);
    }

    @Test
    void cancelledJobEndsItsDriver() throws IOException, InterruptedException {
        Path output = output();
        MillraceProcess first = count(output);
        String job = first.awaitLine("job ", PATIENCE);
        signalMappers("STOP"); // or the job may be done before it is cancelled
        try {
            run("cancel", job).awaitSuccess(PATIENCE);
        } finally {
            signalMappers("CONT");
        }
        first.awaitCode(PATIENCE, 6, 1);
        assertThat(output).doesNotExist();
        run("attach", job).awaitCode(PATIENCE, 6);
    }
}
