package dev.millrace.driver.continuous;

import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import dev.millrace.wire.ControlCodec;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What the jobs topic says of continuous jobs. */
final class ContinuousJobs {
    private static final String POSITION = "/position";

    private ContinuousJobs() {}

    /** The key under which the jobs topic holds a job's position. */
    static byte[] positionKey(JobId job) {
        return (job + POSITION).getBytes(StandardCharsets.US_ASCII);
    }

    /** The continuous job of this name that is not over; null where there is none. */
    static @Nullable JobRecord find(ClusterSettings cluster, String name) {
        Map<JobId, JobRecord> jobs = new LinkedHashMap<>();
        LogReader.readToEnd(cluster, jobs(cluster), -1, in -> {
            String key = new String(in.key(), StandardCharsets.US_ASCII);
            if (in.value() != null && key.indexOf('/') < 0) {
                JobRecord job = ControlCodec.job(in.value());
                jobs.put(job.spec().id(), job);
            }
        });
        return jobs.values().stream()
                .filter(job -> job.spec().kind() == JobKind.CONTINUOUS
                        && !job.state().isFinal()
                        && job.spec().name().equals(name))
                .reduce((older, newer) -> newer)
                .orElse(null);
    }

    static MillraceException none(ClusterSettings cluster, String name) {
        return new MillraceException(
                ExitCode.NO_SUCH_JOB,
                "the cluster " + cluster.bootstrapServers() + " has no continuous job named " + name
                        + " that goes on: see 'millrace list', and 'millrace watch' or 'millrace stream' to begin one");
    }

    static @Nullable ContinuousPosition position(ClusterSettings cluster, JobId job) {
        String wanted = job + POSITION;
        @Nullable ContinuousPosition[] found = {null};
        LogReader.readToEnd(cluster, jobs(cluster), -1, in -> {
            if (in.value() != null && wanted.equals(new String(in.key(), StandardCharsets.US_ASCII))) {
                found[0] = ControlCodec.position(in.value());
            }
        });
        return found[0];
    }

    private static TopicPartition jobs(ClusterSettings cluster) {
        return new TopicPartition(cluster.topics().jobs(), 0);
    }
}
