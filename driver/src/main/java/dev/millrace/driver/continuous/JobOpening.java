package dev.millrace.driver.continuous;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.Housekeeping;
import dev.millrace.driver.JobsView;
import dev.millrace.driver.Release;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.wire.ControlCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Finds the continuous job of a name, or begins it, before it has a driver.
 */
record JobOpening(
        DriverSettings settings,
        ClusterSetup setup,
        KafkaConsumer<byte[], byte[]> consumer,
        String name,
        TextRules rules,
        DocumentSource source) {
    /** Usual length of a part of a document, see {@link dev.millrace.text.TextParts}. */
    private static final int PART_BYTES = 128 << 10;

    private static final int WINDOW = 16;
    private static final int MAX_ATTEMPTS = 4;

    /** @param resumed whether the job was there before */
    record Opened(JobRecord record, boolean resumed) {}

    /** @throws MillraceException USAGE where the job counts other sources, or by other rules */
    Opened open() {
        ClusterSetup.PairsTopic pairs = setup.pairs();
        JobRecord known = JobsView.read(settings.cluster()).continuous(name);
        JobRecord record = known != null ? known : begin(pairs);
        check(record, pairs);
        return new Opened(record, known != null);
    }

    /** Of several drivers that begin a job at once under one name, all find the job of one of them. */
    private JobRecord begin(ClusterSetup.PairsTopic pairs) {
        ClusterSettings cluster = settings.cluster();
        TopicNames topics = cluster.topics();
        try (Transactions opening =
                new Transactions(cluster, topics.openingTransactions(name), settings.brokerDeadline(), () -> false)) {
            opening.start(); // whoever was opening it has done so by now, or is fenced
            JobRecord opened = JobsView.read(cluster).continuous(name);
            if (opened == null) {
                JobSpec spec = spec(pairs, topics);
                opened = JobRecord.open(spec);
                try {
                    setup.createContinuous(spec.id(), spec.partitions(), pairs.replicas());
                    opening.write(records(opened, topics));
                } catch (MillraceException e) {
                    Housekeeping.forgetUnbegun(cluster, setup, spec, e);
                    throw e;
                }
            }
            return opened;
        } catch (Transactions.FencedException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "another driver began the job " + name
                            + " at the same moment; start this one again if it is to take the job over",
                    e);
        }
    }

    private JobSpec spec(ClusterSetup.PairsTopic pairs, TopicNames topics) {
        TopicPartition events = new TopicPartition(topics.events(), 0), tasks = new TopicPartition(topics.tasks(), 0);
        Map<TopicPartition, Long> ends = consumer.endOffsets(List.of(events, tasks));
        return new JobSpec(
                JobId.random(),
                name,
                JobKind.CONTINUOUS,
                rules,
                new InputSpec(source.names(), List.of(), List.of(), false, PART_BYTES),
                pairs.partitions(),
                pairs.id(),
                WINDOW,
                MAX_ATTEMPTS,
                false,
                ends.getOrDefault(events, 0L),
                ends.getOrDefault(tasks, 0L),
                System.currentTimeMillis());
    }

    private static List<ProducerRecord<byte[], byte[]>> records(JobRecord record, TopicNames topics) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        JobId id = record.spec().id();
        byte[] key = id.toString().getBytes(StandardCharsets.US_ASCII);
        records.add(new ProducerRecord<>(topics.jobs(), 0, key, ControlCodec.encode(record)));
        for (int partition = 0; partition < record.spec().partitions(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(), partition, key, LaneCodec.encode(new LaneRecord.OpenContinuous(id))));
        }
        return records;
    }

    private void check(JobRecord record, ClusterSetup.PairsTopic pairs) {
        JobSpec spec = record.spec();
        String other = otherThan(spec, source.names(), rules, settings.anew().apply(name));
        if (other != null) {
            throw new MillraceException(ExitCode.USAGE, other);
        }
        if (!spec.pairsTopicId().equals(pairs.id())) {
            throw new MillraceException(
                    ExitCode.FAILED, "the job " + name + " was begun on another pairs topic than " + pairs);
        }
    }

    /**
     * What a job that is there counts other than it is to, and what to do; null where it counts the same.
     *
     * @param anew what a user does to begin it anew
     */
    static @Nullable String otherThan(JobSpec known, List<String> sources, TextRules rules, String anew) {
        if (!known.input().paths().equals(sources)) {
            return "the job " + known.name() + " counts "
                    + String.join(", ", DocumentNames.of(known).printableSources()) + " and not "
                    + String.join(", ", DocumentNames.of(sources).printableSources()) + ": " + anew;
        }
        if (!known.rules().equals(rules)) {
            return "the job " + known.name() + " counts by other rules (profile "
                    + known.rules().profile()
                    + ", version " + known.rules().version() + ", "
                    + known.rules().stopWords().size() + " stop words): give the same --profile and"
                    + " --stop-words with release " + Release.VERSION + ", or " + anew;
        }
        return null;
    }
}
