package dev.millrace.bench;

import dev.millrace.driver.DriverSettings;
import dev.millrace.driver.continuous.ContinuousJob;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.TopicSource;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.job.JobId;
import dev.millrace.job.TextRules;
import dev.millrace.local.EmbeddedBroker;
import dev.millrace.local.LocalCluster;
import dev.millrace.text.TextProfile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringTokenizer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The time from the moment a document is sent to a topic until a committed reader has the count of a word that only this
 * document holds; broker, mapper, reducer, driver, producer and reader in this JVM.
 *
 * <p>Arguments: documents a second, seconds, words a document. Prints percentiles of each 10 seconds by time of sending,
 * of all behind the first minute, the rate at which counts came, and in which stage the time went.
 */
public final class Freshness {
    private Freshness() {}

    public static void main(String[] args) throws Exception {
        int rate = Integer.parseInt(args[0]), seconds = Integer.parseInt(args[1]), words = Integer.parseInt(args[2]);
        int n = rate * seconds;
        InputRoots roots = InputRoots.ofArguments(List.of(Path.of(".")));
        LocalCluster.Settings settings = new LocalCluster.Settings(
                new EmbeddedBroker.Settings(java.nio.file.Files.createTempDirectory("bench"), 0, brokerProperties()),
                Integer.getInteger("mappers", Runtime.getRuntime().availableProcessors()),
                Integer.getInteger("partitions", 4),
                roots,
                InputLimits.fromEnvironment(Map.of()));
        try (LocalCluster cluster = LocalCluster.start(settings, Throwable::printStackTrace)) {
            String brokers = cluster.cluster().bootstrapServers();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
                admin.createTopics(List.of(new NewTopic("documents", 1, (short) 1)))
                        .all()
                        .get();
            }
            CompletableFuture<JobId> opened = new CompletableFuture<>();
            DriverSettings driver =
                    new DriverSettings(cluster.cluster(), roots, Duration.ofSeconds(30), false, "millrace attach");
            Thread job = new Thread(
                    () -> ContinuousJob.run(
                            driver,
                            "bench",
                            new TextRules(
                                    "unicode", TextProfile.named("unicode").version(), List.of()),
                            new TopicSource("documents", 1),
                            new ContinuousListener() {
                                @Override
                                public void opened(JobId id, boolean resumed) {
                                    opened.complete(id);
                                }
                            }),
                    "driver");
            job.setDaemon(true);
            job.start();
            long[] sent = measure(brokers, cluster.cluster().topics().results(opened.get()), n, rate, words);
            Stages.print(cluster.cluster(), opened.get(), sent);
            job.interrupt();
            job.join();
        }
    }

    private static long[] measure(String brokers, String results, int n, int rate, int words) throws Exception {
        String filler = filler(words - 1);
        Map<String, Integer> index = new HashMap<>();
        for (int i = 0; i < n; i++) {
            index.put("mark" + i + "x", i);
        }
        long[] sent = new long[n], sentMillis = new long[n], took = new long[n];
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", brokers, "linger.ms", 0),
                        new StringSerializer(),
                        new StringSerializer());
                KafkaConsumer<byte[], byte[]> reader = new KafkaConsumer<>(
                        Map.of(
                                "bootstrap.servers",
                                brokers,
                                "isolation.level",
                                "read_committed",
                                "max.poll.records",
                                20_000),
                        new org.apache.kafka.common.serialization.ByteArrayDeserializer(),
                        new org.apache.kafka.common.serialization.ByteArrayDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(
                            0, reader.partitionsFor(results).size())
                    .mapToObj(p -> new TopicPartition(results, p))
                    .toList();
            reader.assign(partitions);
            reader.seekToBeginning(partitions);
            long start = System.nanoTime();
            Thread feeder = new Thread(() -> {
                for (int i = 0; i < n; i++) {
                    long due = start + i * 1_000_000_000L / rate;
                    while (System.nanoTime() < due) {
                        LockSupport.parkNanos(due - System.nanoTime());
                    }
                    sent[i] = System.nanoTime();
                    sentMillis[i] = System.currentTimeMillis();
                    Future<RecordMetadata> unused =
                            producer.send(new ProducerRecord<>("documents", "doc-" + i, "mark" + i + "x " + filler));
                }
            });
            feeder.start();
            int left = n;
            while (left > 0) {
                for (ConsumerRecord<byte[], byte[]> count : reader.poll(Duration.ofMillis(200))) {
                    Integer i = count.key()[0] == 'm'
                            ? index.remove(new String(count.key(), StandardCharsets.UTF_8))
                            : null;
                    if (i != null) {
                        took[i] = System.nanoTime() - sent[i];
                        left--;
                    }
                }
            }
            long end = System.nanoTime();
            for (int from = 0; from < n; from += 10 * rate) {
                print(String.format(Locale.ROOT, "second %3d", from / rate), took, from, Math.min(n, from + 10 * rate));
            }
            print("after 60 s", took, Math.min(n - 1, 60 * rate), n);
            System.out.printf(
                    Locale.ROOT,
                    "%d documents of %d words at %d/s: the last count came after %.2f s, %.0f documents/s%n",
                    n,
                    words,
                    rate,
                    (end - start) / 1e9,
                    n / ((end - start) / 1e9));
        }
        return sentMillis;
    }

    private static Map<String, String> brokerProperties() {
        Map<String, String> properties = new HashMap<>();
        StringTokenizer given = new StringTokenizer(System.getProperty("broker", ""), ",");
        while (given.hasMoreTokens()) {
            String each = given.nextToken();
            properties.put(each.substring(0, each.indexOf('=')), each.substring(each.indexOf('=') + 1));
        }
        return properties;
    }

    private static void print(String what, long[] took, int from, int to) {
        long[] t = Arrays.copyOfRange(took, from, to);
        Arrays.sort(t);
        System.out.printf(
                Locale.ROOT,
                "%s: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms%n",
                what,
                t[t.length / 2] / 1e6,
                t[t.length * 9 / 10] / 1e6,
                t[t.length * 99 / 100] / 1e6,
                t[t.length - 1] / 1e6);
    }

    /** Words of the usual lengths, the frequent ones more often. */
    private static String filler(int words) {
        java.util.Random random = new java.util.Random(1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            int rank = (int) Math.exp(random.nextDouble() * Math.log(5_000));
            text.append(Long.toString(rank * 7_919L % 100_003 + 26L * 36, 36).replaceAll("[0-9]", "o"))
                    .append(i % 12 == 11 ? '\n' : ' ');
        }
        return text.toString();
    }
}
