package dev.millrace.kafka;

import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MapTask;
import dev.millrace.job.MillraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Makes and looks at the topics of an installation, through one admin client. */
public final class ClusterSetup implements AutoCloseable {
    private static final String OFFSETS = "__consumer_offsets";
    private static final String TRANSACTIONS = "__transaction_state";
    private static final String SHARES = "__share_group_state";

    /** Largest record, and largest batch of records, that is written: a task with its texts. Brokers allow 1 MiB else. */
    public static final int MESSAGE_BYTES = 8 << 20;

    /** Kafka's default, for users who may not look. */
    private static final long DELETIONS_KEPT_MILLIS = 86_400_000;

    private static final long SEEN_NANOS = 15_000_000_000L, SEEN_PAUSE_NANOS = 10_000_000;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final Admin admin;

    public ClusterSetup(ClusterSettings cluster) {
        this.cluster = cluster;
        this.topics = cluster.topics();
        this.admin = cluster.admin();
    }

    /**
     * What {@link #create} makes.
     *
     * @param partitions partitions of the pairs topic, and so the most reducers that can work
     * @param replicas copies of each partition
     * @param minInsync copies that must have a record before it counts as written
     */
    public record Shape(int partitions, int replicas, int minInsync) {
        /** @throws MillraceException USAGE where there are more partitions than can be made */
        public Shape {
            if (partitions > MapTask.MOST_PARTITIONS) {
                throw new MillraceException(
                        ExitCode.USAGE,
                        "--partitions may be " + MapTask.MOST_PARTITIONS + " at most, not " + partitions);
            }
        }

        /** One broker may be away, and no record is on one alone, where there are three copies or more. */
        public static int minInsync(int replicas) {
            return Math.max(1, replicas - 1);
        }
    }

    /** The pairs topic as it stands. */
    public record PairsTopic(String id, int partitions, int replicas) {}

    public Admin admin() {
        return admin;
    }

    /**
     * Makes what is not there yet, the broker's own internal topics too: made on demand, the last of them would cost a
     * first mapper seconds. Topics that are there are left as they are, but for checkpoints with fewer
     * partitions than pairs, which get more.
     *
     * @return what was made: names of topics, and partitions added
     */
    public List<String> create(Shape shape) {
        Map<String, String> broker = brokerSettings();
        Set<String> existing = names();
        List<NewTopic> wanted = new ArrayList<>(ownTopics(shape));
        wanted.addAll(internalTopics(broker));
        wanted.removeIf(topic -> existing.contains(topic.name()));
        List<String> made = createAll(wanted);
        configureMapperGroup();
        awaitSeen("the topics made", () -> names().containsAll(made));
        if (addCheckpoints()) {
            made.add("partitions of " + topics.checkpoints());
        }
        return made;
    }

    /** Checkpoints are written by partition number, so that partitions can be added at any time. */
    private boolean addCheckpoints() {
        int needed = partitions(topics.pairs());
        boolean few = partitions(topics.checkpoints()) < needed;
        if (few) {
            get(
                    admin.createPartitions(Map.of(topics.checkpoints(), NewPartitions.increaseTo(needed)))
                            .all(),
                    "add partitions to " + topics.checkpoints());
            awaitSeen("the partitions added", () -> partitions(topics.checkpoints()) >= needed);
        }
        return few;
    }

    /** A broker answers from its copy of the metadata, which what the controller has made reaches a little later. */
    private void awaitSeen(String what, BooleanSupplier seen) {
        long end = System.nanoTime() + SEEN_NANOS;
        while (!seen.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new MillraceException(
                        ExitCode.BROKER,
                        what + " at " + cluster.bootstrapServers()
                                + " cannot be seen there: look at the brokers' logs");
            }
            LockSupport.parkNanos(SEEN_PAUSE_NANOS);
        }
    }

    private List<NewTopic> ownTopics(Shape shape) {
        // What is purged leaves the disk by whole segments, and none that is still written to.
        Map<String, String> kept = new HashMap<>(Map.of(
                "segment.bytes", "33554432",
                "segment.ms", "600000",
                "retention.ms", "-1",
                "retention.bytes", "-1",
                "cleanup.policy", "delete",
                "message.timestamp.type", "LogAppendTime",
                "max.message.bytes", String.valueOf(MESSAGE_BYTES),
                "min.insync.replicas", String.valueOf(shape.minInsync())));
        Map<String, String> compacted = new HashMap<>(kept);
        compacted.put("cleanup.policy", "compact");
        // Drivers and reducers of continuous jobs overwrite a few keys hundreds of times a second.
        compacted.put("segment.bytes", "16777216");
        compacted.put("min.cleanable.dirty.ratio", "0.3");
        // Ends of transactions are kept as long as deletions: in a day, megabytes that each reducer had to read.
        compacted.put("delete.retention.ms", "3600000");
        return List.of(
                topic(topics.jobs(), 1, shape, compacted),
                topic(topics.tasks(), 1, shape, kept),
                topic(topics.pairs(), shape.partitions(), shape, kept),
                topic(topics.events(), 1, shape, kept),
                topic(topics.checkpoints(), shape.partitions(), shape, compacted),
                topic(topics.deadLetters(), 1, shape, kept));
    }

    private static NewTopic topic(String name, int partitions, Shape shape, Map<String, String> configs) {
        return new NewTopic(name, partitions, (short) shape.replicas()).configs(configs);
    }

    /** Shaped as the broker would shape them when it makes them on demand. */
    private static List<NewTopic> internalTopics(Map<String, String> broker) {
        return List.of(
                internal(OFFSETS, broker, "offsets.topic", Map.of("cleanup.policy", "compact")),
                internal(
                        TRANSACTIONS,
                        broker,
                        "transaction.state.log",
                        Map.of("cleanup.policy", "compact", "compression.type", "uncompressed")),
                internal(
                        SHARES,
                        broker,
                        "share.coordinator.state.topic",
                        Map.of("cleanup.policy", "delete", "retention.ms", "-1")));
    }

    private static NewTopic internal(
            String name, Map<String, String> broker, String setting, Map<String, String> configs) {
        Map<String, String> all = new HashMap<>(configs);
        String segment = broker.get(setting + ".segment.bytes");
        if (segment != null) {
            all.put("segment.bytes", segment);
        }
        String minIsr = broker.get(setting + ".min.isr");
        if (minIsr != null) {
            all.put("min.insync.replicas", minIsr);
        }
        return new NewTopic(
                        name,
                        Optional.ofNullable(broker.get(setting + ".num.partitions"))
                                .map(Integer::valueOf),
                        Optional.ofNullable(broker.get(setting + ".replication.factor"))
                                .map(Short::valueOf))
                .configs(all);
    }

    /** Makes the topic that the job's counts go to. */
    public void createResults(JobId job, int partitions, int replicas) {
        createAll(List.of(resultsTopic(topics.results(job), partitions, replicas)));
    }

    static NewTopic resultsTopic(String results, int partitions, int replicas) {
        return new NewTopic(results, partitions, (short) replicas)
                .configs(Map.of(
                        "cleanup.policy", "compact",
                        "retention.ms", "-1",
                        "min.insync.replicas", String.valueOf(Shape.minInsync(replicas))));
    }

    /** Makes the topics of a continuous job: results, ledger and documents. */
    public void createContinuous(JobId job, int partitions, int replicas) {
        createAll(continuousTopics(topics, job, partitions, replicas));
    }

    static List<NewTopic> continuousTopics(TopicNames topics, JobId job, int partitions, int replicas) {
        // Nothing overwritten is compacted away while somebody may still read a table up to a barrier.
        Map<String, String> compacted = Map.of(
                "cleanup.policy", "compact",
                "retention.ms", "-1",
                "min.insync.replicas", String.valueOf(Shape.minInsync(replicas)),
                "max.message.bytes", String.valueOf(MESSAGE_BYTES),
                "min.compaction.lag.ms", "120000",
                "max.compaction.lag.ms", "600000",
                "min.cleanable.dirty.ratio", "0.3",
                "segment.ms", "300000",
                "segment.bytes", "67108864",
                "delete.retention.ms", "120000");
        Map<String, String> ledger = new HashMap<>(compacted);
        ledger.put("compression.type", "lz4");
        return List.of(
                new NewTopic(topics.results(job), partitions, (short) replicas).configs(compacted),
                new NewTopic(topics.ledger(job), partitions, (short) replicas).configs(ledger),
                new NewTopic(topics.documents(job), 1, (short) replicas).configs(compacted));
    }

    /**
     * Makes a topic for documents that anyone produces, where it is not there: compacted, and of one partition, so that
     * producers that choose partitions in different ways agree.
     *
     * @return whether it was made
     */
    public boolean createDocuments(String topic) {
        boolean made = !createAll(List.of(new NewTopic(topic, 1, (short) 1)
                        .configs(Map.of(
                                "cleanup.policy", "compact", "max.message.bytes", String.valueOf(MESSAGE_BYTES)))))
                .isEmpty();
        awaitSeen("the topic " + topic, () -> partitions(topic) > 0);
        return made;
    }

    /** Deletes the topics that hold what a job came to, those that are there. */
    public void deleteResults(JobId job) {
        Set<String> existing = names();
        List<String> own = new ArrayList<>(List.of(topics.results(job), topics.ledger(job), topics.documents(job)));
        own.retainAll(existing);
        delete(job, own);
    }

    /** The same of a job whose topics were made a moment ago, which a broker does not list at once. */
    public void deleteNewResults(JobSpec spec) {
        JobId job = spec.id();
        delete(
                job,
                spec.kind() == JobKind.CONTINUOUS
                        ? List.of(topics.results(job), topics.ledger(job), topics.documents(job))
                        : List.of(topics.results(job)));
    }

    private void delete(JobId job, List<String> own) {
        for (KafkaFuture<Void> deleted :
                admin.deleteTopics(own).topicNameValues().values()) {
            try {
                get(deleted, "delete the results of job " + job);
            } catch (MillraceException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
    }

    private List<String> createAll(List<NewTopic> wanted) {
        List<String> made = new ArrayList<>();
        if (wanted.isEmpty()) {
            return made;
        }
        Map<String, KafkaFuture<Void>> results = admin.createTopics(wanted).values();
        results.forEach((name, future) -> {
            try {
                get(future, "create the topic " + name);
                made.add(name);
            } catch (MillraceException e) {
                if (!(e.getCause() instanceof TopicExistsException)) {
                    throw e;
                }
            }
        });
        return made;
    }

    /** Before the first mapper joins: a share group reads from the end, and uncommitted records too, unless told. */
    private void configureMapperGroup() {
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, topics.mapperGroup());
        Collection<AlterConfigOp> settings = new ArrayList<>();
        for (Map.Entry<String, String> setting : mapperGroupSettings().entrySet()) {
            settings.add(
                    new AlterConfigOp(new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET));
        }
        get(
                admin.incrementalAlterConfigs(Map.of(group, settings)).all(),
                "configure the share group " + topics.mapperGroup());
        awaitSeen(
                "the settings of group " + topics.mapperGroup(),
                () -> settings(group)
                        .entrySet()
                        .containsAll(mapperGroupSettings().entrySet()));
    }

    /** Settings of the mappers' share group that exactness or quick starts rest on. */
    public static Map<String, String> mapperGroupSettings() {
        return Map.of("share.auto.offset.reset", "earliest", "share.isolation.level", "read_committed");
    }

    /**
     * A topic that documents come in, which must be there.
     *
     * @param deletionsKeptMillis how long a deletion can be read at least; {@link Long#MAX_VALUE} where it is taken away only
     *     with what lies before it
     */
    public record DocumentsTopic(String id, long deletionsKeptMillis) {}

    public DocumentsTopic documentsTopic(String topic) {
        TopicDescription found = Objects.requireNonNull(
                get(admin.describeTopics(List.of(topic)).allTopicNames(), "look at the topic " + topic)
                        .get(topic));
        return new DocumentsTopic(found.topicId().toString(), deletionsKeptMillis(topic));
    }

    private long deletionsKeptMillis(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config;
        try {
            config = Objects.requireNonNull(
                    get(admin.describeConfigs(List.of(resource)).all(), "look at the settings of the topic " + topic)
                            .get(resource));
        } catch (MillraceException e) {
            if (e.getCause() instanceof AuthorizationException) {
                return DELETIONS_KEPT_MILLIS;
            }
            throw e;
        }
        boolean isCompacted = config.get("cleanup.policy").value().contains("compact");
        return isCompacted ? Long.parseLong(config.get("delete.retention.ms").value()) : Long.MAX_VALUE;
    }

    /**
     * The pairs topic of an installation that is whole.
     *
     * @throws MillraceException that names what is missing, or has too few partitions, and what to do
     */
    public PairsTopic pairs() {
        List<String> own = List.of(
                topics.pairs(),
                topics.jobs(),
                topics.tasks(),
                topics.events(),
                topics.checkpoints(),
                topics.deadLetters());
        Map<String, KafkaFuture<TopicDescription>> answers =
                admin.describeTopics(own).topicNameValues();
        Map<String, TopicDescription> found = new HashMap<>();
        for (String topic : own) {
            try {
                found.put(topic, get(Objects.requireNonNull(answers.get(topic)), "look at the topic " + topic));
            } catch (MillraceException e) {
                if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                    throw new MillraceException(
                            ExitCode.FAILED,
                            "the cluster " + cluster.bootstrapServers() + " has no topic " + topic + ": run " + init()
                                    + " once, or give the --topic-prefix it was made with",
                            e);
                }
                // A driver's user need not be allowed what only others use.
                if (topic.equals(topics.pairs()) || !(e.getCause() instanceof AuthorizationException)) {
                    throw e;
                }
            }
        }
        TopicDescription pairs = Objects.requireNonNull(found.get(topics.pairs()));
        if (pairs.partitions().size() > MapTask.MOST_PARTITIONS) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    topics.pairs() + " has " + pairs.partitions().size() + " partitions and may have "
                            + MapTask.MOST_PARTITIONS + ": begin anew with another --topic-prefix and run " + init());
        }
        TopicDescription checkpoints = found.get(topics.checkpoints());
        if (checkpoints != null
                && checkpoints.partitions().size() < pairs.partitions().size()) {
            throw tooFew(
                    topics.checkpoints(),
                    checkpoints.partitions().size(),
                    pairs.partitions().size());
        }
        return new PairsTopic(
                pairs.topicId().toString(),
                pairs.partitions().size(),
                pairs.partitions().get(0).replicas().size());
    }

    private MillraceException tooFew(String topic, int partitions, int needed) {
        return new MillraceException(
                ExitCode.FAILED,
                topic + " has " + partitions + (partitions == 1 ? " partition" : " partitions") + " and needs " + needed
                        + ", one for each of " + topics.pairs() + ": run " + init() + ", which adds them");
    }

    private String init() {
        return "'" + cluster.command("init") + "'";
    }

    /** How many partitions a topic has; 0 where there is no such topic. */
    public int partitions(String topic) {
        TopicDescription found = describe(topic);
        return found == null ? 0 : found.partitions().size();
    }

    /** The topic's id; null where there is none of this name. */
    public @Nullable String topicId(String topic) {
        TopicDescription found = describe(topic);
        return found == null ? null : found.topicId().toString();
    }

    private @Nullable TopicDescription describe(String topic) {
        try {
            return get(admin.describeTopics(List.of(topic)).allTopicNames(), "look at the topic " + topic)
                    .get(topic);
        } catch (MillraceException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return null;
            }
            throw e;
        }
    }

    /**
     * The end of a partition, what is not committed yet included. Right behind a commit the stable end, which committed
     * readers are told, may still lie before what was committed.
     */
    public static long writtenEnd(Admin admin, TopicPartition partition) {
        return offset(admin, partition, OffsetSpec.latest());
    }

    /**
     * The offset nearest to this one that a partition can be read from. A broker whose machine lost its power may have kept
     * less of it than what was read, and of what speaks of purged records only what is older.
     */
    public static long nearest(Admin admin, TopicPartition partition, long offset) {
        long end = writtenEnd(admin, partition); // asked for first, as the beginning never passes it
        return Math.max(offset(admin, partition, OffsetSpec.earliest()), Math.min(offset, end));
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) {
        try {
            return admin.listOffsets(Map.of(partition, spec))
                    .partitionResult(partition)
                    .get()
                    .offset();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    public Set<String> names() {
        return get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names(), "list the topics");
    }

    /** Settings of one broker by name. */
    public Map<String, String> brokerSettings() {
        Collection<Node> nodes = get(admin.describeCluster().nodes(), "reach the cluster");
        return settings(new ConfigResource(
                ConfigResource.Type.BROKER, nodes.iterator().next().idString()));
    }

    /** Settings of a broker, a topic or a group, in effect, by name. */
    public Map<String, String> settings(ConfigResource resource) {
        Map<ConfigResource, Config> configs =
                get(admin.describeConfigs(List.of(resource)).all(), "read the settings of " + resource);
        Map<String, String> settings = new HashMap<>();
        for (ConfigEntry entry : configs.values().iterator().next().entries()) {
            if (entry.value() != null) {
                settings.put(entry.name(), entry.value());
            }
        }
        return settings;
    }

    /** Waits for an answer; a failure becomes a message that names the cluster, its cause the broker's own error. */
    public <T> T get(KafkaFuture<T> future, String what) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            String hint = cause instanceof AuthenticationException || cause instanceof AuthorizationException
                    ? " (check --command-config)"
                    : cause instanceof TimeoutException ? " (no answer: is a broker listening there?)" : "";
            throw new MillraceException(
                    ExitCode.BROKER,
                    "cannot " + what + " at " + cluster.bootstrapServers() + ": " + cause.getMessage() + hint,
                    cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }
}
