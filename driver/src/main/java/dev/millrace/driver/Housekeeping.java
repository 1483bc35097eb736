package dev.millrace.driver;

import dev.millrace.job.JobId;
import dev.millrace.job.JobSpec;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Takes out of a cluster what no job needs any more. Every driver does it when its job is done, so nothing else has to
 * run for it. Nothing is deleted by time alone: a job that is not final keeps its records however old they are.
 */
final class Housekeeping {
    /** Results stay this long behind the end of their job, to be read by others or collected again. */
    private static final long RESULTS_KEPT_MILLIS = 3_600_000;

    private final ClusterSetup setup;
    private final TopicNames topics;

    Housekeeping(ClusterSetup setup, TopicNames topics) {
        this.setup = setup;
        this.topics = topics;
    }

    /** @param jobs all that the cluster remembers */
    void clean(Collection<KafkaJobClient.RememberedJob> jobs, long nowMillis) {
        List<JobSpec> needed = new ArrayList<>();
        List<JobId> over = new ArrayList<>();
        for (KafkaJobClient.RememberedJob job : jobs) {
            boolean old = nowMillis - job.changedMillis() > RESULTS_KEPT_MILLIS;
            if (job.record().state().isFinal() && old) {
                over.add(job.record().spec().id());
            } else {
                needed.add(job.record().spec());
            }
        }
        deleteResults(over);
        purge(needed);
    }

    private void deleteResults(List<JobId> over) {
        Set<String> existing = setup.names();
        for (JobId job : over) {
            if (existing.contains(topics.results(job))) {
                setup.deleteResults(job);
            }
        }
    }

    /** Deletes tasks and events before the first of any job still needed, and pairs behind every checkpoint. */
    private void purge(List<JobSpec> needed) {
        Map<TopicPartition, RecordsToDelete> purged = new HashMap<>();
        if (!needed.isEmpty()) { // the job just done is, so this only guards against a topic purged by hand
            purged.put(
                    new TopicPartition(topics.tasks(), 0),
                    RecordsToDelete.beforeOffset(
                            needed.stream().mapToLong(JobSpec::tasksStart).min().orElse(0)));
            purged.put(
                    new TopicPartition(topics.events(), 0),
                    RecordsToDelete.beforeOffset(needed.stream()
                            .mapToLong(JobSpec::eventsStart)
                            .min()
                            .orElse(0)));
        }
        Map<TopicPartition, OffsetAndMetadata> positions = setup.get(
                setup.admin().listConsumerGroupOffsets(topics.reducerGroup()).partitionsToOffsetAndMetadata(),
                "read the reducers' positions");
        positions.forEach((partition, position) -> {
            if (partition.topic().equals(topics.pairs()) && position != null) {
                purged.put(partition, RecordsToDelete.beforeOffset(position.offset()));
            }
        });
        setup.get(setup.admin().deleteRecords(purged).all(), "purge records that no job needs");
    }
}
