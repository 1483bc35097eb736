package dev.millrace.bench;

import dev.millrace.local.EmbeddedBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.StringTokenizer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The word count of Kafka Streams' own tutorial: lines are split, words grouped, counted, and the counts sent to a topic.
 * As many threads as Millrace has mapper threads, as many partitions. It splits without regular expressions, which is
 * faster.
 */
final class StreamsEngine implements CountingEngine {
    private static final String COUNTS = "counts";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final EmbeddedBroker broker;
    private final KafkaStreams streams;
    private final Path state;

    private StreamsEngine(EmbeddedBroker broker, KafkaStreams streams, Path state) {
        this.broker = broker;
        this.streams = streams;
        this.state = state;
    }

    /**
     * Returns when all partitions are assigned.
     *
     * @param documentPartitions of the topic that documents come in
     * @param settings of Kafka Streams, by its own names; guarantee, store, commit interval and cache among them
     * @throws ExecutionException with the reason when a topic cannot be made or Kafka Streams fails
     * @throws TimeoutException when it does not run within a minute
     */
    static StreamsEngine start(int documentPartitions, Map<String, String> settings)
            throws InterruptedException, ExecutionException, TimeoutException, IOException {
        EmbeddedBroker broker =
                EmbeddedBroker.start(new EmbeddedBroker.Settings(null, 0, CountingEngine.brokerProperties()));
        Path state = Files.createTempDirectory("millrace-bench-streams-");
        StreamsEngine engine =
                new StreamsEngine(broker, new KafkaStreams(topology(), properties(broker, state, settings)), state);
        try {
            CountingEngine.createTopic(broker.bootstrapServer(), DOCUMENTS, documentPartitions);
            CountingEngine.createTopic(broker.bootstrapServer(), COUNTS, WORD_PARTITIONS);
            engine.run();
            return engine;
        } catch (InterruptedException | ExecutionException | TimeoutException | RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    private static Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(DOCUMENTS, Consumed.with(Serdes.String(), Serdes.String()))
                .flatMapValues(StreamsEngine::split)
                .groupBy((document, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
                .count()
                .toStream()
                .to(COUNTS, Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    private static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringTokenizer each = new StringTokenizer(text.toLowerCase(Locale.ROOT), " \n");
        while (each.hasMoreTokens()) {
            words.add(each.nextToken());
        }
        return words;
    }

    private static Properties properties(EmbeddedBroker broker, Path state, Map<String, String> settings) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "word-count");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServer());
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.toString(THREADS));
        properties.putAll(settings);
        return properties;
    }

    private void run() throws InterruptedException, ExecutionException, TimeoutException {
        CompletableFuture<Boolean> running = new CompletableFuture<>();
        streams.setStateListener((to, from) -> {
            if (to == KafkaStreams.State.RUNNING) {
                running.complete(true);
            }
        });
        streams.setUncaughtExceptionHandler(failure -> {
            running.completeExceptionally(failure);
            failure.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        running.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public String bootstrapServer() {
        return broker.bootstrapServer();
    }

    @Override
    public String results() {
        return COUNTS;
    }

    @Override
    public void close() {
        streams.close(START_LIMIT);
        broker.close();
        try (Stream<Path> files = Files.walk(state)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
