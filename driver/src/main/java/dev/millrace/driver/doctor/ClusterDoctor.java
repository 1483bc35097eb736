package dev.millrace.driver.doctor;

import dev.millrace.driver.cli.ClusterRole;
import dev.millrace.driver.cli.Finding;
import dev.millrace.driver.doctor.Permissions.Resource;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeFeaturesOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.SupportedVersionRange;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Asks a cluster for all that Millrace rests on, in the order in which to repair it. One thread, one use. */
public final class ClusterDoctor {
    /** Above this a mapper that joins waits seconds for its first task. */
    private static final int GOOD_HEARTBEAT_MILLIS = 500;

    private static final int GOOD_BACKOFF_MILLIS = 5;

    private final String bootstrapServers;
    private final String init;
    private final TopicNames topics;
    private final ClusterSetup setup;
    private final Admin admin;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<Resource, Set<AclOperation>> allowed = new HashMap<>();

    public ClusterDoctor(ClusterSettings cluster, ClusterSetup setup) {
        this.bootstrapServers = cluster.bootstrapServers();
        this.init = cluster.command("init");
        this.topics = cluster.topics();
        this.setup = setup;
        this.admin = setup.admin();
    }

    /** @param roles whose permissions the user of this client is to have */
    public List<Finding> examine(Collection<ClusterRole> roles) {
        List<Node> brokers = brokers();
        features();
        brokerSettings(brokers);
        Set<String> names = setup.names();
        topics(brokers.size());
        internalTopics(brokers.size());
        mapperGroup();
        permissions(roles, names);
        return findings;
    }

    /** @return what is not well with the topics of the installation */
    public List<Finding> examineTopics() {
        int brokers = brokers().size();
        findings.clear();
        topics(brokers);
        findings.removeIf(finding -> finding.level() == Finding.Level.OK);
        return findings;
    }

    private List<Node> brokers() {
        DescribeClusterResult cluster = admin.describeCluster(
                new DescribeClusterOptions().timeoutMs(10_000).includeAuthorizedOperations(true));
        String id = setup.get(cluster.clusterId(), "reach a broker");
        List<Node> brokers = setup.get(cluster.nodes(), "ask for the brokers").stream()
                .sorted(Comparator.comparingInt(Node::id))
                .toList();
        Set<AclOperation> operations = setup.get(cluster.authorizedOperations(), "ask for permissions");
        if (operations != null) {
            allowed.put(Permissions.cluster(), operations);
        }
        findings.add(Finding.ok(
                "cluster", id + ", " + brokers.size() + (brokers.size() == 1 ? " broker" : " brokers") + " up"));
        brokers.forEach(this::release);
        return brokers;
    }

    private void release(Node broker) {
        String what = "broker " + broker.id();
        FeatureMetadata features = setup.get(
                admin.describeFeatures(new DescribeFeaturesOptions().nodeId(broker.id()))
                        .featureMetadata(),
                "ask broker " + broker.id() + " for its features");
        SupportedVersionRange metadata = features.supportedFeatures().get("metadata.version");
        int level = metadata == null ? 0 : metadata.maxVersion();
        String found = broker.host() + ":" + broker.port() + ", " + KafkaRelease.of(level)
                + " (knows metadata.version up to " + level + ")";
        findings.add(
                level >= KafkaRelease.NEEDED_LEVEL
                        ? Finding.ok(what, found)
                        : Finding.fail(
                                what,
                                found,
                                "at least Kafka " + KafkaRelease.NEEDED + " is needed: upgrade the brokers, or count"
                                        + " without --bootstrap-server, which needs no cluster"));
    }

    private void features() {
        Map<String, FinalizedVersionRange> features = setup.get(
                        admin.describeFeatures().featureMetadata(), "read the cluster's features")
                .finalizedFeatures();
        feature(features, "transaction.version", 2, "older transactions can lose or tear writes (KIP-890)");
        feature(features, "share.version", 1, "mappers take tasks through a share group (KIP-932)");
    }

    private void feature(Map<String, FinalizedVersionRange> features, String name, int least, String why) {
        FinalizedVersionRange range = features.get(name);
        int version = range == null ? 0 : range.maxVersionLevel();
        findings.add(
                version >= least
                        ? Finding.ok(name, String.valueOf(version))
                        : Finding.fail(
                                name,
                                String.valueOf(version),
                                "must be at least " + least + ", " + why + ": with all brokers at Kafka "
                                        + KafkaRelease.NEEDED + " or later, kafka-features.sh --bootstrap-server "
                                        + bootstrapServers + " upgrade --feature " + name + "=" + least));
    }

    private void brokerSettings(List<Node> brokers) {
        Map<String, Map<String, String>> settings = new TreeMap<>();
        for (Node broker : brokers) {
            Map<String, String> own = config(new ConfigResource(ConfigResource.Type.BROKER, broker.idString()));
            if (own == null) {
                findings.add(Finding.warn(
                        "settings of the brokers",
                        "not known",
                        "to have them looked at, allow DescribeConfigs on the cluster"));
                return;
            }
            settings.put(broker.idString(), own);
        }
        setting(
                settings,
                "group.share.heartbeat.interval.ms",
                value -> number(value) <= GOOD_HEARTBEAT_MILLIS,
                "a mapper that joins waits up to this long for its first task; set it, and its minimum, to 500 or less");
        setting(
                settings,
                "group.share.assignment.interval.ms",
                value -> number(value) == 0,
                "a mapper that joins waits up to this long for its first task; set it to 0");
        setting(
                settings,
                "add.partitions.to.txn.retry.backoff.ms",
                value -> number(value) <= GOOD_BACKOFF_MILLIS,
                "a transaction that follows another at once waits this long, and with it the counts of documents; set it"
                        + " to 1");
        setting(
                settings,
                "auto.create.topics.enable",
                value -> value.equals("false"),
                "a misspelt topic is made in place of an error, and one that was deleted comes again where a producer still"
                        + " knows it; set it to false");
    }

    private static long number(String value) {
        return Long.parseLong(value);
    }

    private void setting(
            Map<String, Map<String, String>> brokers, String name, Predicate<String> isGood, String advice) {
        Map<String, List<String>> byValue = new TreeMap<>();
        brokers.forEach((id, settings) -> byValue.computeIfAbsent(
                        settings.getOrDefault(name, "unknown"), value -> new ArrayList<>())
                .add(id));
        String found = byValue.size() == 1
                ? byValue.keySet().iterator().next()
                : byValue.entrySet().stream()
                        .map(entry -> entry.getKey() + " at broker " + String.join(", ", entry.getValue()))
                        .collect(Collectors.joining("; "));
        boolean good = byValue.keySet().stream().allMatch(value -> !value.equals("unknown") && isGood.test(value));
        findings.add(good ? Finding.ok(name, found) : Finding.warn(name, found, advice));
    }

    /** Effective settings by name; null where this user may not see them. */
    private @Nullable Map<String, String> config(ConfigResource resource) {
        try {
            return setup.settings(resource);
        } catch (MillraceException e) {
            // A broker may not have heard yet of a topic that was made a moment ago.
            if (e.getCause() instanceof AuthorizationException
                    || e.getCause() instanceof UnknownTopicOrPartitionException) {
                return null;
            }
            throw e;
        }
    }

    private void topics(int brokers) {
        String remake = "run " + init;
        String replicate = "make its copies more with kafka-reassign-partitions.sh; or, when no job runs, delete the"
                + " topics " + topics.prefix() + "* and run " + init + " --replication-factor "
                + Math.min(3, brokers);
        TopicDescription pairs = topic(topics.pairs());
        int partitions = pairs == null ? 0 : pairs.partitions().size();
        judge(new TopicCheck.Need(topics.jobs(), 1, "compact", remake, replicate), brokers);
        judge(new TopicCheck.Need(topics.tasks(), 1, "delete", remake, replicate), brokers);
        judge(new TopicCheck.Need(topics.pairs(), 0, "delete", remake, replicate), brokers);
        judge(new TopicCheck.Need(topics.events(), 1, "delete", remake, replicate), brokers);
        judge(new TopicCheck.Need(topics.checkpoints(), partitions, "compact", remake, replicate), brokers);
        judge(new TopicCheck.Need(topics.deadLetters(), 1, "delete", remake, replicate), brokers);
    }

    private void judge(TopicCheck.Need need, int brokers) {
        TopicDescription description = topic(need.name());
        if (description != null) {
            judge(need, description, brokers);
        } else if (allowed.containsKey(Permissions.topic(need.name()))) {
            findings.add(Finding.fail(
                    need.name(), "may not be seen, or is missing", "run " + init + ", and allow Describe on it"));
        } else {
            findings.add(Finding.fail(need.name(), "missing", init));
        }
    }

    private void judge(TopicCheck.Need need, TopicDescription description, int brokers) {
        Map<String, String> config = config(new ConfigResource(ConfigResource.Type.TOPIC, need.name()));
        findings.addAll(TopicCheck.judge(need, description.partitions(), config == null ? Map.of() : config, brokers));
        if (config == null) {
            findings.add(Finding.warn(
                    need.name(),
                    "settings not known",
                    "to have them looked at, allow DescribeConfigs on topics " + topics.prefix() + "*"));
        }
    }

    /** Null where there is none, or this user may not see it; then nothing is allowed on it. */
    private @Nullable TopicDescription topic(String name) {
        Resource resource = Permissions.topic(name);
        KafkaFuture<Map<String, TopicDescription>> answer = admin.describeTopics(
                        List.of(name), new DescribeTopicsOptions().includeAuthorizedOperations(true))
                .allTopicNames();
        try {
            TopicDescription description =
                    setup.get(answer, "look at topic " + name).get(name);
            if (description != null && description.authorizedOperations() != null) {
                allowed.put(resource, description.authorizedOperations());
            }
            return description;
        } catch (MillraceException e) {
            if (e.getCause() instanceof AuthorizationException) {
                allowed.put(resource, Set.of());
                return null;
            }
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return null;
            }
            throw e;
        }
    }

    private void internalTopics(int brokers) {
        internal("__consumer_offsets", "offsets.topic", brokers);
        internal("__transaction_state", "transaction.state.log", brokers);
        internal("__share_group_state", "share.coordinator.state.topic", brokers);
    }

    private void internal(String name, String setting, int brokers) {
        TopicDescription description = topic(name);
        if (description != null) {
            String replicate = "set " + setting + ".replication.factor=" + Math.min(3, brokers)
                    + " on the brokers, and make its copies more with kafka-reassign-partitions.sh";
            Map<String, String> config = config(new ConfigResource(ConfigResource.Type.TOPIC, name));
            findings.addAll(TopicCheck.judge(
                    new TopicCheck.Need(name, 0, "", "", replicate),
                    description.partitions(),
                    config == null ? Map.of() : config,
                    brokers));
        } else if (!allowed.containsKey(Permissions.topic(name))) {
            findings.add(Finding.warn(
                    name, "missing", "is made on demand, which costs the first job seconds; " + init + " makes it"));
        }
        // One that may not be seen is Kafka's own affair, and no client needs to see it.
    }

    private void mapperGroup() {
        String group = topics.mapperGroup();
        Map<String, String> config = config(new ConfigResource(ConfigResource.Type.GROUP, group));
        if (config == null) {
            findings.add(Finding.warn(
                    "settings of group " + group,
                    "not known",
                    "to have them looked at, allow DescribeConfigs on group " + group));
            return;
        }
        new TreeMap<>(ClusterSetup.mapperGroupSettings()).forEach((name, value) -> {
            String actual = config.getOrDefault(name, "unset");
            String what = group + " " + name;
            findings.add(
                    value.equals(actual)
                            ? Finding.ok(what, actual)
                            : Finding.fail(what, actual, "must be " + value + ": run " + init));
        });
    }

    private void permissions(Collection<ClusterRole> roles, Set<String> names) {
        String result = names.stream()
                .filter(name -> name.startsWith(topics.resultsPrefix()))
                .sorted()
                .findFirst()
                .orElse(null);
        if (result != null) {
            var unused = topic(result);
        }
        Permissions permissions = new Permissions(topics, bootstrapServers);
        Map<Resource, Set<AclOperation>> found =
                new PermissionProbe(setup, topics, permissions).allowed(roles, allowed, result);
        for (ClusterRole role : roles) {
            findings.addAll(permissions.judge(role, found));
        }
    }
}
