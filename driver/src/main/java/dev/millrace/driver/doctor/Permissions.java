package dev.millrace.driver.doctor;

import static org.apache.kafka.common.acl.AclOperation.ALTER_CONFIGS;
import static org.apache.kafka.common.acl.AclOperation.CREATE;
import static org.apache.kafka.common.acl.AclOperation.DELETE;
import static org.apache.kafka.common.acl.AclOperation.DESCRIBE;
import static org.apache.kafka.common.acl.AclOperation.DESCRIBE_CONFIGS;
import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;

import dev.millrace.driver.cli.ClusterRole;
import dev.millrace.driver.cli.Finding;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;

/** Which operations each role needs, and what is missing of them. */
final class Permissions {
    static final String CLUSTER = "kafka-cluster";
    /** Stands for the result topics of all jobs. */
    private static final String RESULTS = "results.*";

    /** Something that a permission is about. */
    record Resource(ResourceType type, String name) {}

    /** Operations that a role needs on a resource. */
    record Need(ClusterRole role, Resource resource, Set<AclOperation> operations) {}

    private final TopicNames topics;
    private final String bootstrapServers;

    Permissions(TopicNames topics, String bootstrapServers) {
        this.topics = topics;
        this.bootstrapServers = bootstrapServers;
    }

    /** Names a transactional id of the role that no process works under. */
    String probeId(ClusterRole role) {
        return topics.prefix() + role.name().toLowerCase(Locale.ROOT) + ".doctor-probe";
    }

    Resource results() {
        return new Resource(ResourceType.TOPIC, topics.prefix() + RESULTS);
    }

    static Resource topic(String name) {
        return new Resource(ResourceType.TOPIC, name);
    }

    static Resource group(String name) {
        return new Resource(ResourceType.GROUP, name);
    }

    static Resource cluster() {
        return new Resource(ResourceType.CLUSTER, CLUSTER);
    }

    Resource transactions(ClusterRole role) {
        return new Resource(ResourceType.TRANSACTIONAL_ID, probeId(role));
    }

    List<Need> needs(ClusterRole role) {
        return switch (role) {
            case SETUP ->
                List.of(
                        need(role, cluster(), CREATE, DESCRIBE_CONFIGS),
                        need(role, topic(topics.pairs()), DESCRIBE),
                        need(role, group(topics.mapperGroup()), DESCRIBE_CONFIGS, ALTER_CONFIGS));
            case DRIVER ->
                List.of(
                        need(role, topic(topics.jobs()), READ, WRITE),
                        need(role, topic(topics.tasks()), READ, WRITE, DELETE),
                        need(role, topic(topics.pairs()), WRITE, DELETE),
                        need(role, topic(topics.events()), READ, WRITE, DELETE),
                        need(role, results(), CREATE, READ, DELETE),
                        need(role, group(topics.reducerGroup()), DESCRIBE),
                        need(role, transactions(role), WRITE));
            case MAPPER ->
                List.of(
                        need(role, topic(topics.tasks()), READ),
                        need(role, topic(topics.pairs()), WRITE),
                        need(role, topic(topics.events()), WRITE),
                        need(role, topic(topics.deadLetters()), WRITE),
                        need(role, group(topics.mapperGroup()), READ),
                        need(role, transactions(role), WRITE));
            case REDUCER ->
                List.of(
                        need(role, topic(topics.pairs()), READ),
                        need(role, topic(topics.checkpoints()), READ, WRITE),
                        need(role, topic(topics.events()), WRITE),
                        need(role, topic(topics.deadLetters()), WRITE),
                        need(role, results(), WRITE),
                        need(role, group(topics.reducerGroup()), READ),
                        need(role, transactions(role), WRITE));
        };
    }

    private static Need need(ClusterRole role, Resource resource, AclOperation... operations) {
        Set<AclOperation> all = EnumSet.noneOf(AclOperation.class);
        all.addAll(List.of(operations));
        return new Need(role, resource, all);
    }

    /**
     * @param allowed what was found out about each resource; nothing is said of one that is not in it
     * @return one finding for each resource on which the role lacks something, or one that says it lacks nothing
     */
    List<Finding> judge(ClusterRole role, Map<Resource, Set<AclOperation>> allowed) {
        List<Finding> findings = new ArrayList<>();
        int asked = 0;
        for (Need need : needs(role)) {
            Set<AclOperation> granted = allowed.get(need.resource());
            if (granted == null) {
                continue;
            }
            asked++;
            Set<AclOperation> missing = EnumSet.copyOf(need.operations());
            missing.removeAll(granted);
            if (!missing.isEmpty()) {
                findings.add(Finding.fail(
                        name(role) + " on " + named(need.resource()),
                        "may not " + missing.stream().map(AclOperation::name).collect(Collectors.joining(", ")),
                        "kafka-acls.sh --bootstrap-server " + bootstrapServers + " --add --allow-principal User:NAME"
                                + operations(missing) + where(need.resource())));
            }
        }
        if (findings.isEmpty()) {
            findings.add(Finding.ok(
                    "permissions of a " + name(role), "enough on " + asked + " topics, groups and transactional ids"));
        }
        return findings;
    }

    private static String name(ClusterRole role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    private static String named(Resource resource) {
        return switch (resource.type()) {
            case TRANSACTIONAL_ID -> "transactional id " + resource.name();
            case CLUSTER -> "the cluster";
            default -> resource.type().name().toLowerCase(Locale.ROOT) + " " + resource.name();
        };
    }

    private static String operations(Set<AclOperation> missing) {
        return missing.stream()
                .map(operation -> " --operation " + camel(operation))
                .collect(Collectors.joining());
    }

    /** As Kafka's tools write it: {@code DescribeConfigs}. */
    private static String camel(AclOperation operation) {
        StringBuilder name = new StringBuilder();
        for (String word : operation.name().split("_", -1)) {
            name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        return name.toString();
    }

    /** All of an installation at once, so that slots and jobs to come are allowed too. */
    private String where(Resource resource) {
        String prefixed = topics.prefix() + " --resource-pattern-type prefixed";
        return switch (resource.type()) {
            case TOPIC -> " --topic " + prefixed;
            case GROUP -> " --group " + prefixed;
            case TRANSACTIONAL_ID -> " --transactional-id " + prefixed;
            default -> " --cluster";
        };
    }
}
