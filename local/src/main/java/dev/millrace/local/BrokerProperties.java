package dev.millrace.local;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/**
 * The properties of the embedded broker: what one node needs to stand alone, the broker settings that belong to
 * Millrace's design, and what makes a small broker start fast and stay small.
 */
final class BrokerProperties {
    static final int NODE_ID = 1;
    static final String CONTROLLER_LISTENER = "CONTROLLER";

    private static final String LOOPBACK = "127.0.0.1";

    private static final Map<String, String> ONE_NODE = Map.ofEntries(
            Map.entry("process.roles", "broker,controller"),
            Map.entry("node.id", Integer.toString(NODE_ID)),
            Map.entry("controller.listener.names", CONTROLLER_LISTENER),
            Map.entry("inter.broker.listener.name", "PLAINTEXT"),
            Map.entry("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            Map.entry("default.replication.factor", "1"),
            Map.entry("min.insync.replicas", "1"),
            Map.entry("offsets.topic.replication.factor", "1"),
            Map.entry("transaction.state.log.replication.factor", "1"),
            Map.entry("transaction.state.log.min.isr", "1"),
            Map.entry("share.coordinator.state.topic.replication.factor", "1"),
            Map.entry("share.coordinator.state.topic.min.isr", "1"));

    /** A cluster of several brokers sets the same ones; see the compose file. */
    private static final Map<String, String> DESIGN = Map.ofEntries(
            // Topics have pinned partition counts, so nobody but the driver may make one.
            Map.entry("auto.create.topics.enable", "false"),
            // Parts of at most 512 KiB may share a batch.
            Map.entry("message.max.bytes", "8388608"),
            Map.entry("replica.fetch.max.bytes", "8388608"),
            // A new mapper has its first task after about 0.25 s instead of 5.5 s.
            Map.entry("group.share.heartbeat.interval.ms", "200"),
            Map.entry("group.share.min.heartbeat.interval.ms", "100"),
            Map.entry("group.share.session.timeout.ms", "10000"),
            Map.entry("group.share.min.session.timeout.ms", "1000"),
            Map.entry("group.share.assignment.interval.ms", "0"),
            Map.entry("group.share.assignor.offload.enable", "false"),
            Map.entry("group.share.min.record.lock.duration.ms", "1000"),
            // Deliveries that end without an answer; failed attempts are counted by the driver.
            Map.entry("group.share.delivery.count.limit", "10"),
            // As the operating system finds good, see ClusterSettings: what came in while Kafka's 100 KiB were full was
            // lost, and sent again after 200 ms.
            Map.entry("socket.receive.buffer.bytes", "-1"),
            Map.entry("socket.send.buffer.bytes", "-1"),
            Map.entry("group.initial.rebalance.delay.ms", "0"),
            Map.entry("group.min.session.timeout.ms", "500"),
            // Document by document, one short transaction follows another: half the time until a count is readable was
            // spent waiting for these.
            Map.entry("add.partitions.to.txn.retry.backoff.ms", "1"),
            Map.entry("group.coordinator.append.linger.ms", "0"),
            Map.entry("share.coordinator.append.linger.ms", "0"),
            Map.entry("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
            // Overwritten hundreds of times a second, and compacted but for the segment that is written to.
            Map.entry("transaction.state.log.segment.bytes", "16777216"),
            Map.entry("offsets.topic.segment.bytes", "16777216"),
            Map.entry("share.coordinator.state.topic.segment.bytes", "16777216"));

    private static final Map<String, String> SMALL_AND_FAST = Map.ofEntries(
            Map.entry("offsets.topic.num.partitions", "4"),
            Map.entry("transaction.state.log.num.partitions", "4"),
            Map.entry("share.coordinator.state.topic.num.partitions", "4"),
            Map.entry("num.network.threads", "2"),
            Map.entry("num.io.threads", "4"),
            // They write checkpoints, each with a sync, and try again what a transaction could not do yet: two of them
            // waited together for a disk that stalled, and all documents with them.
            Map.entry("background.threads", "10"),
            Map.entry("group.coordinator.threads", "1"),
            Map.entry("group.coordinator.background.threads", "1"),
            Map.entry("num.recovery.threads.per.data.dir", "1"),
            // The default takes 128 MB of heap before the first record.
            Map.entry("log.cleaner.dedupe.buffer.size", "8388608"),
            Map.entry("controller.quorum.append.linger.ms", "1"),
            // No JMX beans: nobody reads them here, and registering them takes time.
            Map.entry("metric.reporters", ""));

    private BrokerProperties() {}

    /** The full set, {@code extra} last so that it wins over everything but identity, ports and folder. */
    static Properties of(Path dataDir, int port, int controllerPort, Map<String, String> extra) {
        Properties all = new Properties();
        all.putAll(SMALL_AND_FAST);
        all.putAll(DESIGN);
        all.putAll(extra);
        all.putAll(ONE_NODE);
        all.put("log.dirs", dataDir.toString());
        all.put(
                "listeners",
                "PLAINTEXT://" + LOOPBACK + ":" + port + "," + CONTROLLER_LISTENER + "://" + LOOPBACK + ":"
                        + controllerPort);
        all.put("controller.quorum.voters", NODE_ID + "@" + LOOPBACK + ":" + controllerPort);
        return all;
    }

    /** Those of the controller alone, which serves no partitions. */
    static Properties ofController(Path dataDir, int controllerPort, Map<String, String> extra) {
        Properties all = of(dataDir, 0, controllerPort, extra);
        all.put("process.roles", "controller");
        all.put("listeners", CONTROLLER_LISTENER + "://" + LOOPBACK + ":" + controllerPort);
        all.remove("inter.broker.listener.name");
        return all;
    }

    static String bootstrapServer(int port) {
        return LOOPBACK + ":" + port;
    }
}
