package dev.millrace.kafka;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How to reach a cluster, and the one place where clients get their settings. What the user gives (security,
 * compression, timeouts) is laid over ours, but for the settings that exactness rests on: those of them that a client
 * must have are put in silently, as Kafka's own tools do; a weaker guarantee for producers is refused, as Kafka's
 * producer does. A client that cannot be made of the user's properties is a {@link MillraceException} with
 * {@link ExitCode#USAGE} that names the property.
 *
 * @param user Kafka client properties from the user, {@code bootstrap.servers} among them
 */
public record ClusterSettings(Map<String, String> user, TopicNames topics) {
    /** A transaction that its producer left open holds committed readers up this long at most. */
    static final int TRANSACTION_TIMEOUT_MS = 10_000;
    /** A record that cannot be delivered for this long fails its transaction, which is then tried again. */
    static final int DELIVERY_TIMEOUT_MS = 30_000;

    /**
     * So that the first record of a transaction does not travel alone: of each request the broker asks the transaction's
     * coordinator, one after the other.
     */
    private static final int LINGER_MS = 1;

    private static final int RETRY_BACKOFF_MS = 10, RETRY_BACKOFF_MAX_MS = 500;
    private static final int REDUCER_SESSION_MS = 10_000;
    /**
     * One that publishes a large result, or waits for a broker, does not poll; the session tells whether it lives. But when
     * another one dies meanwhile, its partitions wait for as long.
     */
    private static final int REDUCER_POLL_MS = 900_000;

    /** What a share consumer refuses, though a file of properties for all clients may well have it. */
    private static final List<String> NOT_FOR_SHARE_GROUPS = List.of(
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG);

    public ClusterSettings {
        user = Map.copyOf(user);
    }

    public static ClusterSettings of(String bootstrapServers) {
        return new ClusterSettings(
                Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers),
                new TopicNames(TopicNames.DEFAULT_PREFIX));
    }

    public String bootstrapServers() {
        return user.getOrDefault(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, "");
    }

    /** A command line of ours that reaches the same topics, for messages; a file of client properties is not named. */
    public String command(String name) {
        return "millrace " + name + " --bootstrap-server " + bootstrapServers()
                + (topics.prefix().equals(TopicNames.DEFAULT_PREFIX) ? "" : " --topic-prefix " + topics.prefix())
                + (user.size() > 1 ? " --command-config FILE" : "");
    }

    public Admin admin() {
        return made(() -> Admin.create(adminProperties()));
    }

    Map<String, Object> adminProperties() {
        Map<String, Object> properties = base();
        properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000);
        properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 7_000);
        properties.putAll(user);
        return properties;
    }

    /** For transactions under an id that is the same after a restart, so that a new run ends what the old one left. */
    public KafkaProducer<byte[], byte[]> transactionalProducer(String transactionalId) {
        return producer(transactionalProperties(transactionalId));
    }

    /** @throws MillraceException USAGE where the user asks for less than exactness needs */
    Map<String, Object> transactionalProperties(String transactionalId) {
        requireOf(ProducerConfig.ACKS_CONFIG, "all", "-1");
        requireOf(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
        Map<String, Object> properties = producerBase();
        properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MS);
        properties.putAll(user);
        properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        return properties;
    }

    private void requireOf(String property, String... values) {
        String given = user.get(property);
        for (String value : values) {
            if (given == null || given.strip().equalsIgnoreCase(value)) {
                return;
            }
        }
        throw new MillraceException(
                ExitCode.USAGE,
                "the client property " + property + "=" + given + " would let words be lost or counted twice: leave it"
                        + " out, or set it to " + values[0]);
    }

    /** For records that nothing depends on. */
    public KafkaProducer<byte[], byte[]> plainProducer() {
        return producer(plainProperties());
    }

    Map<String, Object> plainProperties() {
        Map<String, Object> properties = producerBase();
        properties.putAll(user);
        properties.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        return properties;
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> properties) {
        return made(() -> new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    private Map<String, Object> producerBase() {
        Map<String, Object> properties = base();
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.LINGER_MS_CONFIG, LINGER_MS);
        properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
        properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "none");
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, ClusterSetup.MESSAGE_BYTES);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 15_000);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_TIMEOUT_MS);
        return properties;
    }

    /** Reads partitions that it is assigned by hand, committed records only, and never chooses an offset by itself. */
    public KafkaConsumer<byte[], byte[]> reader() {
        return reader(Map.of());
    }

    /** @param extra settings for this reader, over ours */
    public KafkaConsumer<byte[], byte[]> reader(Map<String, Object> extra) {
        return consumer(readerProperties(extra));
    }

    /** The same for records that may never be committed, or whose transaction is not over. */
    KafkaConsumer<byte[], byte[]> uncommittedReader(Map<String, Object> extra) {
        Map<String, Object> properties = readerProperties(extra);
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        return consumer(properties);
    }

    Map<String, Object> readerProperties(Map<String, Object> extra) {
        Map<String, Object> properties = consumerBase();
        properties.putAll(extra);
        properties.putAll(user);
        enforceReading(properties);
        properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
        properties.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        return properties;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> properties) {
        return made(() -> new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    }

    /**
     * A member of the reducers' group. It is a static one: a restart under the same slot within the session timeout
     * moves no partition.
     */
    public KafkaConsumer<byte[], byte[]> reducerConsumer(String slot) {
        return consumer(reducerProperties(slot));
    }

    Map<String, Object> reducerProperties(String slot) {
        Map<String, Object> properties = consumerBase();
        properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, REDUCER_SESSION_MS);
        properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_000);
        properties.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, REDUCER_POLL_MS);
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 4 << 20);
        properties.putAll(user);
        enforceReading(properties);
        properties.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, topics.reducerGroup());
        properties.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, slot);
        return properties;
    }

    /** A member of the mappers' share group that takes one task at a time (KIP-932, KIP-1206). */
    public KafkaShareConsumer<byte[], byte[]> taskConsumer(String clientId) {
        Map<String, Object> properties = taskProperties(clientId);
        return made(
                () -> new KafkaShareConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    }

    Map<String, Object> taskProperties(String clientId) {
        Map<String, Object> properties = base();
        properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 250);
        properties.putAll(user);
        NOT_FOR_SHARE_GROUPS.forEach(properties::remove);
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, clientId);
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, topics.mapperGroup());
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
        properties.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        return properties;
    }

    private Map<String, Object> consumerBase() {
        Map<String, Object> properties = base();
        properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 500);
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 4 << 20);
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 30_000);
        return properties;
    }

    private static void enforceReading(Map<String, Object> properties) {
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
    }

    /** Making a client asks no broker: what fails here are the properties, those for TLS and SASL among them. */
    private static <T> T made(Supplier<T> client) {
        try {
            return client.get();
        } catch (KafkaException e) {
            Throwable root = e;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            throw new MillraceException(
                    ExitCode.USAGE,
                    "wrong client properties (--command-property, --command-config, --bootstrap-server): "
                            + root.getMessage(),
                    e);
        }
    }

    private static Map<String, Object> base() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(CommonClientConfigs.RETRY_BACKOFF_MS_CONFIG, RETRY_BACKOFF_MS);
        properties.put(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, RETRY_BACKOFF_MAX_MS);
        // As many bytes as the operating system finds good. A broker on the same machine sends segments of 64 KiB: with
        // Kafka's 32 to 128 KiB some are lost, and what is lost is sent again after 200 ms.
        properties.put(CommonClientConfigs.RECEIVE_BUFFER_CONFIG, CommonClientConfigs.RECEIVE_BUFFER_LOWER_BOUND);
        properties.put(CommonClientConfigs.SEND_BUFFER_CONFIG, CommonClientConfigs.SEND_BUFFER_LOWER_BOUND);
        properties.put(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG, 20);
        properties.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
        properties.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, 60_000);
        properties.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
        return properties;
    }
}
