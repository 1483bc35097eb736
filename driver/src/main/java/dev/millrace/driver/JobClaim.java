package dev.millrace.driver;

import dev.millrace.job.JobId;
import dev.millrace.kafka.ClusterSettings;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What a driver goes by when it needs a second producer: whether the job is still its own. Whoever takes a job's
 * transactional id to drive or to end the job writes a random number of its own on the jobs topic first. A driver whose
 * number is no longer the last one has lost the job, and must not take the id again: that would fence its successor.
 *
 * <p>One thread.
 */
public final class JobClaim {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ClusterSettings cluster;
    private final JobId job;
    private final String mine = HexFormat.of().toHexDigits(RANDOM.nextLong());
    private @Nullable String before;

    public JobClaim(ClusterSettings cluster, JobId job) {
        this.cluster = cluster;
        this.job = job;
    }

    /**
     * What is to be written, before or with anything else.
     *
     * @param taken the jobs topic, read when the transactional id had been taken, so that it is final
     */
    public ProducerRecord<byte[], byte[]> record(JobsView taken) {
        before = taken.driver(job);
        return record();
    }

    /** The same for a job that is new. */
    ProducerRecord<byte[], byte[]> record() {
        return new ProducerRecord<>(
                cluster.topics().jobs(), 0, JobsView.driverKey(job), mine.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads the jobs topic. Before the record is written the driver before is the last one, who is fenced. */
    public boolean stands() {
        String last = JobsView.read(cluster).driver(job);
        return mine.equals(last) || Objects.equals(last, before);
    }
}
