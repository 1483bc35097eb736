package dev.millrace.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.JobId;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

final class ClusterSetupTest {
    private static List<NewTopic> topicsOfJobs(int replicas) {
        TopicNames names = new TopicNames("test.");
        List<NewTopic> topics = new ArrayList<>(ClusterSetup.continuousTopics(names, new JobId(1), 4, replicas));
        topics.add(ClusterSetup.resultsTopic(names.results(new JobId(2)), 4, replicas));
        return topics;
    }

    /** They had the brokers' default, which is one: a leader alone took records, and lost them with its disk. */
    @Test
    void whatIsWrittenToTopicsOfJobsIsOnAsManyBrokersAsInTopicsOfTheInstallation() {
        for (int[] each : new int[][] {{1, 1}, {2, 1}, {3, 2}, {5, 4}}) {
            assertThat(topicsOfJobs(each[0]))
                    .hasSize(4)
                    .allSatisfy(topic -> assertThat(topic.configs())
                            .as("%s of %s copies", topic.name(), each[0])
                            .containsEntry("min.insync.replicas", String.valueOf(each[1])));
        }
    }
}
