package dev.millrace.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which properties clients get. No broker is asked: nothing listens at the address. */
final class ClusterSettingsTest {
    private static final String NOWHERE = "localhost:1";

    private static ClusterSettings with(String... pairs) {
        Map<String, String> user = new HashMap<>(Map.of("bootstrap.servers", NOWHERE));
        for (int i = 0; i < pairs.length; i += 2) {
            user.put(pairs[i], pairs[i + 1]);
        }
        return new ClusterSettings(user, new TopicNames("t."));
    }

    private static List<Map<String, Object>> all(ClusterSettings settings) {
        return List.of(
                settings.adminProperties(),
                settings.transactionalProperties("id"),
                settings.plainProperties(),
                settings.readerProperties(Map.of("retry.backoff.ms", 7)),
                settings.reducerProperties("r-1"),
                settings.taskProperties("m-1"));
    }

    private static void makeAndCloseAll(ClusterSettings settings) {
        settings.admin().close(Duration.ZERO);
        settings.transactionalProducer("id").close(Duration.ZERO);
        settings.plainProducer().close(Duration.ZERO);
        settings.reader().close();
        settings.reducerConsumer("r-1").close();
        settings.taskConsumer("m-1").close(Duration.ZERO);
    }

    /** What the broker sent into buffers that were full was lost, and came again after 200 ms. */
    @Test
    void socketBuffersAreLeftToTheOperatingSystem() {
        assertThat(all(with()))
                .allSatisfy(properties -> assertThat(properties)
                        .containsEntry("receive.buffer.bytes", -1)
                        .containsEntry("send.buffer.bytes", -1));
    }

    @Test
    void whatTheUserGivesIsLaidOverOursInEveryClient() {
        ClusterSettings settings = with("security.protocol", "SSL", "retry.backoff.ms", "123");
        assertThat(all(settings))
                .allSatisfy(properties -> assertThat(properties)
                        .containsEntry("bootstrap.servers", NOWHERE)
                        .containsEntry("security.protocol", "SSL")
                        .containsEntry("retry.backoff.ms", "123"));
        assertThat(with("compression.type", "zstd").transactionalProperties("id"))
                .containsEntry("compression.type", "zstd");
        assertThat(with("max.poll.records", "5").reducerProperties("r-1")).containsEntry("max.poll.records", "5");
    }

    @Test
    void aReaderGetsItsOwnSettingsUnlessTheUserKnowsBetter() {
        assertThat(with().readerProperties(Map.of("max.poll.records", 9))).containsEntry("max.poll.records", 9);
        assertThat(with("max.poll.records", "5").readerProperties(Map.of("max.poll.records", 9)))
                .containsEntry("max.poll.records", "5");
    }

    @Test
    void committedReadingCannotBeSwitchedOff() {
        ClusterSettings settings = with(
                "isolation.level", "read_uncommitted",
                "auto.offset.reset", "latest",
                "enable.auto.commit", "true",
                "allow.auto.create.topics", "true",
                "group.protocol", "consumer",
                "group.id", "theirs",
                "group.instance.id", "theirs",
                "partition.assignment.strategy", "theirs");
        for (Map<String, Object> properties : List.of(
                settings.readerProperties(Map.of("isolation.level", "read_uncommitted")),
                settings.reducerProperties("r-1"))) {
            assertThat(properties)
                    .containsEntry("isolation.level", "read_committed")
                    .containsEntry("auto.offset.reset", "none")
                    .containsEntry("enable.auto.commit", false)
                    .containsEntry("allow.auto.create.topics", false);
        }
        assertThat(settings.readerProperties(Map.of())).doesNotContainKeys("group.id", "group.instance.id");
        assertThat(settings.reducerProperties("r-1"))
                .containsEntry("group.id", "t.reducers")
                .containsEntry("group.instance.id", "r-1")
                .containsEntry("group.protocol", "classic")
                .containsEntry(
                        "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
    }

    @Test
    void aMapperTakesOneTaskAtATimeWhateverTheUserSays() {
        assertThat(with(
                                "group.id", "theirs",
                                "client.id", "theirs",
                                "max.poll.records", "500",
                                "allow.auto.create.topics", "true",
                                "share.acquire.mode", "batch_optimized",
                                "share.acknowledgement.mode", "implicit")
                        .taskProperties("m-1"))
                .containsEntry("group.id", "t.mappers")
                .containsEntry("client.id", "m-1")
                .containsEntry("max.poll.records", 1)
                .containsEntry("allow.auto.create.topics", false)
                .containsEntry("share.acquire.mode", "record_limit")
                .containsEntry("share.acknowledgement.mode", "explicit");
    }

    @Test
    void propertiesMeantForOtherClientsHinderNone() {
        makeAndCloseAll(with(
                "isolation.level", "read_uncommitted",
                "auto.offset.reset", "latest",
                "enable.auto.commit", "true",
                "group.id", "theirs",
                "group.instance.id", "theirs",
                "group.protocol", "consumer",
                "session.timeout.ms", "9000",
                "heartbeat.interval.ms", "1000",
                "transactional.id", "theirs",
                "acks", "all",
                "enable.idempotence", "true"));
    }

    @Test
    void aTransactionalIdOfTheUserIsNeverUsed() {
        ClusterSettings settings = with("transactional.id", "theirs");
        assertThat(settings.transactionalProperties("id"))
                .containsEntry("transactional.id", "id")
                .containsEntry("enable.idempotence", true)
                .containsEntry("acks", "all");
        assertThat(settings.plainProperties()).doesNotContainKey("transactional.id");
    }

    @ParameterizedTest
    @CsvSource({"acks,1", "acks,0", "acks,foo", "enable.idempotence,false", "enable.idempotence,perhaps"})
    void weakerTransactionsAreRefusedByName(String property, String value) {
        assertUsage(() -> with(property, value).transactionalProducer("id"), property);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "all"})
    void bothNamesOfAllAcknowledgementsAreFine(String acks) {
        with("acks", acks).transactionalProducer("id").close(Duration.ZERO);
    }

    @ParameterizedTest
    @CsvSource({
        "security.protocol,FOO",
        "retry.backoff.ms,soon",
        "request.timeout.ms,-1",
        "bootstrap.servers,nowhere",
        "bootstrap.servers,''"
    })
    void aValueOfTheWrongKindIsAUsageErrorInEveryClient(String property, String value) {
        ClusterSettings settings = with(property, value);
        assertUsage(settings::admin, property);
        assertUsage(() -> settings.transactionalProducer("id"), property);
        assertUsage(settings::plainProducer, property);
        assertUsage(settings::reader, property);
        assertUsage(() -> settings.reducerConsumer("r-1"), property);
        assertUsage(() -> settings.taskConsumer("m-1"), property);
    }

    @ParameterizedTest
    @CsvSource({"acks,foo", "compression.type,rar", "linger.ms,x"})
    void soItIsInTheProducerOfClaims(String property, String value) {
        assertUsage(() -> with(property, value).plainProducer(), property);
    }

    @Test
    void transactionsDoNotTryWrongPropertiesAgain() {
        try (Transactions transactions = new Transactions(with("acks", "foo"), "id", Duration.ofMinutes(5))) {
            assertUsage(transactions::start, "acks");
        }
    }

    private static void assertUsage(Runnable work, String property) {
        assertThatThrownBy(work::run)
                .hasMessageContaining(property)
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
    }

    @Test
    void aCommandThatIsAdvisedReachesTheSameTopics() {
        Map<String, String> user = Map.of("bootstrap.servers", "kafka:9092");
        assertThat(new ClusterSettings(user, new TopicNames(TopicNames.DEFAULT_PREFIX)).command("init"))
                .isEqualTo("millrace init --bootstrap-server kafka:9092");
        assertThat(new ClusterSettings(user, new TopicNames("zz.")).command("init"))
                .isEqualTo("millrace init --bootstrap-server kafka:9092 --topic-prefix zz.");
        Map<String, String> secured = Map.of("bootstrap.servers", "kafka:9092", "security.protocol", "SSL");
        assertThat(new ClusterSettings(secured, new TopicNames(TopicNames.DEFAULT_PREFIX)).command("doctor"))
                .isEqualTo("millrace doctor --bootstrap-server kafka:9092 --command-config FILE");
    }
}
