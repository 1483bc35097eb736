package dev.millrace.driver.doctor;

import dev.millrace.driver.cli.Finding;
import dev.millrace.kafka.ClusterSetup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;

/** Judges one topic by its partitions and settings. */
final class TopicCheck {
    private static final long DAY_MILLIS = 86_400_000;

    /**
     * What a topic must be.
     *
     * @param partitions how many it needs; 0 for any number
     * @param policy {@code delete} or {@code compact}; empty where nothing but replication is judged
     * @param remake what to do where it was made in the wrong shape
     * @param replicate what to do where it has too few copies
     */
    record Need(String name, int partitions, String policy, String remake, String replicate) {}

    private final Need need;
    private final List<TopicPartitionInfo> partitions;
    private final Map<String, String> config;
    private final int brokers;
    private final List<Finding> problems = new ArrayList<>();

    private TopicCheck(Need need, List<TopicPartitionInfo> partitions, Map<String, String> config, int brokers) {
        this.need = need;
        this.partitions = partitions;
        this.config = config;
        this.brokers = brokers;
    }

    /**
     * @param config the topic's settings; empty if they are not known
     * @param brokers in the cluster
     * @return one finding for each problem, or a single one that says that there is none
     */
    static List<Finding> judge(
            Need need, List<TopicPartitionInfo> partitions, Map<String, String> config, int brokers) {
        TopicCheck check = new TopicCheck(need, partitions, config, brokers);
        check.count();
        check.availability();
        check.replication();
        if (!need.policy().isEmpty()) {
            check.keeping();
        }
        return check.problems.isEmpty() ? List.of(Finding.ok(need.name(), check.shape())) : check.problems;
    }

    private String shape() {
        int minInsync = minInsync();
        String copies = copies();
        if (minInsync > 0 && replicas() > 1) {
            copies += ", " + minInsync + " needed to write";
        }
        if (brokers == 1) {
            copies += " (there is one broker; what it loses is lost)";
        }
        return partitions.size() + (partitions.size() == 1 ? " partition, " : " partitions, ") + copies;
    }

    private String copies() {
        return replicas() == 1 ? "1 copy" : replicas() + " copies";
    }

    private int replicas() {
        return partitions.stream()
                .mapToInt(partition -> partition.replicas().size())
                .min()
                .orElse(0);
    }

    private int minInsync() {
        return Integer.parseInt(config.getOrDefault("min.insync.replicas", "0"));
    }

    private void count() {
        int actual = partitions.size();
        if (need.partitions() == 0 || actual == need.partitions()) {
            return;
        }
        String found = actual + (actual == 1 ? " partition" : " partitions");
        if (actual < need.partitions()) {
            fail(found, "must have " + need.partitions() + ": " + need.remake());
        } else {
            warn(found, "needs no more than " + need.partitions() + "; the others stay empty");
        }
    }

    private void availability() {
        String headless = numbers(
                partition -> partition.leader() == null || partition.leader().isEmpty());
        if (!headless.isEmpty()) {
            fail("no leader in partition " + headless, "start broker " + lagging());
            return;
        }
        String stuck = numbers(partition -> partition.isr().size() < minInsync());
        if (!stuck.isEmpty() && minInsync() <= replicas()) {
            fail(
                    "too few copies in sync to write to partition " + stuck,
                    "start broker " + lagging() + ", or wait until it has caught up");
            return;
        }
        String behind = numbers(
                partition -> partition.isr().size() < partition.replicas().size());
        if (!behind.isEmpty()) {
            warn(
                    "copies of partition " + behind + " are missing or behind",
                    "start broker " + lagging() + ", or wait until it has caught up");
        }
    }

    private String numbers(Predicate<TopicPartitionInfo> which) {
        return partitions.stream()
                .filter(which)
                .map(partition -> String.valueOf(partition.partition()))
                .collect(Collectors.joining(", "));
    }

    /** Brokers that have a copy which is not in sync. */
    private String lagging() {
        TreeSet<Integer> ids = new TreeSet<>();
        for (TopicPartitionInfo partition : partitions) {
            partition.replicas().stream()
                    .filter(replica -> !partition.isr().contains(replica))
                    .map(Node::id)
                    .forEach(ids::add);
        }
        return ids.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private void replication() {
        int replicas = replicas();
        int minInsync = minInsync();
        if (minInsync > replicas) {
            fail(
                    copies() + ", " + minInsync + " needed to write",
                    "nothing can be written: " + setInsync(Math.max(1, replicas - 1)));
        } else if (replicas == 1 && brokers > 1) {
            warn("1 copy on " + brokers + " brokers", "is lost with one broker: " + need.replicate());
        } else if (replicas > 1 && minInsync == replicas) {
            warn(replicas + " copies, all needed to write", "no broker may be away: " + setInsync(replicas - 1));
        } else if (replicas > 2 && minInsync == 1) {
            warn(
                    replicas + " copies, 1 needed to write",
                    "a record may be lost with one broker: " + setInsync(replicas - 1));
        }
    }

    private void keeping() {
        String policy = config.getOrDefault("cleanup.policy", need.policy());
        if (need.policy().equals("delete") && policy.contains("compact")) {
            fail("cleanup.policy=" + policy, "records of a job are lost: " + set("cleanup.policy=delete"));
        } else if (need.policy().equals("compact") && !policy.contains("compact")) {
            warn("cleanup.policy=" + policy, "grows for ever: " + set("cleanup.policy=compact"));
        }
        if (policy.contains("delete")) {
            retention();
        }
        long largest =
                Long.parseLong(config.getOrDefault("max.message.bytes", String.valueOf(ClusterSetup.MESSAGE_BYTES)));
        if (largest < ClusterSetup.MESSAGE_BYTES) {
            fail(
                    "max.message.bytes=" + largest,
                    "tasks and pairs may be refused: " + set("max.message.bytes=" + ClusterSetup.MESSAGE_BYTES));
        }
        if (config.getOrDefault("message.timestamp.type", "LogAppendTime").equals("CreateTime")) {
            warn(
                    "message.timestamp.type=CreateTime",
                    "old results are cleared away by the clocks of drivers: "
                            + set("message.timestamp.type=LogAppendTime"));
        }
    }

    private void retention() {
        long millis = Long.parseLong(config.getOrDefault("retention.ms", "-1"));
        if (millis >= 0) {
            String found = "retention.ms=" + millis;
            String advice = "records of a job that takes or waits longer are lost: " + set("retention.ms=-1");
            if (millis < DAY_MILLIS) {
                fail(found, advice);
            } else {
                warn(found, advice);
            }
        }
        String bytes = config.getOrDefault("retention.bytes", "-1");
        if (!bytes.equals("-1")) {
            fail("retention.bytes=" + bytes, "records of a larger job are lost: " + set("retention.bytes=-1"));
        }
    }

    private String setInsync(int minInsync) {
        return set("min.insync.replicas=" + minInsync);
    }

    private String set(String setting) {
        return "kafka-configs.sh --alter --topic " + need.name() + " --add-config " + setting;
    }

    private void warn(String found, String advice) {
        problems.add(Finding.warn(need.name(), found, advice));
    }

    private void fail(String found, String advice) {
        problems.add(Finding.fail(need.name(), found, advice));
    }
}
