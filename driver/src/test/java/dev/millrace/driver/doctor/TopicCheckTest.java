package dev.millrace.driver.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.cli.Finding;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Replication on clusters of several brokers; what one real broker shows is in DoctorTest. */
final class TopicCheckTest {
    private static final TopicCheck.Need NEED = new TopicCheck.Need("t", 0, "delete", "remake", "replicate");

    private static List<Node> nodes(int... ids) {
        return Arrays.stream(ids).mapToObj(id -> new Node(id, "b" + id, 9092)).toList();
    }

    private static TopicPartitionInfo partition(int number, List<Node> replicas, List<Node> isr) {
        @Nullable Node leader = isr.isEmpty() ? null : isr.get(0);
        return new TopicPartitionInfo(number, leader, replicas, isr);
    }

    private static List<String> judge(int brokers, int minInsync, TopicPartitionInfo... partitions) {
        return TopicCheck.judge(
                        NEED, List.of(partitions), Map.of("min.insync.replicas", String.valueOf(minInsync)), brokers)
                .stream()
                .map(finding -> finding.level() + " " + finding.found()
                        + (finding.level() == Finding.Level.OK ? "" : " -> " + finding.advice()))
                .toList();
    }

    private static List<String> healthy(int brokers, int replicas, int minInsync) {
        List<Node> all = nodes(IntStream.rangeClosed(1, replicas).toArray());
        return judge(brokers, minInsync, partition(0, all, all));
    }

    @Test
    void judgesCopiesByTheNumberOfBrokers() {
        assertThat(healthy(1, 1, 1))
                .containsExactly("OK 1 partition, 1 copy (there is one broker; what it loses is lost)");
        assertThat(healthy(3, 3, 2)).containsExactly("OK 1 partition, 3 copies, 2 needed to write");
        assertThat(healthy(2, 2, 1)).containsExactly("OK 1 partition, 2 copies, 1 needed to write");
        assertThat(healthy(3, 1, 1)).containsExactly("WARN 1 copy on 3 brokers -> is lost with one broker: replicate");
        assertThat(healthy(3, 3, 3))
                .containsExactly("WARN 3 copies, all needed to write -> no broker may be away:"
                        + " kafka-configs.sh --alter --topic t --add-config min.insync.replicas=2");
        assertThat(healthy(3, 3, 1))
                .containsExactly("WARN 3 copies, 1 needed to write -> a record may be lost with one broker:"
                        + " kafka-configs.sh --alter --topic t --add-config min.insync.replicas=2");
        assertThat(healthy(3, 2, 3))
                .containsExactly("FAIL 2 copies, 3 needed to write -> nothing can be written:"
                        + " kafka-configs.sh --alter --topic t --add-config min.insync.replicas=1");
    }

    @Test
    void namesBrokersThatAreMissing() {
        List<Node> all = nodes(1, 2, 3);
        TopicPartitionInfo whole = partition(0, all, all);
        assertThat(judge(2, 2, whole, partition(1, all, nodes(1, 3))))
                .containsExactly("WARN copies of partition 1 are missing or behind"
                        + " -> start broker 2, or wait until it has caught up");
        assertThat(judge(1, 2, whole, partition(1, all, nodes(3)), partition(2, all, nodes(3))))
                .containsExactly("FAIL too few copies in sync to write to partition 1, 2"
                        + " -> start broker 1, 2, or wait until it has caught up");
        assertThat(judge(2, 1, whole, partition(1, nodes(2), List.of())))
                .startsWith("FAIL no leader in partition 1 -> start broker 2");
    }
}
