package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.input.InputRoots;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.local.EmbeddedBroker;
import dev.millrace.text.TextProfile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class NoReducerTest {
    private static final TextRules RULES = new TextRules("unicode", TextProfile.UNICODE.version(), List.of());

    @TempDir
    Path data;

    /** The driver counts a small document itself, and said that the counts were fresh though nobody published them. */
    @Test
    void countsThatNobodyReducesAreNotFresh() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(data, 0, Map.of()))) {
            ClusterSettings cluster = ClusterSettings.of(broker.bootstrapServer());
            try (ClusterSetup setup = new ClusterSetup(cluster);
                    KafkaProducer<byte[], byte[]> producer = cluster.plainProducer()) {
                setup.create(new ClusterSetup.Shape(1, 1, 1));
                setup.createDocuments("docs");
                producer.send(new ProducerRecord<>(
                                "docs",
                                "a".getBytes(StandardCharsets.UTF_8),
                                "mill race".getBytes(StandardCharsets.UTF_8)))
                        .get();
            }
            CountDownLatch late = new CountDownLatch(1);
            DriverSettings settings = new DriverSettings(
                    cluster, InputRoots.ofArguments(List.of(data)), Duration.ofSeconds(30), false, "millrace attach");
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            CompletableFuture<Void> end = CompletableFuture.runAsync(
                    () -> ContinuousJob.run(
                            settings, "stands", RULES, new TopicSource("docs", 1), new ContinuousListener() {
                                @Override
                                public void status(ContinuousStatus status) {
                                    if (status.tokens() == 2
                                            && status.waiting() == 0
                                            && status.freshnessMillis() > 3_000) {
                                        late.countDown();
                                    }
                                }
                            }),
                    work -> {
                        Thread driver = new Thread(work, "driver");
                        thread.complete(driver);
                        driver.start();
                    });
            late.await();
            thread.join().interrupt();
            assertThatThrownBy(end::join).hasMessageContaining("interrupted");
        }
    }
}
