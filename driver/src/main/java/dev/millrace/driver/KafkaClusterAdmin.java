package dev.millrace.driver;

import dev.millrace.driver.cli.ClusterAdmin;
import dev.millrace.driver.cli.ClusterRole;
import dev.millrace.driver.cli.Finding;
import dev.millrace.driver.doctor.ClusterDoctor;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Sets a cluster up for Millrace and looks whether it is. */
public final class KafkaClusterAdmin implements ClusterAdmin {
    private static final int DEFAULT_PARTITIONS = 16;

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
        int minInsync = ClusterSetup.Shape.minInsync(replicas);
        List<String> made = setup.create(new ClusterSetup.Shape(partitions, replicas, minInsync));
        made.stream().sorted().forEach(topic -> report.accept("made " + topic));
        for (Finding finding : new ClusterDoctor(cluster, setup).examineTopics()) {
            if (!made.contains(finding.what())) { // what was there is left alone, in whatever shape
                report.accept(finding.what() + ": " + finding.found() + "; " + finding.advice());
            }
        }
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
    public List<Finding> diagnose(Collection<ClusterRole> roles) {
        return new ClusterDoctor(cluster, setup).examine(roles);
    }

    @Override
    public void close() {
        setup.close();
    }
}
