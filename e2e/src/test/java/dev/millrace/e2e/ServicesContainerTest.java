package dev.millrace.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;

/**
 * The shipped jars against the official broker image, with Kafka's own group settings and not the tuned ones of
 * docker-compose.yml: a managed broker looks like this.
 */
@NeedsDocker
final class ServicesContainerTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final KafkaContainer KAFKA = new KafkaContainer(
                    "apache/kafka:" + System.getProperty("millrace.kafka.version"))
            .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
            .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1")
            .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false");

    @TempDir
    static Path folder;

    private static Path data;
    private static RandomText text;
    private static long files;

    @BeforeAll
    static void startBrokerAndWriteText() throws IOException, InterruptedException {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        data = Files.createDirectory(folder.resolve("data"));
        text = new RandomText(seed);
        for (int i = 0; i < 6; i++) {
            text.write(data.resolve("large-" + i + ".txt"), 1 << 20);
        }
        for (int i = 0; i < 200; i++) {
            text.write(data.resolve("small-" + i + ".txt"), 500);
        }
        files = 206;
        KAFKA.start();
        try (MillraceProcess init = driver("init", "--partitions", "8")) {
            init.awaitSuccess(PATIENCE);
        }
    }

    @AfterAll
    static void stopBroker() {
        KAFKA.stop();
    }

    @Test
    void countsAsThePlainCountDoes() throws IOException, InterruptedException {
        try (MillraceProcess mapper = mapper("mapper-1");
                MillraceProcess reducer = reducer("reducer-1");
                MillraceProcess job = count("calm")) {
            job.awaitSuccess(PATIENCE);
            assertThat(words("calm")).isEqualTo(text.counts());
            assertThat(Files.readString(folder.resolve("calm.json")))
                    .containsPattern("\"files\"\\s*:\\s*" + files + "\\b");
            assertThat(mapper.stop(PATIENCE))
                    .as("exit code of a drained mapper\n%s", mapper.output())
                    .isZero();
            assertThat(reducer.stop(PATIENCE))
                    .as("exit code of a drained reducer\n%s", reducer.output())
                    .isZero();
        }
    }

    @Test
    void makesTheTopicsOnlyOnce() throws InterruptedException {
        try (MillraceProcess again = driver("init", "--partitions", "8");
                MillraceProcess doctor = driver("doctor")) {
            again.awaitSuccess(PATIENCE);
            doctor.awaitSuccess(PATIENCE);
        }
    }

    @Test
    void countsTheSameWithMapperAndReducerKilledAndTheBrokerFrozen() throws IOException, InterruptedException {
        try (MillraceProcess first = mapper("mapper-1");
                MillraceProcess second = mapper("mapper-2");
                MillraceProcess reducer = reducer("reducer-1");
                MillraceProcess job = count("faults", "--chunk-size", "8KiB")) {
            job.awaitLines(50, ServicesContainerTest::isClaim, PATIENCE);
            first.kill();
            reducer.kill();
            try (MillraceProcess firstAgain = mapper("mapper-1");
                    MillraceProcess reducerAgain = reducer("reducer-1")) {
                job.awaitLines(150, ServicesContainerTest::isClaim, PATIENCE);
                freezeBroker(Duration.ofSeconds(4));
                job.awaitLines(200, ServicesContainerTest::isClaim, PATIENCE);
                assertThat(second.stop(PATIENCE))
                        .as("exit code of a drained mapper\n%s", second.output())
                        .isZero();
                job.awaitSuccess(PATIENCE);
                assertThat(words("faults"))
                        .as("mapper:\n%s\nreducer:\n%s", firstAgain.output(), reducerAgain.output())
                        .isEqualTo(text.counts());
            }
        }
    }

    /** The fault is the time itself: connections stay open and nothing answers. */
    private static void freezeBroker(Duration time) throws InterruptedException {
        var docker = DockerClientFactory.instance().client();
        docker.pauseContainerCmd(KAFKA.getContainerId()).exec();
        try {
            Thread.sleep(time.toMillis());
        } finally {
            docker.unpauseContainerCmd(KAFKA.getContainerId()).exec();
        }
    }

    private static MillraceProcess mapper(String slot) {
        return MillraceProcess.start("mapper", environment(slot));
    }

    private static MillraceProcess reducer(String slot) {
        return MillraceProcess.start("reducer", environment(slot));
    }

    private static MillraceProcess driver(String... arguments) {
        return MillraceProcess.start("driver", environment("driver"), arguments);
    }

    private static MillraceProcess count(String name, String... options) {
        String[] fixed = {
            "count",
            data.toString(),
            "-v",
            "--format",
            "tsv",
            "--output",
            folder.resolve(name + ".tsv").toString(),
            "--receipt",
            folder.resolve(name + ".json").toString()
        };
        String[] all = Arrays.copyOf(fixed, fixed.length + options.length);
        System.arraycopy(options, 0, all, fixed.length, options.length);
        return driver(all);
    }

    private static Map<String, String> environment(String slot) {
        return Map.of(
                "MILLRACE_BOOTSTRAP_SERVER",
                KAFKA.getBootstrapServers(),
                "MILLRACE_SLOT",
                slot,
                "MILLRACE_THREADS",
                "1",
                "MILLRACE_ROOT",
                "data=" + data);
    }

    private static Map<String, Long> words(String name) throws IOException {
        Map<String, Long> words = new TreeMap<>();
        for (String line : Files.readAllLines(folder.resolve(name + ".tsv"))) {
            int tab = line.indexOf('\t');
            words.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1)));
        }
        return words;
    }

    private static boolean isClaim(String line) {
        return line.contains(" reading ");
    }
}
