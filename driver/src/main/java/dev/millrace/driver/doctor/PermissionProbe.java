package dev.millrace.driver.doctor;

import dev.millrace.driver.cli.ClusterRole;
import dev.millrace.driver.doctor.Permissions.Resource;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeShareGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what this user may do. Kafka tells it of topics, of groups that exist and of the cluster; the rest shows in
 * requests that change nothing, or, of transactional ids, nothing but a probe id of their own.
 */
final class PermissionProbe {
    private final ClusterSetup setup;
    private final Admin admin;
    private final TopicNames topics;
    private final Permissions permissions;

    PermissionProbe(ClusterSetup setup, TopicNames topics, Permissions permissions) {
        this.setup = setup;
        this.admin = setup.admin();
        this.topics = topics;
        this.permissions = permissions;
    }

    /**
     * @param known what was told already
     * @param result a result topic of some job, if there is one: all of them are under one prefix
     */
    Map<Resource, Set<AclOperation>> allowed(
            Collection<ClusterRole> roles, Map<Resource, Set<AclOperation>> known, @Nullable String result) {
        Map<Resource, Set<AclOperation>> allowed = new HashMap<>(known);
        allowed.put(Permissions.group(topics.mapperGroup()), mapperGroup());
        allowed.put(Permissions.group(topics.reducerGroup()), reducerGroup());
        allowed.put(permissions.results(), results(known, result));
        for (ClusterRole role : roles) {
            if (role != ClusterRole.SETUP) {
                allowed.put(permissions.transactions(role), transactions(role));
            }
        }
        return allowed;
    }

    private Set<AclOperation> mapperGroup() {
        String group = topics.mapperGroup();
        Set<AclOperation> told = told(admin.describeShareGroups(
                        List.of(group), new DescribeShareGroupsOptions().includeAuthorizedOperations(true))
                .all()
                .thenApply(found -> found.get(group).authorizedOperations()));
        if (told != null) {
            return told;
        }
        Set<AclOperation> allowed = member(group);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        if (isAllowed(admin.describeConfigs(List.of(resource)).all(), "ask for the settings of " + group)) {
            allowed.add(AclOperation.DESCRIBE_CONFIGS);
        }
        List<AlterConfigOp> same = ClusterSetup.mapperGroupSettings().entrySet().stream()
                .map(setting -> new AlterConfigOp(
                        new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET))
                .toList();
        if (isAllowed(
                admin.incrementalAlterConfigs(Map.of(resource, same), new AlterConfigsOptions().validateOnly(true))
                        .all(),
                "ask whether settings of " + group + " may be changed")) {
            allowed.add(AclOperation.ALTER_CONFIGS);
        }
        return allowed;
    }

    private Set<AclOperation> reducerGroup() {
        String group = topics.reducerGroup();
        Set<AclOperation> told = told(admin.describeConsumerGroups(
                        List.of(group), new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true))
                .all()
                .thenApply(found -> found.get(group).authorizedOperations()));
        return told == null ? member(group) : told;
    }

    /** What the cluster tells of a group; null where there is no such group yet. */
    private @Nullable Set<AclOperation> told(KafkaFuture<Set<AclOperation>> group) {
        try {
            return setup.get(group, "ask for the permissions on a group");
        } catch (MillraceException e) {
            if (e.getCause() instanceof AuthorizationException) {
                return EnumSet.noneOf(AclOperation.class);
            }
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return null;
            }
            throw e;
        }
    }

    /**
     * On a group that does not exist, and that this user may ask for. Who may take a member out of a group may be one;
     * and there is no such member.
     */
    private Set<AclOperation> member(String group) {
        Set<AclOperation> allowed = EnumSet.of(AclOperation.DESCRIBE);
        MemberToRemove nobody = new MemberToRemove("doctor-probe");
        KafkaFuture<Void> removed = admin.removeMembersFromConsumerGroup(
                        group, new RemoveMembersFromConsumerGroupOptions(List.of(nobody)))
                .memberResult(nobody);
        try {
            setup.get(removed, "ask for the permissions on group " + group);
            allowed.add(AclOperation.READ);
        } catch (MillraceException e) {
            if (e.getCause() instanceof UnknownMemberIdException) {
                allowed.add(AclOperation.READ);
            } else if (!(e.getCause() instanceof AuthorizationException)) {
                throw e;
            }
        }
        return allowed;
    }

    private Set<AclOperation> results(Map<Resource, Set<AclOperation>> known, @Nullable String result) {
        Set<AclOperation> told = result == null ? null : known.get(Permissions.topic(result));
        Set<AclOperation> allowed = EnumSet.noneOf(AclOperation.class);
        // Without a result topic only its making can be tried.
        allowed.addAll(told == null ? EnumSet.allOf(AclOperation.class) : told);
        allowed.remove(AclOperation.CREATE);
        NewTopic probe = new NewTopic(topics.results(JobId.random()), 1, (short) 1);
        if (isAllowed(
                admin.createTopics(List.of(probe), new CreateTopicsOptions().validateOnly(true))
                        .all(),
                "ask whether topics may be made")) {
            allowed.add(AclOperation.CREATE);
        }
        return allowed;
    }

    private Set<AclOperation> transactions(ClusterRole role) {
        String id = permissions.probeId(role);
        boolean may = isAllowed(admin.fenceProducers(List.of(id)).all(), "begin a transaction as " + id);
        return may ? EnumSet.of(AclOperation.WRITE, AclOperation.DESCRIBE) : EnumSet.noneOf(AclOperation.class);
    }

    private boolean isAllowed(KafkaFuture<?> request, String what) {
        try {
            var unused = setup.get(request, what);
            return true;
        } catch (MillraceException e) {
            if (e.getCause() instanceof AuthorizationException) {
                return false;
            }
            throw e;
        }
    }
}
