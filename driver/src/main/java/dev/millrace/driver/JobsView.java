package dev.millrace.driver;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.wire.ControlCodec;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What the jobs topic says: every job, and of the continuous ones how far their drivers are. One thread. */
public final class JobsView {
    private static final String POSITION = "/position";
    private static final String DRIVER = "/driver";

    private final Map<JobId, Job> jobs = new LinkedHashMap<>();
    private final Map<JobId, ContinuousPosition> positions = new HashMap<>();
    private long next;

    /** @param changedMillis when its record was written last, in milliseconds since 1970 by the broker's clock */
    public record Job(JobRecord record, long changedMillis) {}

    /** The key under which the position of a continuous job is kept, beside that of its record. */
    public static byte[] positionKey(JobId job) {
        return (job + POSITION).getBytes(StandardCharsets.US_ASCII);
    }

    /** The key under which the last {@link JobClaim} on a job is kept. */
    static byte[] driverKey(JobId job) {
        return (job + DRIVER).getBytes(StandardCharsets.US_ASCII);
    }

    /** All that is committed now. */
    public static JobsView read(ClusterSettings cluster) {
        JobsView view = new JobsView();
        view.next =
                LogReader.readToEnd(cluster, new TopicPartition(cluster.topics().jobs(), 0), -1, view::apply);
        return view;
    }

    /** Takes one record of the jobs topic. */
    public void apply(ConsumerRecord<byte[], byte[]> in) {
        next = in.offset() + 1;
        if (in.key() == null || in.value() == null) {
            return;
        }
        String key = new String(in.key(), StandardCharsets.US_ASCII);
        if (key.endsWith(DRIVER)) {
            return; // JobClaim reads them for itself, as they need not be committed
        }
        if (key.endsWith(POSITION)) {
            ContinuousPosition position = ControlCodec.position(in.value());
            positions.put(position.job(), position);
        } else {
            JobRecord job = ControlCodec.job(in.value());
            jobs.put(job.spec().id(), new Job(job, in.timestamp()));
        }
    }

    /** The same, for another thread. */
    public JobsView copy() {
        JobsView copy = new JobsView();
        copy.jobs.putAll(jobs);
        copy.positions.putAll(positions);
        copy.next = next;
        return copy;
    }

    /** Offset of the first record that has not been read. */
    public long next() {
        return next;
    }

    public Collection<Job> jobs() {
        return List.copyOf(jobs.values());
    }

    public @Nullable JobRecord job(JobId id) {
        Job found = jobs.get(id);
        return found == null ? null : found.record();
    }

    /** The newest continuous job of this name that is not over; null where there is none. */
    public @Nullable JobRecord continuous(String name) {
        return jobs.values().stream()
                .map(Job::record)
                .filter(job -> job.spec().kind() == JobKind.CONTINUOUS
                        && !job.state().isFinal()
                        && job.spec().name().equals(name))
                .reduce((older, newer) -> newer)
                .orElse(null);
    }

    /** @throws MillraceException NO_SUCH_JOB if there is no continuous job of this name that goes on */
    public static JobRecord find(ClusterSettings cluster, String name) {
        return read(cluster).continuous(cluster, name);
    }

    /**
     * @param cluster that this was read from
     * @throws MillraceException NO_SUCH_JOB if there is no continuous job of this name that goes on
     */
    public JobRecord continuous(ClusterSettings cluster, String name) {
        JobRecord found = continuous(name);
        if (found == null) {
            throw new MillraceException(
                    ExitCode.NO_SUCH_JOB,
                    "the cluster " + cluster.bootstrapServers() + " has no continuous job named " + name
                            + " that goes on: see 'millrace list', and 'millrace watch' or 'millrace stream' to begin"
                            + " one");
        }
        return found;
    }

    /** @throws MillraceException CANCELLED or FAILED where the job has ended so */
    public void checkGoesOn(JobSpec job) {
        JobRecord now = job(job.id());
        if (now != null && now.state().isFinal()) {
            throw now.state() == JobState.CANCELLED
                    ? new MillraceException(
                            ExitCode.CANCELLED, "job " + job.name() + " (" + job.id() + ") was cancelled")
                    : new MillraceException(
                            ExitCode.FAILED, "job " + job.name() + " (" + job.id() + ") failed: " + now.detail());
        }
    }

    public @Nullable ContinuousPosition position(JobId job) {
        return positions.get(job);
    }

    /** Offset in the tasks topic before anything that the job still needs. */
    long tasksStart(JobRecord job) {
        ContinuousPosition position = positions.get(job.spec().id());
        return position == null ? job.spec().tasksStart() : position.tasksStart();
    }

    /** Offset in the events topic before anything that the job still needs. */
    long eventsStart(JobRecord job) {
        ContinuousPosition position = positions.get(job.spec().id());
        return position == null ? job.spec().eventsStart() : position.eventsStart();
    }
}
