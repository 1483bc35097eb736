package dev.millrace.driver.continuous;

import dev.millrace.driver.ClusterCall;
import dev.millrace.driver.JobsView;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.OpenTransactions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Follows the results topic of a job, what its driver says on the events topic, and on the jobs topic whether the job goes
 * on.
 */
final class KafkaLiveTable implements LiveTable {
    private static final Duration POLL = Duration.ofMillis(100);
    /** A consumer polls on in silence while its broker is away, so where nothing comes the broker is asked. */
    private static final long QUIET_NANOS = 3_000_000_000L;

    private static final Duration PROBE = Duration.ofSeconds(1);
    private static final long STUCK_NANOS = 60_000_000_000L;
    private static final long ENDS_NANOS = 5_000_000_000L;
    /** A reader that keeps up is behind by the time between two looks at the ends, and a little. */
    private static final long USUAL_LAG_MILLIS = 15_000;

    private final ClusterSettings cluster;
    private final JobSpec job;
    private final TopicPartition events;
    private final TopicPartition jobsPartition;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final DriverEvents driver;
    private final JobsView jobs;
    private final List<TopicPartition> results;
    private final LongSupplier wallMillis;
    private LatestCounts counts = new LatestCounts();
    private final PartitionLags lags = new PartitionLags();
    /** When the results began to be read from their beginning. */
    private long beganMillis;

    private long lastAnswer = System.nanoTime(), lastProbe = lastAnswer, lastEnds = lastAnswer;
    private boolean brokerIsAway, driverWasSilent;

    /** @param jobs all that the cluster remembers, read a moment ago */
    KafkaLiveTable(ClusterSettings cluster, JobSpec job, JobsView jobs) {
        this(cluster, job, jobs, System::currentTimeMillis);
    }

    KafkaLiveTable(ClusterSettings cluster, JobSpec job, JobsView jobs, LongSupplier wallMillis) {
        this.wallMillis = wallMillis;
        this.beganMillis = wallMillis.getAsLong();
        this.cluster = cluster;
        this.job = job;
        this.jobs = jobs;
        this.driver = new DriverEvents(job);
        this.events = DriverEvents.partition(cluster);
        this.jobsPartition = new TopicPartition(cluster.topics().jobs(), 0);
        this.consumer = cluster.reader(Map.of("fetch.max.wait.ms", 250, "max.poll.records", 20_000));
        this.results = new ArrayList<>();
        for (int partition = 0; partition < job.partitions(); partition++) {
            results.add(new TopicPartition(cluster.topics().results(job.id()), partition));
        }
        List<TopicPartition> all = new ArrayList<>(results);
        all.add(events);
        all.add(jobsPartition);
        consumer.assign(all);
        consumer.beginningOffsets(results).forEach(consumer::seek);
        consumer.seek(jobsPartition, jobs.next());
        DriverEvents.seekBack(consumer, events);
    }

    @Override
    public void catchUp() {
        ClusterCall.answer(cluster, () -> {
            ResultsReading.inTime(job.name(), wallMillis, this::readToEnd, this::startOver);
            driverWasSilent = isDriverSilent();
            return true;
        });
    }

    private void readToEnd() {
        long asked = wallMillis.getAsLong();
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        ends.forEach((partition, end) -> {
            long reached = consumer.position(partition), since = System.nanoTime();
            while (reached < end) {
                take(POLL);
                long now = consumer.position(partition);
                if (now > reached) {
                    reached = now;
                    since = System.nanoTime();
                } else if (System.nanoTime() - since > STUCK_NANOS) {
                    throw new TimeoutException(partition + " cannot be read to its end");
                }
            }
            lags.read(partition, reached);
        });
        lags.ends(ends, asked);
    }

    @Override
    public boolean poll(Duration patience) {
        boolean news = ClusterCall.answer(cluster, () -> take(patience));
        if (!ClusterCall.answer(cluster, this::mustStartOver)) {
            return news;
        }
        try {
            startOver();
            catchUp();
        } catch (MillraceException e) {
            if (e.exitCode() != ExitCode.BROKER) {
                throw e;
            }
            // It is away again, which is shown; the rest is read when it is back.
        }
        return true;
    }

    /** Returns whether there were any news. */
    private boolean take(Duration patience) {
        ConsumerRecords<byte[], byte[]> records = DriverEvents.poll(consumer, events, patience);
        // What is read now was written behind what was read before, so it is no older than that.
        boolean isOld = lagMillis(List.of(events)) > USUAL_LAG_MILLIS;
        boolean news = false;
        for (ConsumerRecord<byte[], byte[]> in : records) {
            if (in.topic().equals(events.topic())) {
                news |= driver.apply(in, isOld);
            } else if (in.topic().equals(jobsPartition.topic())) {
                jobs.apply(in);
            } else {
                news |= count(in);
            }
        }
        records.nextOffsets().forEach((partition, next) -> lags.read(partition, next.offset()));
        jobs.checkGoesOn(job);
        news |= observe(!records.isEmpty());
        boolean isSilent = isDriverSilent();
        news |= isSilent != driverWasSilent;
        driverWasSilent = isSilent;
        return news;
    }

    private long lagMillis(Collection<TopicPartition> partitions) {
        return wallMillis.getAsLong() - lags.readAsOfMillis(partitions);
    }

    /**
     * Of a word that went to zero behind what was read, compaction may have left nothing by the time a reader that
     * lags gets there. One that cannot ask where results end cannot read them anew either, and keeps what it has.
     */
    private boolean mustStartOver() {
        long now = wallMillis.getAsLong();
        boolean mayMiss = now - Math.max(beganMillis, lags.readAsOfMillis(results)) > ResultsReading.ZEROS_KEPT_MILLIS;
        if (brokerIsAway || !mayMiss && System.nanoTime() - lastEnds < ENDS_NANOS) {
            return false;
        }
        lastEnds = System.nanoTime();
        try {
            lags.ends(consumer.endOffsets(mayMiss ? results : lags.toAsk(followed()), PROBE), now);
            return mayMiss;
        } catch (TimeoutException e) {
            return false; // one of several brokers may be away; how far the counts are behind is shown
        }
    }

    private List<TopicPartition> followed() {
        List<TopicPartition> followed = new ArrayList<>(results);
        followed.add(events);
        return followed;
    }

    private void startOver() {
        counts = new LatestCounts();
        consumer.seekToBeginning(results);
        lags.startOver(results);
        beganMillis = wallMillis.getAsLong();
    }

    private boolean isDriverSilent() {
        DriverStatus last = driver.last();
        return last == null || last.isSilent();
    }

    /** Returns whether the broker has gone, or has come back. */
    private boolean observe(boolean answered) {
        long now = System.nanoTime();
        boolean answers = answered;
        if (!answered) {
            if (now - Math.max(lastAnswer, lastProbe) < QUIET_NANOS) {
                return false;
            }
            answers = probe();
            lastProbe = System.nanoTime();
        }
        if (answers) {
            lastAnswer = now;
        }
        boolean changed = brokerIsAway == answers;
        brokerIsAway = !answers;
        return changed;
    }

    private boolean probe() {
        try {
            consumer.endOffsets(List.of(events), PROBE);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private boolean count(ConsumerRecord<byte[], byte[]> in) {
        if (OpenTransactions.isEnding(in)) {
            return false;
        }
        return counts.set(
                in.key(), in.value() == null ? 0 : ByteBuffer.wrap(in.value()).getLong());
    }

    @Override
    public View view(int top) {
        long away = brokerIsAway ? (System.nanoTime() - lastAnswer) / 1_000_000 : 0;
        long lag = lagMillis(results);
        return new View(
                counts.words(),
                counts.tokens(),
                counts.top(top),
                driver.last(),
                away,
                lag > USUAL_LAG_MILLIS ? lag : 0);
    }

    @Override
    public void close() {
        consumer.close();
    }
}
