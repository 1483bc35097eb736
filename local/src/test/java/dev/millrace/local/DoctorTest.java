package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.KafkaClusterAdmin;
import dev.millrace.driver.cli.ClusterAdmin.TopicPlan;
import dev.millrace.driver.cli.ClusterRole;
import dev.millrace.driver.cli.Finding;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the doctor finds on a real broker, one that checks permissions too. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class DoctorTest {
    private static final Set<ClusterRole> SERVICES =
            Set.of(ClusterRole.DRIVER, ClusterRole.MAPPER, ClusterRole.REDUCER);

    private static EmbeddedBroker broker;
    private static Admin admin;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(
                null,
                0,
                Map.of(
                        "authorizer.class.name",
                        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                        // All may do all, until a test says something of a resource.
                        "allow.everyone.if.no.acl.found",
                        "true")));
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        broker.close();
    }

    private static KafkaClusterAdmin cluster(String prefix) {
        return new KafkaClusterAdmin(
                new ClusterSettings(Map.of("bootstrap.servers", broker.bootstrapServer()), new TopicNames(prefix)));
    }

    private static void init(String prefix) {
        try (KafkaClusterAdmin cluster = cluster(prefix)) {
            cluster.init(new TopicPlan(4, 0), line -> {});
        }
    }

    private static List<Finding> diagnose(String prefix, Collection<ClusterRole> roles) {
        try (KafkaClusterAdmin cluster = cluster(prefix)) {
            return cluster.diagnose(roles);
        }
    }

    /** Changes reach a broker's own copy of the metadata a little later than they are acknowledged. */
    private static void assertProblems(String prefix, String... expected) {
        long end = System.nanoTime() + 30_000_000_000L;
        List<String> problems = problems(prefix);
        while (!Set.copyOf(problems).equals(Set.of(expected)) && System.nanoTime() < end) {
            problems = problems(prefix);
        }
        assertThat(problems).containsExactlyInAnyOrder(expected);
    }

    /** What is not well, as {@code LEVEL what: found}. */
    private static List<String> problems(String prefix) {
        return diagnose(prefix, SERVICES).stream()
                .filter(finding -> finding.level() != Finding.Level.OK)
                .map(finding -> finding.level() + " " + finding.what() + ": " + finding.found())
                .toList();
    }

    private static void configure(String topic, String... settings) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        for (String setting : settings) {
            String[] parts = setting.split("=", 2);
            changes.add(new AlterConfigOp(new ConfigEntry(parts[0], parts[1]), AlterConfigOp.OpType.SET));
        }
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), changes))
                .all()
                .get();
    }

    private static AclBinding acl(ResourceType type, String name, AclOperation operation, AclPermissionType kind) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry("User:ANONYMOUS", "*", operation, kind));
    }

    private static void deny(ResourceType type, String name, AclOperation... operations) throws Exception {
        List<AclBinding> acls = new ArrayList<>();
        acls.add(acl(type, name, AclOperation.ALL, AclPermissionType.ALLOW));
        for (AclOperation operation : operations) {
            acls.add(acl(type, name, operation, AclPermissionType.DENY));
        }
        admin.createAcls(acls).all().get();
    }

    @Test
    void aClusterThatInitHasSetUpIsWell() {
        init("well.");
        List<Finding> findings = diagnose("well.", List.of(ClusterRole.values()));
        assertThat(findings)
                .allSatisfy(finding ->
                        assertThat(finding.level()).as(finding.toString()).isEqualTo(Finding.Level.OK));
        assertThat(findings)
                .anySatisfy(finding -> {
                    assertThat(finding.what()).isEqualTo("broker 1");
                    assertThat(finding.found()).contains(broker.bootstrapServer(), "Kafka 4.4");
                })
                .anySatisfy(finding -> {
                    assertThat(finding.what()).isEqualTo("well.pairs");
                    assertThat(finding.found()).startsWith("4 partitions, 1 copy (there is one broker");
                })
                .anySatisfy(finding -> assertThat(finding.what()).isEqualTo("permissions of a reducer"));
    }

    @Test
    void namesTopicsThatAreMissing() {
        List<Finding> findings = diagnose("none.", SERVICES);
        assertThat(findings)
                .filteredOn(finding ->
                        finding.level() == Finding.Level.FAIL && finding.found().equals("missing"))
                .allSatisfy(finding -> assertThat(finding.advice())
                        .isEqualTo("millrace init --bootstrap-server " + broker.bootstrapServer()
                                + " --topic-prefix none."))
                .extracting(Finding::what)
                .containsExactly(
                        "none.jobs",
                        "none.tasks",
                        "none.pairs",
                        "none.events",
                        "none.checkpoints",
                        "none.dead-letters");
    }

    @Test
    void namesTopicsOfTheWrongShape() throws Exception {
        init("shape.");
        admin.createPartitions(Map.of("shape.pairs", NewPartitions.increaseTo(7)))
                .all()
                .get();
        configure("shape.events", "retention.ms=60000", "retention.bytes=1000");
        configure("shape.tasks", "cleanup.policy=compact", "min.insync.replicas=2", "max.message.bytes=1048588");
        configure("shape.jobs", "cleanup.policy=delete", "message.timestamp.type=CreateTime");
        configure("shape.dead-letters", "retention.ms=604800000");
        assertProblems(
                "shape.",
                "FAIL shape.checkpoints: 4 partitions",
                "FAIL shape.events: retention.ms=60000",
                "FAIL shape.events: retention.bytes=1000",
                "FAIL shape.tasks: cleanup.policy=compact",
                "FAIL shape.tasks: 1 copy, 2 needed to write",
                "FAIL shape.tasks: max.message.bytes=1048588",
                "WARN shape.jobs: cleanup.policy=delete",
                "WARN shape.jobs: message.timestamp.type=CreateTime",
                "WARN shape.dead-letters: retention.ms=604800000");
    }

    /** It said that it had made the others, and jobs failed by what it had left alone. */
    @Test
    void initTellsWhatDiffersOfTopicsThatItFinds() throws Exception {
        admin.createTopics(List.of(new NewTopic("found.tasks", 1, (short) 1).configs(Map.of("retention.ms", "60000"))))
                .all()
                .get();
        List<String> told = new ArrayList<>();
        try (KafkaClusterAdmin cluster = cluster("found.")) {
            cluster.init(new TopicPlan(4, 0), told::add);
        }
        assertThat(told)
                .contains("made found.events")
                .filteredOn(line -> line.startsWith("found.tasks: "))
                .hasSize(2)
                .anySatisfy(line -> assertThat(line)
                        .startsWith("found.tasks: retention.ms=60000; ")
                        .contains("--alter --topic found.tasks --add-config retention.ms=-1"));
        assertThat(told).filteredOn(line -> line.contains("; ")).allMatch(line -> line.startsWith("found.tasks: "));
    }

    @Test
    void namesPermissionsThatAreMissing() throws Exception {
        init("acl.");
        deny(ResourceType.TOPIC, "acl.pairs", AclOperation.WRITE);
        deny(ResourceType.TOPIC, "acl.tasks", AclOperation.DELETE);
        deny(ResourceType.TOPIC, "acl.events", AclOperation.DESCRIBE_CONFIGS);
        deny(ResourceType.TOPIC, "acl.checkpoints", AclOperation.DESCRIBE);
        deny(ResourceType.GROUP, "acl.mappers", AclOperation.READ);
        deny(ResourceType.GROUP, "acl.reducers", AclOperation.READ);
        deny(ResourceType.TRANSACTIONAL_ID, "acl.mapper.doctor-probe", AclOperation.WRITE);
        assertProblems(
                "acl.",
                "WARN acl.events: settings not known",
                "FAIL acl.checkpoints: may not be seen, or is missing",
                "FAIL driver on topic acl.tasks: may not DELETE",
                "FAIL driver on topic acl.pairs: may not WRITE",
                "FAIL mapper on topic acl.pairs: may not WRITE",
                "FAIL mapper on group acl.mappers: may not READ",
                "FAIL mapper on transactional id acl.mapper.doctor-probe: may not WRITE",
                "FAIL reducer on topic acl.checkpoints: may not READ, WRITE",
                "FAIL reducer on group acl.reducers: may not READ");
        assertThat(diagnose("acl.", Set.of(ClusterRole.MAPPER)))
                .filteredOn(finding -> finding.what().equals("mapper on group acl.mappers"))
                .singleElement()
                .extracting(Finding::advice)
                .isEqualTo("kafka-acls.sh --bootstrap-server " + broker.bootstrapServer()
                        + " --add --allow-principal User:NAME --operation Read"
                        + " --group acl. --resource-pattern-type prefixed");
    }
}
