package dev.millrace.driver;

import dev.millrace.driver.cli.ClusterAdmin;
import dev.millrace.driver.cli.Finding;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;

/** Sets a cluster up for Millrace and looks whether it is. */
public final class KafkaClusterAdmin implements ClusterAdmin {
    private static final int DEFAULT_PARTITIONS = 16;
    /** Below this a mapper that joins waits seconds for its first task. */
    private static final int GOOD_HEARTBEAT_MILLIS = 500;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final ClusterSetup setup;

    public KafkaClusterAdmin(ClusterSettings cluster) {
        this.cluster = cluster;
        this.topics = cluster.topics();
        this.setup = new ClusterSetup(cluster);
    }

    @Override
    public void init(TopicPlan plan, Consumer<String> report) {
        Map<String, String> broker = setup.brokerSettings();
        int replicas = plan.replicationFactor() > 0
                ? plan.replicationFactor()
                : Integer.parseInt(broker.getOrDefault("default.replication.factor", "1"));
        int partitions = plan.partitions() > 0 ? plan.partitions() : DEFAULT_PARTITIONS;
        int minInsync = Math.max(1, replicas - 1);
        List<String> made = setup.create(new ClusterSetup.Shape(partitions, replicas, minInsync));
        made.stream().sorted().forEach(topic -> report.accept("made " + topic));
        ClusterSetup.PairsTopic pairs = setup.pairs();
        report.accept(topics.pairs() + " has " + pairs.partitions() + " partitions, " + pairs.replicas()
                + (pairs.replicas() == 1 ? " copy each" : " copies each"));
        if (plan.partitions() > 0 && pairs.partitions() != plan.partitions()) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    topics.pairs() + " has " + pairs.partitions() + " partitions, not " + plan.partitions()
                            + ", and its number cannot be changed while its words lie where they are: use another"
                            + " --topic-prefix, or delete the topics of this one when no job runs");
        }
    }

    @Override
    public List<Finding> diagnose() {
        List<Finding> findings = new ArrayList<>();
        String id = setup.get(
                setup.admin()
                        .describeCluster(new DescribeClusterOptions().timeoutMs(10_000))
                        .clusterId(),
                "reach a broker");
        findings.add(ok("broker", cluster.bootstrapServers() + ", cluster " + id));
        features(findings);
        brokerSettings(findings, setup.brokerSettings());
        Set<String> names = setup.names();
        topics(findings, names);
        internalTopics(findings, names);
        permissions(findings, names);
        return findings;
    }

    private void features(List<Finding> findings) {
        Map<String, FinalizedVersionRange> features = setup.get(
                        setup.admin().describeFeatures().featureMetadata(), "read the cluster's features")
                .finalizedFeatures();
        feature(findings, features, "transaction.version", 2, "older transactions can lose or tear writes (KIP-890)");
        feature(findings, features, "share.version", 1, "mappers take tasks through a share group (KIP-932)");
    }

    private static void feature(
            List<Finding> findings, Map<String, FinalizedVersionRange> features, String name, int least, String why) {
        FinalizedVersionRange range = features.get(name);
        int version = range == null ? 0 : range.maxVersionLevel();
        if (version >= least) {
            findings.add(ok(name, String.valueOf(version)));
        } else {
            findings.add(new Finding(
                    Finding.Level.FAIL,
                    name,
                    String.valueOf(version),
                    why + ": needs Kafka 4.2 or later, then: kafka-features.sh upgrade --feature " + name + "="
                            + least));
        }
    }

    private static void brokerSettings(List<Finding> findings, Map<String, String> broker) {
        atMost(
                findings,
                broker,
                "group.share.heartbeat.interval.ms",
                GOOD_HEARTBEAT_MILLIS,
                "a mapper that joins waits up to this long for its first task; set it, and its minimum, to 500 or less");
        atMost(
                findings,
                broker,
                "group.share.assignment.interval.ms",
                0,
                "a mapper that joins waits up to this long for its first task; set it to 0");
        if (Boolean.parseBoolean(broker.getOrDefault("auto.create.topics.enable", "true"))) {
            findings.add(
                    new Finding(
                            Finding.Level.WARN,
                            "auto.create.topics.enable",
                            "true",
                            "a misspelt topic is made in place of an error; Millrace's clients do not use it; set it to false"));
        } else {
            findings.add(ok("auto.create.topics.enable", "false"));
        }
    }

    private static void atMost(
            List<Finding> findings, Map<String, String> broker, String setting, int most, String advice) {
        String value = broker.get(setting);
        if (value != null && Long.parseLong(value) <= most) {
            findings.add(ok(setting, value));
        } else {
            findings.add(new Finding(Finding.Level.WARN, setting, value == null ? "unknown" : value, advice));
        }
    }

    private void topics(List<Finding> findings, Set<String> names) {
        List<String> wanted = List.of(
                topics.jobs(),
                topics.tasks(),
                topics.pairs(),
                topics.events(),
                topics.checkpoints(),
                topics.deadLetters());
        List<String> there = wanted.stream().filter(names::contains).toList();
        Map<String, TopicDescription> found =
                setup.get(setup.admin().describeTopics(there).allTopicNames(), "look at the topics");
        TopicDescription pairs = found.get(topics.pairs());
        int partitions = pairs == null ? 0 : pairs.partitions().size();
        for (String topic : wanted) {
            TopicDescription description = found.get(topic);
            if (description == null) {
                findings.add(new Finding(
                        Finding.Level.FAIL,
                        topic,
                        "missing",
                        "millrace init --bootstrap-server " + cluster.bootstrapServers()));
                continue;
            }
            boolean many = topic.equals(topics.pairs()) || topic.equals(topics.checkpoints());
            int expected = many ? partitions : 1;
            int actual = description.partitions().size();
            int replicas = description.partitions().get(0).replicas().size();
            String shape = actual
                    + (actual == 1 ? " partition, " : " partitions, ")
                    + replicas
                    + (replicas == 1 ? " copy" : " copies");
            if (many && actual < expected) {
                // Not to be deleted: the reducers' positions point into what it holds.
                findings.add(new Finding(
                        Finding.Level.FAIL,
                        topic,
                        shape,
                        "must have " + expected + ": " + setup.addPartitions(topic, expected)));
            } else if (actual != expected) {
                findings.add(new Finding(
                        Finding.Level.FAIL,
                        topic,
                        shape,
                        "must have " + expected + ": delete it when no job runs, and run millrace init"));
            } else if (description.partitions().stream().anyMatch(p -> p.leader() == null)) {
                findings.add(new Finding(
                        Finding.Level.FAIL, topic, shape, "a partition has no leader: start the broker that has it"));
            } else {
                findings.add(ok(topic, shape));
            }
        }
    }

    private static void internalTopics(List<Finding> findings, Set<String> names) {
        for (String topic : List.of("__consumer_offsets", "__transaction_state", "__share_group_state")) {
            if (names.contains(topic)) {
                findings.add(ok(topic, "there"));
            } else {
                findings.add(new Finding(
                        Finding.Level.WARN,
                        topic,
                        "missing",
                        "is made on demand, which costs the first job seconds; millrace init makes it"));
            }
        }
    }

    private void permissions(List<Finding> findings, Set<String> names) {
        if (names.contains(topics.pairs())) {
            TopicDescription pairs = setup.get(
                            setup.admin()
                                    .describeTopics(
                                            List.of(topics.pairs()),
                                            new DescribeTopicsOptions().includeAuthorizedOperations(true))
                                    .allTopicNames(),
                            "ask for permissions")
                    .get(topics.pairs());
            Set<AclOperation> allowed = pairs == null ? null : pairs.authorizedOperations();
            boolean enough = allowed == null || allowed.containsAll(Set.of(AclOperation.READ, AclOperation.WRITE));
            findings.add(
                    enough
                            ? ok("permissions on " + topics.pairs(), "read, write")
                            : new Finding(
                                    Finding.Level.FAIL,
                                    "permissions on " + topics.pairs(),
                                    String.valueOf(allowed),
                                    "allow READ, WRITE, CREATE and DESCRIBE on topics " + topics.prefix()
                                            + "*, and the groups and transactional ids of that prefix"));
        }
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, topics.mapperGroup());
        Map<String, String> wanted = ClusterSetup.mapperGroupSettings();
        var config = setup.get(setup.admin().describeConfigs(List.of(group)).all(), "read the share group's settings")
                .get(group);
        wanted.forEach((name, value) -> {
            var entry = config == null ? null : config.get(name);
            String actual = entry == null ? "unset" : String.valueOf(entry.value());
            findings.add(
                    value.equals(actual)
                            ? ok(topics.mapperGroup() + " " + name, actual)
                            : new Finding(
                                    Finding.Level.FAIL,
                                    topics.mapperGroup() + " " + name,
                                    actual,
                                    "must be " + value + ": run millrace init"));
        });
    }

    private static Finding ok(String what, String found) {
        return new Finding(Finding.Level.OK, what, found, "");
    }

    @Override
    public void close() {
        setup.close();
    }
}
