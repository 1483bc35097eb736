package dev.millrace.driver;

import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.LogReader;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * What a driver goes by when it needs a second producer: whether the job is still its own. Whoever takes a job's
 * transactional id to drive or to end the job writes a random number of its own on the jobs topic before that. A driver
 * whose number is no longer the last one has lost the job, or is about to, and must not take the id again: that would
 * fence its successor.
 *
 * <p>Claims are written outside of transactions, and read whether they are committed or not: the driver that asks has
 * often left a transaction open, behind which it could see no successor's claim.
 *
 * <p>One thread.
 */
public final class JobClaim {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ClusterSettings cluster;
    private final JobId job;
    private final String mine = HexFormat.of().toHexDigits(RANDOM.nextLong());

    public JobClaim(ClusterSettings cluster, JobId job) {
        this.cluster = cluster;
        this.job = job;
    }

    /**
     * To be done before the transactional id of a job that another may drive is taken.
     *
     * @throws MillraceException with {@link ExitCode#BROKER} if the claim cannot be written
     */
    public void make() {
        try (KafkaProducer<byte[], byte[]> producer = cluster.plainProducer()) {
            producer.send(record()).get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new MillraceException(
                    ExitCode.BROKER,
                    "job " + job + " cannot be taken over, as nothing can be written to "
                            + cluster.topics().jobs() + ": " + cause.getMessage(),
                    cause);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** What {@link #make} writes. A driver that begins a job may write it with that, as nobody else knows the job yet. */
    ProducerRecord<byte[], byte[]> record() {
        return new ProducerRecord<>(
                cluster.topics().jobs(), 0, JobsView.driverKey(job), mine.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads the jobs topic. */
    public boolean stands() {
        byte[] key = JobsView.driverKey(job);
        String[] last = {mine}; // a job that nobody has claimed yet is being begun
        LogReader.readWritten(cluster, new TopicPartition(cluster.topics().jobs(), 0), in -> {
            if (in.value() != null && Arrays.equals(in.key(), key)) {
                last[0] = new String(in.value(), StandardCharsets.US_ASCII);
            }
        });
        return last[0].equals(mine);
    }
}
