package dev.millrace.driver;

import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.OpenTransactions;
import dev.millrace.kafka.TopicNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, beside a driver, for partitions of its job that committed readers cannot get on in, and ends transactions that
 * Kafka has lost the end of: those of mappers and reducers itself, later those of other drivers, which may be gone, and
 * those of the driver by telling it.
 *
 * <p>A transaction is lost only where its coordinator says that it is over. One that is under way is left alone, however
 * long it takes: its producer goes on with it, or the coordinator aborts it. So are all in topics that documents come in,
 * which are the user's; what stands behind one is told of.
 */
public final class TransactionWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TransactionWatch.class);
    private static final String FOUND = "a transaction that the broker has lost the end of is ended: ";
    private static final long LOOK_MILLIS = 5_000;
    /** Longer than the coordinator takes to end what nobody goes on with. */
    private static final long STUCK_NANOS = 20_000_000_000L;
    /** Longer than another driver takes to end what is its own. */
    private static final long LEFT_ALONE_NANOS = 2 * STUCK_NANOS;

    private final ClusterSettings cluster;
    private final TopicNames topics;
    private final String own;
    private final List<TopicPartition> partitions;
    private final Consumer<String> notices;
    private final Admin admin;
    private final LongSupplier nanos;
    private volatile List<TopicPartition> sources = List.of();
    private volatile long sourceHeldUpMillis;
    private final Map<TopicPartition, Since> behind = new HashMap<>();
    /** Partitions of sources that were told of, and have been held up since. */
    private final Set<TopicPartition> toldHeldUp = new HashSet<>();

    private final AtomicReference<Set<TopicPartition>> ownLost = new AtomicReference<>(Set.of());
    private final Queue<String> found = new ConcurrentLinkedQueue<>();
    private final Set<String> told = new HashSet<>();
    private final ScheduledExecutorService looking;

    /** A partition whose stable end has not moved. */
    private record Since(long stableEnd, long nanos) {}

    /** @param notices told what was found, on the driver's thread */
    public TransactionWatch(ClusterSettings cluster, JobSpec spec, Consumer<String> notices) {
        this(cluster, spec, notices, cluster.admin(), System::nanoTime);
        var unused = looking.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Looks when it is told to. */
    TransactionWatch(ClusterSettings cluster, JobSpec spec, Consumer<String> notices, Admin admin, LongSupplier nanos) {
        this.cluster = cluster;
        this.topics = cluster.topics();
        this.own = topics.driverTransactions(spec.id());
        this.partitions = partitions(topics, spec);
        this.notices = notices;
        this.admin = admin;
        this.nanos = nanos;
        this.looking = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "transaction-watch");
            thread.setDaemon(true);
            return thread;
        });
    }

    private static List<TopicPartition> partitions(TopicNames topics, JobSpec spec) {
        List<TopicPartition> all = new ArrayList<>();
        all.add(new TopicPartition(topics.jobs(), 0));
        all.add(new TopicPartition(topics.tasks(), 0));
        all.add(new TopicPartition(topics.events(), 0));
        boolean continuous = spec.kind() == JobKind.CONTINUOUS;
        if (continuous) {
            all.add(new TopicPartition(topics.documents(spec.id()), 0));
        }
        for (int partition = 0; partition < spec.partitions(); partition++) {
            all.add(new TopicPartition(topics.pairs(), partition));
            all.add(new TopicPartition(topics.checkpoints(), partition));
            all.add(new TopicPartition(topics.results(spec.id()), partition));
            if (continuous) {
                all.add(new TopicPartition(topics.ledger(spec.id()), partition));
            }
        }
        return List.copyOf(all);
    }

    /**
     * For the driver, in each turn of its loop. Tells what was found.
     *
     * @return records that end what was lost of the driver's own transactions, for one of its own; mostly none
     */
    public List<ProducerRecord<byte[], byte[]>> ownEndings() {
        for (String each = found.poll(); each != null; each = found.poll()) {
            notices.accept(each);
        }
        return ownLost.getAndSet(Set.of()).stream()
                .map(OpenTransactions::ending)
                .toList();
    }

    /** Any thread. */
    public void lookAlsoAt(List<TopicPartition> ofSources) {
        sources = List.copyOf(ofSources);
    }

    /** How long readers of a source have been held up, when it was looked at last; 0 where they are not. Any thread. */
    public long sourceHeldUpMillis() {
        return sourceHeldUpMillis;
    }

    void look() {
        try {
            Set<TopicPartition> stuck = stuck(partitions);
            if (!stuck.isEmpty()) {
                end(OpenTransactions.of(admin, stuck));
            }
        } catch (KafkaException | IllegalStateException | MillraceException e) {
            // The broker is away, or this user may not look or write: the next turn tries again.
            LOG.debug("open transactions were not looked at", e);
        }
        try {
            lookAtSources(stuck(sources));
        } catch (KafkaException | IllegalStateException e) {
            sourceHeldUpMillis = 0;
            LOG.debug("sources were not looked at", e); // as above, or the topic is gone
        }
    }

    private void lookAtSources(Set<TopicPartition> stuck) {
        long now = nanos.getAsLong();
        sourceHeldUpMillis = stuck.stream()
                .mapToLong(each -> (now - since(each).nanos()) / 1_000_000)
                .max()
                .orElse(0);
        toldHeldUp.retainAll(stuck);
        stuck.removeAll(toldHeldUp);
        if (!stuck.isEmpty()) {
            try {
                tellHeldUp(stuck);
            } catch (KafkaException | IllegalStateException e) {
                LOG.debug("open transactions of sources were not looked at", e); // the next turn tries again
            }
        }
    }

    private void tellHeldUp(Set<TopicPartition> stuck) {
        OpenTransactions.of(admin, stuck)
                .forEach(each -> found.add("what stands behind offset "
                        + since(each.partition()).stableEnd() + " of " + each.partition()
                        + " cannot be counted yet: a transaction stays open, " + each));
        toldHeldUp.addAll(stuck);
    }

    private Since since(TopicPartition stuck) {
        return Objects.requireNonNull(behind.get(stuck));
    }

    private Set<TopicPartition> stuck(List<TopicPartition> looked) {
        Map<TopicPartition, Long> stableEnds = ends(looked, IsolationLevel.READ_COMMITTED);
        Map<TopicPartition, Long> ends = ends(looked, IsolationLevel.READ_UNCOMMITTED);
        long now = nanos.getAsLong();
        Set<TopicPartition> stuck = new HashSet<>();
        stableEnds.forEach((partition, stableEnd) -> {
            @Nullable Since since = behind.get(partition);
            if (stableEnd >= ends.getOrDefault(partition, 0L)) {
                behind.remove(partition);
            } else if (since == null || since.stableEnd() != stableEnd) {
                behind.put(partition, new Since(stableEnd, now));
            } else if (now - since.nanos() > STUCK_NANOS) {
                stuck.add(partition);
            }
        });
        return stuck;
    }

    private Map<TopicPartition, Long> ends(List<TopicPartition> looked, IsolationLevel level) {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        looked.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        try {
            admin.listOffsets(latest, new ListOffsetsOptions(level))
                    .all()
                    .get()
                    .forEach((partition, end) -> ends.put(partition, end.offset()));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
            throw new KafkaException(e);
        }
        return ends;
    }

    private void end(List<OpenTransactions.Open> open) {
        Map<String, Map<TopicPartition, String>> ofOthers = new HashMap<>();
        Set<TopicPartition> ofDriver = new HashSet<>();
        for (OpenTransactions.Open each : open) {
            String id = each.transactionalId();
            if (!each.lost()) {
                continue;
            }
            if (id == null) {
                if (isLeftAlone(each.partition())) {
                    tell("a transaction hides what stands behind it; if no coordinator knows its id, and not only this"
                            + " user, nobody can end it: " + each);
                }
            } else if (id.equals(own)) {
                ofDriver.add(each.partition());
                found.add(FOUND + each);
            } else if (isOfService(id) || id.startsWith(topics.prefix()) && isLeftAlone(each.partition())) {
                ofOthers.computeIfAbsent(id, added -> new HashMap<>()).put(each.partition(), each.toString());
            }
        }
        ownLost.set(Set.copyOf(ofDriver));
        ofOthers.forEach(this::end);
    }

    private void end(String id, Map<TopicPartition, String> lost) {
        try {
            OpenTransactions.end(cluster, id, lost.keySet());
            lost.values().forEach(each -> found.add(FOUND + each));
        } catch (ProducerFencedException e) {
            LOG.debug("another has ended what was open under {}", id, e);
        } catch (KafkaException e) {
            lost.values()
                    .forEach(each -> tell("a transaction that the broker has lost the end of cannot be ended ("
                            + e.getMessage() + "): " + each));
        }
    }

    private boolean isOfService(String id) {
        return id.startsWith(topics.mapperTransactions("")) || id.startsWith(topics.reducerTransactions(""));
    }

    /** Another driver ends its own by then, if it is still there. */
    private boolean isLeftAlone(TopicPartition partition) {
        Since since = behind.get(partition);
        return since != null && nanos.getAsLong() - since.nanos() > LEFT_ALONE_NANOS;
    }

    /** Once. */
    private void tell(String what) {
        if (told.add(what)) {
            found.add(what);
        }
    }

    @Override
    public void close() {
        looking.shutdownNow();
        admin.close(Duration.ZERO); // what is asked of it is of no use any more
    }
}
