package dev.millrace.driver;

import dev.millrace.driver.submit.Plan;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.JobState;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import dev.millrace.kafka.LogReader;
import dev.millrace.kafka.TopicNames;
import dev.millrace.kafka.Transactions;
import dev.millrace.shuffle.LaneCodec;
import dev.millrace.shuffle.LaneRecord;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.MalformedRecordException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/** Jobs on a Kafka cluster, embedded or not. */
public final class KafkaJobClient implements JobClient {
    private final DriverSettings settings;
    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final ClusterSetup setup;

    public KafkaJobClient(DriverSettings settings) {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.topics = cluster.topics();
        this.setup = new ClusterSetup(cluster);
    }

    @Override
    public JobResult run(JobRequest request, JobListener listener) {
        return ClusterCall.answer(cluster, () -> submit(request, listener));
    }

    private JobResult submit(JobRequest request, JobListener listener) {
        JobId id = JobId.random();
        // A bad path must fail before anything is on the cluster.
        Plan plan = Plan.begin(request.input(), settings.roots(), System.in);
        JobClaim claim = new JobClaim(cluster, id);
        Transactions transactions = transactions(id, claim);
        try (transactions;
                KafkaConsumer<byte[], byte[]> events = eventReader()) {
            CompletableFuture<Void> started = CompletableFuture.runAsync(transactions::start);
            ClusterSetup.PairsTopic pairs = setup.pairs();
            List<TopicPartition> control = List.of(eventsPartition(), tasksPartition(), jobsPartition());
            Map<TopicPartition, Long> ends = events.endOffsets(control);
            JobSpec spec = spec(id, request, pairs, ends);
            JobRecord record = JobRecord.open(spec);
            begin(record, pairs.replicas(), claim, transactions, started);
            watchFrom(events, spec, ends.getOrDefault(jobsPartition(), 0L));
            try (TransactionWatch lost = new TransactionWatch(cluster, spec, listener::notice)) {
                JobResult result =
                        new JobWatch(settings, transactions, events, brokerWatch(id), lost, record, listener).run(plan);
                keepHouse(listener);
                return result;
            }
        }
    }

    private JobSpec spec(JobId id, JobRequest request, ClusterSetup.PairsTopic pairs, Map<TopicPartition, Long> ends) {
        return new JobSpec(
                id,
                request.name(),
                JobKind.BATCH,
                request.rules(),
                request.input(),
                pairs.partitions(),
                pairs.id(),
                request.window(),
                request.maxAttempts(),
                request.skipFailed(),
                ends.getOrDefault(eventsPartition(), 0L),
                ends.getOrDefault(tasksPartition(), 0L),
                System.currentTimeMillis());
    }

    /** @param started that the transactions can be written, which goes on meanwhile */
    private void begin(
            JobRecord record,
            int replicas,
            JobClaim claim,
            Transactions transactions,
            CompletableFuture<Void> started) {
        JobSpec spec = record.spec();
        try {
            setup.createResults(spec.id(), spec.partitions(), replicas);
            join(started);
            transactions.write(opening(record, claim));
        } catch (MillraceException e) {
            Housekeeping.forgetUnbegun(cluster, setup, spec, e);
            throw e;
        }
    }

    private static void join(CompletableFuture<Void> started) {
        try {
            started.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private Transactions transactions(JobId id, JobClaim claim) {
        return new Transactions(cluster, topics.driverTransactions(id), settings.brokerDeadline(), claim::stands);
    }

    private BrokerWatch brokerWatch(JobId id) {
        return new BrokerWatch(
                setup.admin(),
                cluster.bootstrapServers(),
                settings.attachCommand() + " " + id,
                settings.brokerDeadline());
    }

    private KafkaConsumer<byte[], byte[]> eventReader() {
        return cluster.reader(Map.of("max.poll.records", 10_000));
    }

    private TopicPartition eventsPartition() {
        return new TopicPartition(topics.events(), 0);
    }

    private TopicPartition tasksPartition() {
        return new TopicPartition(topics.tasks(), 0);
    }

    private TopicPartition jobsPartition() {
        return new TopicPartition(topics.jobs(), 0);
    }

    private List<ProducerRecord<byte[], byte[]>> opening(JobRecord record, JobClaim claim) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(List.of(claim.record()));
        JobId id = record.spec().id();
        records.add(new ProducerRecord<>(topics.jobs(), 0, JobWatch.key(id), ControlCodec.encode(record)));
        for (int partition = 0; partition < record.spec().partitions(); partition++) {
            records.add(new ProducerRecord<>(
                    topics.pairs(), partition, JobWatch.key(id), LaneCodec.encode(new LaneRecord.Open(id))));
        }
        return records;
    }

    private void watchFrom(KafkaConsumer<byte[], byte[]> events, JobSpec spec, long jobsOffset) {
        events.assign(List.of(eventsPartition(), jobsPartition()));
        events.seek(eventsPartition(), ClusterSetup.nearest(setup.admin(), eventsPartition(), spec.eventsStart()));
        events.seek(jobsPartition(), jobsOffset);
    }

    @Override
    public JobResult attach(JobId job, JobListener listener) {
        return ClusterCall.answer(cluster, () -> takeUp(job, listener));
    }

    private JobResult takeUp(JobId job, JobListener listener) {
        JobRecord known = find(job);
        if (known.spec().kind() == JobKind.CONTINUOUS) { // found out before its driver would be shut out
            throw continuous(known);
        }
        JobClaim claim = new JobClaim(cluster, job);
        Transactions transactions = transactions(job, claim);
        try (transactions;
                KafkaConsumer<byte[], byte[]> events = eventReader()) {
            claim.make();
            transactions.startClaimed(); // fences a driver that still runs, so what is read next is final
            JobRecord record = find(job);
            JobSpec spec = record.spec();
            switch (record.state()) {
                case FAILED, CANCELLED -> throw over(record);
                case DONE -> {
                    if (setup.partitions(topics.results(job)) == 0) {
                        throw new MillraceException(
                                ExitCode.FAILED, "job " + job + " is done, and its result has been cleared away since");
                    }
                }
                case OPEN, SEALED, ENDED -> {}
            }
            ClusterSetup.PairsTopic pairs = setup.pairs();
            if (!pairs.id().equals(spec.pairsTopicId()) || pairs.partitions() != spec.partitions()) {
                throw new MillraceException(
                        ExitCode.FAILED,
                        "job " + job + " was begun on " + spec.partitions() + " partitions of " + topics.pairs() + " ("
                                + spec.pairsTopicId() + "), which now is " + pairs + ": it cannot go on");
            }
            requireResults(spec);
            List<JobWatch.PublishedTask> published = publishedTasks(spec);
            watchFrom(events, spec, events.endOffsets(List.of(jobsPartition())).getOrDefault(jobsPartition(), 0L));
            try (TransactionWatch lost = new TransactionWatch(cluster, spec, listener::notice)) {
                JobWatch watch = new JobWatch(settings, transactions, events, brokerWatch(job), lost, record, listener);
                watch.recover(published);
                Plan plan = record.state() == JobState.OPEN
                        ? Plan.resume(
                                spec.input(),
                                settings.roots(),
                                published.stream()
                                        .map(JobWatch.PublishedTask::task)
                                        .toList())
                        : Plan.NONE;
                JobResult result = watch.run(plan);
                keepHouse(listener);
                return result;
            }
        } catch (Transactions.FencedException e) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "another driver has taken over job " + job + " meanwhile; to take it back: "
                            + settings.attachCommand() + " " + job,
                    e);
        }
    }

    private static MillraceException over(JobRecord job) {
        return job.state() == JobState.CANCELLED
                ? new MillraceException(ExitCode.CANCELLED, "job " + job.spec().id() + " was cancelled")
                : new MillraceException(ExitCode.FAILED, "job " + job.spec().id() + " failed: " + job.detail());
    }

    /** There is no result to come back to, and what drives it reads sources that this program was not given. */
    private static MillraceException continuous(JobRecord job) {
        String name = job.spec().name();
        return job.state().isFinal()
                ? over(job)
                : new MillraceException(
                        ExitCode.USAGE,
                        "job " + job.spec().id() + " (" + name + ") is continuous, and has no end to wait for: look at"
                                + " it by 'millrace top --follow --job " + name + "' or 'millrace snapshot " + name
                                + "'; if its driver has stopped, 'millrace watch' or 'millrace stream' with --job "
                                + name + " goes on with it");
    }

    private void requireResults(JobSpec spec) {
        String results = topics.results(spec.id());
        int partitions = setup.partitions(results);
        if (partitions < spec.partitions()) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    results + " has " + partitions + (partitions == 1 ? " partition" : " partitions") + " and needs "
                            + spec.partitions() + ": somebody has deleted it, or made it anew; give the job up with"
                            + " 'millrace cancel " + spec.id() + "' and count again");
        }
    }

    /** First attempts of the job's tasks, in order, as an earlier driver published them. */
    private List<JobWatch.PublishedTask> publishedTasks(JobSpec spec) {
        Map<Integer, JobWatch.PublishedTask> tasks = new TreeMap<>(); // backups of lost ones may lie behind later ones
        LogReader.readToEnd(cluster, tasksPartition(), spec.tasksStart(), in -> {
            if (new String(in.key() == null ? new byte[0] : in.key(), StandardCharsets.US_ASCII)
                    .equals(spec.id().toString())) {
                ChunkTask task = (ChunkTask) ControlCodec.task(in.value());
                Header document = in.headers().lastHeader(TopicNames.DOCUMENT_HEADER);
                tasks.putIfAbsent(
                        task.number(), new JobWatch.PublishedTask(task, document == null ? null : document.value()));
            }
        });
        return List.copyOf(tasks.values());
    }

    private JobsView jobs() {
        setup.pairs(); // says what to do where there is no installation
        return JobsView.read(cluster);
    }

    /** The result is there already: what goes wrong here is told, and left to the next driver. */
    private void keepHouse(JobListener listener) {
        if (!settings.keepsHouse()) {
            return;
        }
        try {
            new Housekeeping(setup, topics).clean(jobs(), System.currentTimeMillis());
        } catch (MillraceException | KafkaException | MalformedRecordException e) {
            listener.notice("old records were not cleared away: " + e.getMessage());
        }
    }

    private JobRecord find(JobId job) {
        JobRecord found = jobs().job(job);
        if (found == null) {
            throw new MillraceException(
                    ExitCode.NO_SUCH_JOB,
                    "the cluster " + cluster.bootstrapServers() + " knows no job " + job + ": see 'millrace list'");
        }
        return found;
    }

    @Override
    public List<JobRecord> list() {
        return ClusterCall.answer(cluster, this::jobs).jobs().stream()
                .map(JobsView.Job::record)
                .sorted(Comparator.comparingLong((JobRecord job) -> job.spec().createdMillis())
                        .reversed())
                .toList();
    }

    @Override
    public void cancel(JobId job) {
        ClusterCall.answer(cluster, () -> {
            giveUp(job);
            return true;
        });
    }

    private void giveUp(JobId job) {
        find(job);
        JobClaim claim = new JobClaim(cluster, job);
        try (Transactions transactions = transactions(job, claim)) {
            claim.make();
            transactions.startClaimed();
            JobRecord record = find(job);
            if (record.state().isFinal()) {
                throw new MillraceException(ExitCode.FAILED, "job " + job + " is " + record.state() + " already");
            }
            List<ProducerRecord<byte[], byte[]>> records = JobWatch.cancelLanes(record.spec(), topics);
            records.add(new ProducerRecord<>(
                    topics.jobs(),
                    0,
                    JobWatch.key(job),
                    ControlCodec.encode(record.become(JobState.CANCELLED, "cancelled by a user"))));
            transactions.write(records);
        } catch (Transactions.FencedException e) {
            throw new MillraceException(
                    ExitCode.FAILED, "job " + job + " is not cancelled: a driver took it over meanwhile; try again", e);
        }
    }

    @Override
    public void close() {
        setup.close();
    }
}
