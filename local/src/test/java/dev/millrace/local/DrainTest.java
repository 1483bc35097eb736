package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.Event;
import dev.millrace.job.InputSpec;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.text.TextProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A mapper that is told to stop amid a task. */
@Timeout(120)
final class DrainTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int WORDS = 400_000, TIMES = 20;

    @TempDir
    Path folder;

    /** Slow to read for its size, and quick to write: one text, compressed, several times. */
    private void writeText() throws IOException {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < WORDS; i++) {
            text.append("word").append(random.nextInt(50_000)).append(i % 10 == 9 ? '\n' : ' ');
        }
        ByteArrayOutputStream once = new ByteArrayOutputStream();
        try (OutputStream out = new BZip2CompressorOutputStream(once)) {
            out.write(text.toString().getBytes(StandardCharsets.US_ASCII));
        }
        try (OutputStream out = Files.newOutputStream(folder.resolve("text.bz2"))) {
            for (int i = 0; i < TIMES; i++) {
                once.writeTo(out);
            }
        }
    }

    /** It asks for its lock anew each second here, and the first time ended it: whoever drains had woken its consumer. */
    @Test
    void aMapperThatIsToStopFinishesItsTaskHoweverOftenItRenewsTheLock() throws Exception {
        writeText();
        InputRoots roots = InputRoots.ofArguments(List.of(folder));
        Map<String, String> shortLocks = Map.of(
                "group.share.record.lock.duration.ms", "3000", "group.share.min.record.lock.duration.ms", "1000");
        try (EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, shortLocks))) {
            ClusterSettings cluster = ClusterSettings.of(broker.bootstrapServer());
            try (ClusterSetup setup = new ClusterSetup(cluster)) {
                setup.create(new ClusterSetup.Shape(2, 1, 1));
            }
            Mapper mapper =
                    new Mapper(new MapperSettings(cluster, "mapper-1", 1, roots, InputLimits.DEFAULT, DEADLINE));
            Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, DEADLINE));
            CompletableFuture<Void> mapping = CompletableFuture.runAsync(
                    () -> mapper.run(() -> {}), work -> new Thread(work, "mapper-1").start());
            CompletableFuture<Void> reducing = CompletableFuture.runAsync(
                    () -> reducer.run(() -> {}), work -> new Thread(work, "reducer-1").start());
            JobRequest request = new JobRequest(
                    "test",
                    new InputSpec(List.of(folder.toString()), List.of(), List.of(), false, 1 << 20),
                    new TextRules("unicode", TextProfile.UNICODE.version(), List.of()),
                    8,
                    3,
                    false);
            JobListener draining = new JobListener() {
                @Override
                public void claimed(ChunkTask task, Event.TaskClaimed claim) {
                    mapper.drain();
                }
            };
            try (KafkaJobClient client =
                    new KafkaJobClient(new DriverSettings(cluster, roots, DEADLINE, false, "millrace attach"))) {
                assertThat(client.run(request, draining).receipt().collected().tokens())
                        .isEqualTo(WORDS * TIMES);
            }
            mapping.join();
            reducer.drain();
            reducing.join();
        }
    }
}
