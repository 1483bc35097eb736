package dev.millrace.kafka;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeProducersResult.PartitionProducerState;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions that hold committed readers up, and those among them that nobody will ever end.
 *
 * <p>Kafka (seen in 4.4.0, KAFKA-20734) can lose the end of a transaction in a partition that has no leader for a moment,
 * as after a kill of the only broker that has it: the coordinator says that the transaction is complete, and in the
 * partition it stays open. Only another transaction of the same producer in that partition ends it.
 */
public final class OpenTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(OpenTransactions.class);
    private static final Set<TransactionState> UNDER_WAY =
            Set.of(TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT);

    private OpenTransactions() {}

    /**
     * A transaction that is open in a partition.
     *
     * @param firstOffset of its first record there
     * @param transactionalId null where no coordinator knows the producer
     * @param state what the coordinator says of the producer's last transaction
     * @param lost whether nobody will end it: by its coordinator it is over, or has nothing to do with this partition
     */
    public record Open(
            TopicPartition partition,
            long firstOffset,
            ProducerState producer,
            @Nullable String transactionalId,
            String state,
            boolean lost) {
        @Override
        public String toString() {
            return partition + " offset " + firstOffset + ": transactional id "
                    + Objects.requireNonNullElse(transactionalId, "unknown") + ", producer " + producer.producerId()
                    + " epoch " + producer.producerEpoch() + ", last record there at "
                    + Instant.ofEpochMilli(producer.lastTimestamp()) + ", its coordinator says " + state
                    + (!lost
                            ? ""
                            : transactionalId == null
                                    ? ", as none knows it, or this user may not ask"
                                    : ", so nobody will end it (KAFKA-20734)");
        }
    }

    /** What is open in these partitions now, whether somebody will end it or not. */
    public static List<Open> of(Admin admin, Collection<TopicPartition> partitions) {
        Map<TopicPartition, List<ProducerState>> before = open(admin, partitions);
        Set<Long> producers = before.values().stream()
                .flatMap(List::stream)
                .map(ProducerState::producerId)
                .collect(Collectors.toSet());
        if (producers.isEmpty()) {
            return List.of();
        }
        Map<String, TransactionDescription> described = describe(admin, producers);
        // One that was ended while its coordinator was asked is not lost.
        Map<TopicPartition, List<ProducerState>> after = open(admin, before.keySet());
        List<Open> found = new ArrayList<>();
        after.forEach((partition, states) -> {
            for (ProducerState state : states) {
                if (before.getOrDefault(partition, List.of()).stream().anyMatch(earlier -> isSame(earlier, state))) {
                    found.add(judge(partition, state, described));
                }
            }
        });
        return found;
    }

    private static Map<TopicPartition, List<ProducerState>> open(Admin admin, Collection<TopicPartition> partitions) {
        Map<TopicPartition, List<ProducerState>> open = new HashMap<>();
        Map<TopicPartition, PartitionProducerState> all =
                get(() -> admin.describeProducers(partitions).all().get());
        all.forEach((partition, producers) -> {
            List<ProducerState> here = producers.activeProducers().stream()
                    .filter(each -> each.currentTransactionStartOffset().isPresent())
                    .toList();
            if (!here.isEmpty()) {
                open.put(partition, here);
            }
        });
        return open;
    }

    private static boolean isSame(ProducerState earlier, ProducerState later) {
        return earlier.producerId() == later.producerId()
                && earlier.currentTransactionStartOffset().equals(later.currentTransactionStartOffset());
    }

    private static Map<String, TransactionDescription> describe(Admin admin, Set<Long> producers) {
        List<String> ids = get(() -> admin.listTransactions(new ListTransactionsOptions().filterProducerIds(producers))
                        .all()
                        .get())
                .stream()
                .map(listing -> listing.transactionalId())
                .toList();
        return get(() -> admin.describeTransactions(ids).all().get());
    }

    private static Open judge(
            TopicPartition partition, ProducerState producer, Map<String, TransactionDescription> described) {
        OptionalLong first = producer.currentTransactionStartOffset();
        for (Map.Entry<String, TransactionDescription> each : described.entrySet()) {
            TransactionDescription transaction = each.getValue();
            if (transaction.producerId() == producer.producerId()) {
                boolean underWay = UNDER_WAY.contains(transaction.state())
                        && transaction.topicPartitions().contains(partition);
                return new Open(
                        partition,
                        first.orElseThrow(),
                        producer,
                        each.getKey(),
                        transaction.state().toString(),
                        !underWay);
            }
        }
        return new Open(partition, first.orElseThrow(), producer, null, "nothing", true);
    }

    /** Who holds the readers of a partition up, in words. */
    public static String heldUpBy(ClusterSettings cluster, TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            return of(admin, List.of(partition)).stream()
                    .min(Comparator.comparingLong(Open::firstOffset))
                    .map(first -> "a transaction stays open, " + first)
                    .orElse("no transaction is open there, so its broker may have been away");
        } catch (KafkaException e) {
            return "its broker is away, or a transaction before it stays open (" + e.getMessage() + ")";
        }
    }

    /**
     * Ends what is lost in a partition, whoever wrote it under an id of this installation, as far as this user may. For
     * what living drivers have left alone: see {@link #end}.
     */
    static void endLost(ClusterSettings cluster, TopicPartition partition) {
        try (Admin admin = cluster.admin()) {
            for (Open open : of(admin, List.of(partition))) {
                String id = open.transactionalId();
                if (open.lost() && id != null && id.startsWith(cluster.topics().prefix())) {
                    LOG.warn("a transaction that the broker has lost the end of is ended: {}", open);
                    end(cluster, id, List.of(partition));
                }
            }
        } catch (KafkaException e) {
            LOG.warn("{}: open transactions cannot be looked at, or not be ended: {}", partition, e.getMessage());
        }
    }

    /** What a transaction of the same producer writes to end a lost one: a deletion of a key that nobody uses. */
    public static ProducerRecord<byte[], byte[]> ending(TopicPartition partition) {
        return new ProducerRecord<>(partition.topic(), partition.partition(), new byte[0], null);
    }

    /** Whether somebody has ended a lost transaction there: to be passed over, whatever the topic holds otherwise. */
    public static boolean isEnding(ConsumerRecord<byte[], byte[]> record) {
        return record.value() == null && record.key() != null && record.key().length == 0;
    }

    /**
     * Ends lost transactions of one transactional id, by another of that id. Whoever has the id is fenced, and takes it
     * back: only for those who do so, as mappers and reducers do, or are gone. What was lost becomes committed, whether it
     * was to be or not, as it would with the next records of that producer there: the coordinator no longer knows which,
     * and all that Millrace writes may be written twice, or in part and then again.
     */
    public static void end(ClusterSettings cluster, String transactionalId, Collection<TopicPartition> partitions) {
        KafkaProducer<byte[], byte[]> producer = cluster.transactionalProducer(transactionalId);
        try {
            producer.initTransactions();
            producer.beginTransaction();
            for (TopicPartition partition : partitions) {
                var unused = producer.send(ending(partition)); // the commit throws what it fails with
            }
            producer.flush(); // the commit must not overtake them, see Transactions
            producer.commitTransaction();
        } finally {
            producer.close(Duration.ofSeconds(2));
        }
    }

    private interface Call<T> {
        T get() throws ExecutionException, InterruptedException;
    }

    private static <T> T get(Call<T> call) {
        try {
            return call.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }
}
