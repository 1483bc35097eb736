package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.mapper.Mapper;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.reducer.Reducer;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.text.TextProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Topics that somebody made by hand, or changed: who meets them says which, how it is and what to do. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class TopicShapeTest {
    private static EmbeddedBroker broker;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.start(EmbeddedBroker.Settings.temporary());
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static ClusterSettings cluster(String prefix) {
        return new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames(prefix));
    }

    private static void count(ClusterSettings cluster, Path folder) {
        InputRoots roots = InputRoots.ofArguments(List.of(folder));
        JobRequest request = new JobRequest(
                "test",
                new InputSpec(List.of(folder.toString()), List.of(), List.of(), false, 1_000),
                new TextRules("pymotw", TextProfile.PYMOTW.version(), List.of()),
                8,
                3,
                false);
        try (KafkaJobClient client =
                new KafkaJobClient(new DriverSettings(cluster, roots, Duration.ofSeconds(30), true, "attach"))) {
            client.run(request, JobListener.NONE);
        }
    }

    @Test
    void morePartitionsThanKafkaMakesAtOnceAreWrongUse() {
        assertThat(new ClusterSetup.Shape(4_000, 1, 1).partitions()).isEqualTo(4_000);
        assertThatThrownBy(() -> new ClusterSetup.Shape(4_001, 1, 1))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
    }

    @Test
    void fewerCheckpointsThanPairsStopDriverAndReducerUntilInitAddsThem(@TempDir Path folder) throws Exception {
        ClusterSettings cluster = cluster("few.");
        ClusterSetup.Shape shape = new ClusterSetup.Shape(2, 1, 1);
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(shape);
            setup.admin()
                    .createPartitions(Map.of("few.pairs", NewPartitions.increaseTo(5)))
                    .all()
                    .get();
            while (setup.partitions("few.pairs") != 5) {
                Thread.onSpinWait(); // until the broker itself has heard of it
            }
            assertThatThrownBy(() -> count(cluster, folder))
                    .isInstanceOf(MillraceException.class)
                    .hasMessage("few.checkpoints has 2 partitions and needs 5, one for each of few.pairs: run"
                            + " 'millrace init --bootstrap-server " + broker.bootstrapServer()
                            + " --topic-prefix few.', which adds them");
            Reducer reducer = new Reducer(new ReducerSettings(cluster, "reducer-1", 1, Duration.ofSeconds(30)));
            assertThatThrownBy(() -> reducer.run(() -> {}))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageStartingWith("few.checkpoints has 2 partitions and needs one for each of few.pairs,"
                            + " so at least 5: run 'millrace init ");
            setup.create(shape);
            assertThat(setup.partitions("few.checkpoints")).isEqualTo(5);
            assertThat(setup.pairs().partitions()).isEqualTo(5);
        }
    }

    @Test
    void aTopicThatIsMissingIsNamed(@TempDir Path folder) throws Exception {
        ClusterSettings cluster = cluster("part.");
        try (ClusterSetup setup = new ClusterSetup(cluster)) {
            setup.create(new ClusterSetup.Shape(2, 1, 1));
            setup.admin().deleteTopics(Set.of("part.events")).all().get();
            while (setup.partitions("part.events") != 0) {
                Thread.onSpinWait();
            }
        }
        assertThatThrownBy(() -> count(cluster, folder))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED))
                .hasMessageContaining("has no topic part.events: run 'millrace init --bootstrap-server");
    }

    /** Where brokers make topics, it made tasks and events in their shape, which init then left as they were. */
    @Test
    void aMapperThatIsStartedBeforeInitMakesNoTopic() throws Exception {
        try (EmbeddedBroker making = EmbeddedBroker.start(
                new EmbeddedBroker.Settings(null, 0, Map.of("auto.create.topics.enable", "true")))) {
            ClusterSettings cluster = ClusterSettings.of(making.bootstrapServer());
            Mapper mapper = new Mapper(new MapperSettings(
                    cluster,
                    "mapper-1",
                    1,
                    InputRoots.ofArguments(List.of()),
                    InputLimits.DEFAULT,
                    Duration.ofSeconds(30)));
            CountDownLatch ready = new CountDownLatch(1);
            CompletableFuture<Void> mapping = CompletableFuture.runAsync(
                    () -> mapper.run(ready::countDown), work -> new Thread(work, "mapper-1").start());
            try (ClusterSetup setup = new ClusterSetup(cluster)) {
                awaitMember(setup.admin(), cluster.topics().mapperGroup());
                assertThat(setup.create(new ClusterSetup.Shape(2, 1, 1)))
                        .contains(cluster.topics().tasks(), cluster.topics().events());
                ready.await();
            }
            mapper.drain();
            mapping.join();
        }
    }

    private static void awaitMember(Admin admin, String group) throws Exception {
        while (!hasMember(admin, group)) {
            Thread.onSpinWait();
        }
    }

    private static boolean hasMember(Admin admin, String group) throws Exception {
        try {
            return admin.describeShareGroups(List.of(group)).all().get().values().stream()
                    .anyMatch(each -> !each.members().isEmpty());
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(GroupIdNotFoundException.class);
            return false;
        }
    }
}
