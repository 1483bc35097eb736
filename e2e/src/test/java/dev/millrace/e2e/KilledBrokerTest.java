package dev.millrace.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The broker of {@code ./millrace broker}, killed and started again on the same folder. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class KilledBrokerTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String TOPIC = "numbers";
    private static final int PARTITIONS = 8, PRODUCERS = 30, ROUNDS = 2, COMMITS_BEFORE_A_KILL = 600;
    /** Longer than the broker takes to abort what nobody goes on with. */
    private static final long ENDED_NANOS = Duration.ofSeconds(40).toNanos();

    @TempDir
    Path folder;

    /**
     * The ledger of a continuous job could not be read any further, for good, after about every sixth kill: the broker
     * took transactions for complete that had not ended in the partitions.
     */
    @Test
    void everyTransactionEndsInEveryPartitionBehindAKill() throws Exception {
        Map<Long, Set<Integer>> committed = new ConcurrentHashMap<>();
        MillraceProcess broker = startBroker("0");
        try {
            String address = address(broker);
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
                admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1)))
                        .all()
                        .get();
                for (int round = 0; round < ROUNDS; round++) {
                    List<Writer> writers = startWriters(address, round, committed);
                    broker.kill();
                    for (Writer writer : writers) {
                        writer.giveUp();
                    }
                    broker = startBroker(address.substring(address.indexOf(':') + 1));
                    address(broker);
                    awaitAllEnded(admin);
                }
            }
            // Whose end was lost shares the fate of the next transaction in that partition, be it an abort.
            Map<Long, Set<Integer>> seen = readCommitted(address);
            committed.forEach((number, partitions) ->
                    assertThat(seen.get(number)).as("transaction " + number).isEqualTo(partitions));
        } finally {
            broker.close();
        }
    }

    private MillraceProcess startBroker(String port) {
        return MillraceProcess.local(
                "broker", "--data-dir", folder.resolve("broker").toString(), "--port", port, "--partitions", "2");
    }

    private static String address(MillraceProcess broker) throws InterruptedException {
        return broker.awaitLine("broker ready at ", PATIENCE).split(",", -1)[0];
    }

    private static List<Writer> startWriters(String address, int round, Map<Long, Set<Integer>> committed)
            throws InterruptedException {
        CountDownLatch commits = new CountDownLatch(COMMITS_BEFORE_A_KILL);
        List<Writer> writers = new ArrayList<>();
        for (int number = 0; number < PRODUCERS; number++) {
            Writer writer = new Writer(address, round, number, committed, commits);
            writer.start();
            writers.add(writer);
        }
        assertThat(commits.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return writers;
    }

    /** One transaction after the other, each of one number to some partitions, until the broker is lost. */
    private static final class Writer extends Thread {
        private final KafkaProducer<Long, byte[]> producer;
        private final Map<Long, Set<Integer>> committed;
        private final CountDownLatch commits;
        private final Random chance;
        private final long first;
        private volatile boolean givenUp;

        Writer(String address, int round, int number, Map<Long, Set<Integer>> committed, CountDownLatch commits) {
            Map<String, Object> settings = Map.of(
                    "bootstrap.servers",
                    address,
                    "transactional.id",
                    "writer-" + number,
                    "transaction.timeout.ms",
                    10_000);
            this.producer = new KafkaProducer<>(settings, new LongSerializer(), new ByteArraySerializer());
            this.committed = committed;
            this.commits = commits;
            this.chance = new Random(number);
            this.first = (long) round * PRODUCERS + number;
        }

        @Override
        public void run() {
            try {
                producer.initTransactions();
                for (long number = first << 32; !givenUp; number++) {
                    Set<Integer> partitions = ConcurrentHashMap.newKeySet();
                    producer.beginTransaction();
                    for (int partition = 0; partition < PARTITIONS; partition++) {
                        if (chance.nextInt(3) == 0) {
                            partitions.add(partition);
                            var unused = producer.send(new ProducerRecord<>(
                                    TOPIC,
                                    partition,
                                    number,
                                    ByteBuffer.allocate(100).array()));
                        }
                    }
                    producer.flush(); // or the client's commit may overtake them
                    producer.commitTransaction();
                    if (!partitions.isEmpty()) {
                        committed.put(number, partitions);
                        commits.countDown();
                    }
                }
            } catch (KafkaException | IllegalStateException e) {
                if (!givenUp) {
                    throw e;
                }
            }
        }

        void giveUp() throws InterruptedException {
            givenUp = true;
            producer.close(Duration.ZERO);
            join(PATIENCE.toMillis());
        }
    }

    private static void awaitAllEnded(Admin admin) throws InterruptedException, ExecutionException {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            latest.put(new TopicPartition(TOPIC, partition), OffsetSpec.latest());
        }
        long deadline = System.nanoTime() + ENDED_NANOS;
        Map<String, Long> open;
        do {
            LockSupport.parkNanos(100_000_000);
            open = new HashMap<>();
            Map<TopicPartition, ListOffsetsResultInfo> stable = admin.listOffsets(
                            latest, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                    .all()
                    .get();
            for (var end : admin.listOffsets(latest).all().get().entrySet()) {
                long from = Objects.requireNonNull(stable.get(end.getKey())).offset();
                if (from < end.getValue().offset()) {
                    open.put(end.getKey() + " up to " + end.getValue().offset(), from);
                }
            }
        } while (!open.isEmpty() && System.nanoTime() < deadline);
        assertThat(open).as("partitions with a transaction that stays open").isEmpty();
    }

    private static Map<Long, Set<Integer>> readCommitted(String address) {
        Map<Long, Set<Integer>> seen = new HashMap<>();
        Map<String, Object> settings = Map.of("bootstrap.servers", address, "isolation.level", "read_committed");
        try (KafkaConsumer<Long, byte[]> reader =
                new KafkaConsumer<>(settings, new LongDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = new ArrayList<>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                all.add(new TopicPartition(TOPIC, partition));
            }
            reader.assign(all);
            reader.seekToBeginning(all);
            Map<TopicPartition, Long> ends = reader.endOffsets(all);
            while (all.stream().anyMatch(partition -> reader.position(partition) < ends.getOrDefault(partition, 0L))) {
                reader.poll(Duration.ofMillis(100))
                        .forEach(in -> seen.computeIfAbsent(in.key(), number -> ConcurrentHashMap.newKeySet())
                                .add(in.partition()));
            }
        }
        return seen;
    }
}
