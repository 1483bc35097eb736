package dev.millrace.driver;

import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Takes out of a cluster what no job needs any more. Every driver does it when its job is done, so nothing else has to
 * run for it. Nothing is deleted by time alone: a job that is not final keeps its records however old they are.
 */
public final class Housekeeping {
    /** Results stay this long behind the end of their job, to be read by others or collected again. */
    private static final long RESULTS_KEPT_MILLIS = 3_600_000;

    /** Events are kept for so long at least, so that whoever asks how a job does finds what its driver said of late. */
    public static final long EVENTS_KEPT_MILLIS = 60_000;

    private final ClusterSetup setup;
    private final TopicNames topics;

    public Housekeeping(ClusterSetup setup, TopicNames topics) {
        this.setup = setup;
        this.topics = topics;
    }

    /** @param view all that the cluster remembers */
    public void clean(JobsView view, long nowMillis) {
        List<JobRecord> needed = new ArrayList<>();
        List<JobId> over = new ArrayList<>();
        for (JobsView.Job job : view.jobs()) {
            boolean old = nowMillis - job.changedMillis() > RESULTS_KEPT_MILLIS;
            if (job.record().state().isFinal() && old) {
                over.add(job.record().spec().id());
            } else {
                needed.add(job.record());
            }
        }
        if (!over.isEmpty()) {
            deleteResults(over);
        }
        if (!needed.isEmpty()) { // the job that asks is, so this only guards against a topic purged by hand
            purge(
                    needed.stream().mapToLong(view::tasksStart).min().orElse(0),
                    Math.min(
                            needed.stream().mapToLong(view::eventsStart).min().orElse(0),
                            firstEventSince(nowMillis - EVENTS_KEPT_MILLIS)));
        }
    }

    /**
     * Deletes the topics of a job that failed before it began: nobody would know whose they are. Who reads all jobs
     * sees whether its record is there after all, as that waits for its transaction. A broker that is silent is not
     * asked, so they stay there.
     */
    public static void forgetUnbegun(ClusterSettings cluster, ClusterSetup setup, JobSpec job, MillraceException why) {
        if (why.exitCode() == ExitCode.INTERRUPTED || JobWatch.isSilence(why)) {
            return;
        }
        try {
            if (JobsView.read(cluster).job(job.id()) == null) {
                setup.deleteNewResults(job);
            }
        } catch (MillraceException | KafkaException e) {
            why.addSuppressed(e);
        }
    }

    /** The greatest long where there is none. */
    private long firstEventSince(long millis) {
        TopicPartition events = new TopicPartition(topics.events(), 0);
        long first = setup.get(
                        setup.admin()
                                .listOffsets(Map.of(events, OffsetSpec.forTimestamp(millis)))
                                .partitionResult(events),
                        "find the last events")
                .offset();
        return first < 0 ? Long.MAX_VALUE : first;
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
    private void purge(long tasksStart, long eventsStart) {
        Map<TopicPartition, RecordsToDelete> purged = new HashMap<>();
        purged.put(new TopicPartition(topics.tasks(), 0), RecordsToDelete.beforeOffset(tasksStart));
        purged.put(new TopicPartition(topics.events(), 0), RecordsToDelete.beforeOffset(eventsStart));
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
