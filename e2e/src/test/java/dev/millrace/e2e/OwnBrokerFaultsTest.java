package dev.millrace.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A continuous job whose broker, mapper, reducer and driver are one process, which is killed while it has much to count. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class OwnBrokerFaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String TOPIC = "docs";
    private static final int KILLS = 3, DOCUMENTS = 60_000, WORDS = 150, VOCABULARY = 3_000;
    /** Changes that are sent at once, some seconds of work, and the latest of them that a kill comes behind. */
    private static final int BACKLOG = 20_000, LATEST_KILL = 12_000;

    @TempDir
    Path folder;

    /** As the topic has them in the end: the producer sends again what a killed broker has not taken. */
    private final Map<String, String> documents = new HashMap<>();

    @Test
    void killedWhileItsThreadsCountABacklog() throws Exception {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("replay with -Dmillrace.seed=" + seed);
        Random chance = new Random(seed);
        String port = String.valueOf(freePort()), address = "127.0.0.1:" + port;
        MillraceProcess job = start(port);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", address, "buffer.memory", 128 << 20),
                new StringSerializer(),
                new StringSerializer())) {
            String id = job.awaitLine("job ", PATIENCE).split(" ", -1)[0];
            TopicPartition counted = new TopicPartition("millrace.documents." + id, 0);
            for (int kill = 0; kill < KILLS; kill++) {
                long before = end(address, counted);
                send(producer, chance);
                long latest = awaitEnd(address, counted, before + 1 + chance.nextInt(LATEST_KILL));
                job.kill();
                assertThat(latest - before)
                        .as("entries of documents counted before the kill")
                        .isLessThan(BACKLOG);
                job = start(port);
                job.awaitLines(1, line -> line.endsWith("goes on"), PATIENCE);
            }
            producer.flush();
            Path table = folder.resolve("table.tsv");
            try (MillraceProcess snapshot = MillraceProcess.local(
                    "snapshot", "--format", "tsv", "--output", table.toString(), "--bootstrap-server", address)) {
                snapshot.awaitSuccess(PATIENCE);
            }
            assertThat(table(table)).isEqualTo(counts());
        } finally {
            job.close();
        }
    }

    private MillraceProcess start(String port) {
        return MillraceProcess.local(
                "stream",
                "--from-topic",
                TOPIC,
                "--data-dir",
                folder.resolve("data").toString(),
                "--port",
                port,
                "--partitions",
                "2",
                "--top",
                "0",
                "-v");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static long end(String address, TopicPartition partition) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            return end(admin, partition);
        }
    }

    private static long end(Admin admin, TopicPartition partition) throws Exception {
        return admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private static long awaitEnd(String address, TopicPartition partition, long wanted) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            long end = end(admin, partition);
            while (end < wanted) {
                assertThat(System.nanoTime()).as(end + " of " + wanted).isLessThan(deadline);
                end = end(admin, partition);
            }
            return end;
        }
    }

    /** New documents, new versions, and deletions. */
    private void send(KafkaProducer<String, String> producer, Random chance) {
        for (int i = 0; i < BACKLOG; i++) {
            String id = "doc-" + chance.nextInt(DOCUMENTS);
            String text = chance.nextInt(8) == 0 ? null : text(chance);
            var unused = producer.send(new ProducerRecord<>(TOPIC, id, text));
            if (text == null) {
                documents.remove(id);
            } else {
                documents.put(id, text);
            }
        }
    }

    private static String text(Random chance) {
        StringBuilder text = new StringBuilder();
        for (int word = chance.nextInt(2 * WORDS); word >= 0; word--) {
            double skewed = chance.nextDouble();
            text.append('w').append((int) (skewed * skewed * VOCABULARY)).append(' ');
        }
        return text.toString();
    }

    private Map<String, Long> counts() {
        Map<String, Long> counts = new TreeMap<>();
        for (String text : documents.values()) {
            for (String word : text.split(" ", -1)) {
                if (!word.isEmpty()) {
                    counts.merge(word, 1L, Long::sum);
                }
            }
        }
        return counts;
    }

    private static Map<String, Long> table(Path file) throws IOException {
        Map<String, Long> table = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            int tab = line.indexOf('\t');
            table.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1)));
        }
        return table;
    }
}
