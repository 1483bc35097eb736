package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.yammer.metrics.core.Histogram;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.local.EmbeddedBroker.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class EmbeddedBrokerTest {
    private static final TopicPartition LINES = new TopicPartition("lines", 0);

    @Test
    void keepsItsRecordsOverARestartOnTheSameFolder(@TempDir Path dir) throws Exception {
        Path data = dir.resolve("made/by the broker");
        try (EmbeddedBroker broker = EmbeddedBroker.start(new Settings(data, 0, Map.of()))) {
            createLines(broker);
            produce(broker, "one", "two");
            assertThat(consume(broker, 2)).containsExactly("one", "two");
        }
        try (EmbeddedBroker broker = EmbeddedBroker.start(new Settings(data, 0, Map.of()))) {
            produce(broker, "three");
            assertThat(consume(broker, 3)).containsExactly("one", "two", "three");
        }
        assertThat(data.resolve("meta.properties")).exists();
    }

    @Test
    void notesItsRequestsInTheHistogramsThatAreRegisteredForIt() throws Exception {
        RequestHistograms.register();
        Histogram produced = RequestHistograms.histogram("TotalTimeMs", "Produce");
        Histogram bytes = RequestHistograms.histogram("TemporaryMemoryBytes", "Produce");
        try (EmbeddedBroker broker = EmbeddedBroker.start(Settings.temporary())) {
            createLines(broker);
            produce(broker, "one");
        }
        assertThat(produced.count()).as("produce requests").isPositive();
        assertThat(bytes.count()).isPositive();
        assertThat(RequestHistograms.histogram("TotalTimeMs", "Produce"))
                .as("behind a broker that has stopped")
                .isNotSameAs(produced);
    }

    @Test
    void hasTheFeaturesAndSettingsTheProtocolNeedsAndListensOnLoopbackOnly() throws Exception {
        Path dir;
        try (EmbeddedBroker broker = EmbeddedBroker.start(Settings.temporary());
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            dir = broker.dataDir();
            assertThat(dir).isDirectory();
            FeatureMetadata features =
                    admin.describeFeatures().featureMetadata().get();
            assertThat(features.finalizedFeatures().get("transaction.version"))
                    .isNotNull()
                    .extracting(FinalizedVersionRange::maxVersionLevel)
                    .isEqualTo((short) 2);
            assertThat(features.finalizedFeatures()).containsKey("share.version");
            assertThat(admin.describeCluster().nodes().get())
                    .singleElement()
                    .extracting(node -> node.host() + ":" + node.port())
                    .isEqualTo(broker.bootstrapServer())
                    .asString()
                    .startsWith("127.0.0.1:");
            ConfigResource node = new ConfigResource(ConfigResource.Type.BROKER, "1");
            Map<String, String> shown = Map.of(
                    "group.share.heartbeat.interval.ms", "200",
                    "group.share.assignment.interval.ms", "0",
                    "group.share.assignor.offload.enable", "false",
                    "auto.create.topics.enable", "false");
            var config = admin.describeConfigs(List.of(node)).values().get(node);
            assertThat(config).isNotNull();
            assertThat(config.get().entries())
                    .filteredOn(entry -> shown.containsKey(entry.name()))
                    .allSatisfy(entry -> assertThat(entry.value()).isEqualTo(shown.get(entry.name())))
                    .hasSameSizeAs(shown.keySet());
        }
        assertThat(dir).doesNotExist();
    }

    @Test
    void takesTheGivenPortAndNamesItWhenItIsTaken() throws Exception {
        int port;
        try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = holder.getLocalPort();
            Settings settings = new Settings(null, port, Map.of());
            assertThatThrownBy(() -> EmbeddedBroker.start(settings))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("port " + port)
                    .extracting(e -> ((MillraceException) e).exitCode())
                    .isEqualTo(ExitCode.BROKER);
        }
        try (EmbeddedBroker broker = EmbeddedBroker.start(new Settings(null, port, Map.of()))) {
            assertThat(broker.bootstrapServer()).isEqualTo("127.0.0.1:" + port);
        }
    }

    @Test
    void refusesAFolderThatAnotherBrokerUses(@TempDir Path dir) {
        Settings settings = new Settings(dir, 0, Map.of());
        try (EmbeddedBroker broker = EmbeddedBroker.start(settings)) {
            assertThatThrownBy(() -> EmbeddedBroker.start(settings))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining(dir.toString())
                    .hasMessageContaining("in use");
            assertThat(broker.dataDir()).isEqualTo(dir);
        }
    }

    @Test
    void refusesAFolderItCannotMake(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "not a folder");
        Settings settings = new Settings(file.resolve("data"), 0, Map.of());
        assertThatThrownBy(() -> EmbeddedBroker.start(settings))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(file.resolve("data").toString());
    }

    @Test
    void refusesAFolderOfOtherFilesAndLeavesThemAlone(@TempDir Path dir) throws IOException {
        Path letter = Files.writeString(dir.resolve("letter.txt"), "dear reader");
        Settings settings = new Settings(dir, 0, Map.of());
        assertThatThrownBy(() -> EmbeddedBroker.start(settings))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("letter.txt");
        assertThat(letter).hasContent("dear reader");
    }

    @Test
    void namesABrokerPropertyThatIsNotLegal() {
        Settings settings = new Settings(null, 0, Map.of("num.io.threads", "many"));
        assertThatThrownBy(() -> EmbeddedBroker.start(settings))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("num.io.threads");
    }

    private static void createLines(EmbeddedBroker broker) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
            admin.createTopics(Set.of(new NewTopic(LINES.topic(), 1, (short) 1)))
                    .all()
                    .get();
        }
    }

    private static void produce(EmbeddedBroker broker, String... lines) throws Exception {
        Map<String, Object> config =
                Map.of("bootstrap.servers", broker.bootstrapServer(), "max.in.flight.requests.per.connection", 1);
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (String line : lines) {
                producer.send(new ProducerRecord<>(LINES.topic(), LINES.partition(), null, line))
                        .get();
            }
        }
    }

    private static List<String> consume(EmbeddedBroker broker, int count) {
        Map<String, Object> config = Map.of("bootstrap.servers", broker.bootstrapServer());
        List<String> lines = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(LINES));
            consumer.seekToBeginning(List.of(LINES));
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (lines.size() < count && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(500)).forEach(polled -> lines.add(polled.value()));
            }
        }
        return lines;
    }
}
