package dev.millrace.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Millrace and Kafka Streams at the same work, in turn, in this JVM: freshness at a low rate, then words a second where
 * there is always more to count.
 *
 * <p>Arguments: rounds, seconds of a measurement, seconds of the warm-up. Each measurement has an engine newly started on
 * a new broker, so that nobody pays for what another left; the JVM stays, so that it is as warm for one as for the other.
 * The warm-up are runs of each engine that are like the measured ones and are not told. A run whose counts do not come to
 * exactly the words sent ends the command with an exception. Prints tables in Markdown to standard output, each run to
 * standard error.
 */
public final class VersusStreams {
    private static final int FRESHNESS_RATE = 200;
    private static final int FRESHNESS_WORDS = 100;
    /** Come to 1 KB. */
    private static final int SUSTAINED_WORDS = 150;
    /** Begins each run and is not measured: a group that has just formed forms again as its members come. */
    private static final int SETTLING_SECONDS = 5;
    /** The first look at how fast an engine is. */
    private static final int FIRST_BACKLOG = 5_000;
    /** What the arrays and maps of a measurement have room for, and the disk. */
    private static final int LARGEST_BACKLOG = 1_000_000;

    /** So that all threads of Kafka Streams have lines to split. */
    private static final int DOCUMENT_PARTITIONS = 4;

    private static final String CACHE = "statestore.cache.max.bytes";
    private static final String COMMIT = "commit.interval.ms";
    private static final String GUARANTEE = "processing.guarantee";
    private static final String LINGER = "producer.linger.ms";
    private static final String STORE = "dsl.store.suppliers.class";
    private static final String IN_MEMORY =
            "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers";

    /**
     * An engine with what it is set to for each of the two measurements.
     *
     * @param name for {@code -Dmodes}
     * @param freshness settings of Kafka Streams by its own names; those for Millrace are none
     * @param throughput likewise
     */
    private record Mode(String name, String title, Map<String, String> freshness, Map<String, String> throughput) {
        /** With the settings of {@code -Dstreams}, which win. */
        Mode withOwnSettings() {
            return equals(MILLRACE) ? this : new Mode(name, title, and(freshness), and(throughput));
        }

        private static Map<String, String> and(Map<String, String> settings) {
            Map<String, String> all = new TreeMap<>(settings);
            all.putAll(CountingEngine.properties("streams"));
            return all;
        }
    }

    private static final Mode MILLRACE = new Mode("millrace", "Millrace, exactly-once", Map.of(), Map.of());

    /**
     * In the order of the tables. At least once, a count without a cache leaves at once, whatever the commit interval;
     * exactly once it waits for the commit all the same, and the cache saves sending what that commit would not show.
     */
    private static final List<Mode> MODES = List.of(
            MILLRACE,
            new Mode(
                    "eos",
                    "Kafka Streams, exactly_once_v2, as it comes",
                    Map.of(GUARANTEE, "exactly_once_v2"),
                    Map.of(GUARANTEE, "exactly_once_v2")),
            new Mode(
                    "eos-tuned",
                    "Kafka Streams, exactly_once_v2, tuned",
                    Map.of(GUARANTEE, "exactly_once_v2", STORE, IN_MEMORY, COMMIT, "10", LINGER, "0"),
                    Map.of(GUARANTEE, "exactly_once_v2", STORE, IN_MEMORY, COMMIT, "1000", CACHE, "268435456")),
            new Mode(
                    "alos-tuned",
                    "Kafka Streams, at_least_once, tuned",
                    Map.of(GUARANTEE, "at_least_once", STORE, IN_MEMORY, COMMIT, "1000", LINGER, "0", CACHE, "0"),
                    Map.of(GUARANTEE, "at_least_once", STORE, IN_MEMORY, COMMIT, "1000", CACHE, "268435456")));

    private final int rounds;
    private final int seconds;
    private final int warmUpSeconds;
    private final List<Mode> modes;
    private final Texts freshTexts = Texts.ofWords(FRESHNESS_WORDS - 1),
            backlogTexts = Texts.ofWords(SUSTAINED_WORDS - 1);

    private VersusStreams(int rounds, int seconds, int warmUpSeconds, List<Mode> modes) {
        this.rounds = rounds;
        this.seconds = seconds;
        this.warmUpSeconds = warmUpSeconds;
        this.modes = modes;
    }

    public static void main(String[] args) throws Exception {
        Set<String> wanted = Set.of(
                System.getProperty("modes", "millrace,eos,eos-tuned,alos-tuned").split(","));
        List<Mode> modes = MODES.stream()
                .filter(mode -> wanted.contains(mode.name))
                .map(Mode::withOwnSettings)
                .toList();
        if (modes.size() != wanted.size()) {
            throw new IllegalArgumentException("-Dmodes: some of " + wanted + " are none of "
                    + MODES.stream().map(Mode::name).toList());
        }
        VersusStreams versus = new VersusStreams(
                Integer.parseInt(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]), modes);
        String only = System.getProperty("only", "");
        if (!only.equals("throughput")) {
            versus.freshness();
        }
        if (!only.equals("freshness")) {
            versus.throughput();
        }
    }

    private void freshness() throws Exception {
        for (Mode mode : modes) {
            run(mode, "warm-up", mode.freshness, steady(warmUpSeconds));
        }
        Map<Mode, List<Measurement>> measured = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Mode mode : inTurn(round)) {
                measured.computeIfAbsent(mode, unused -> new ArrayList<>())
                        .add(run(mode, "round " + (round + 1), mode.freshness, steady(seconds)));
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%nFreshness at %d documents/s of %d words, %s: %d rounds of %d s, each behind %d s of settling; warm-up of "
                        + "%d s an engine. Medians of the rounds (least to most).%n%n"
                        + "| engine | settings | documents/s asked | reached | words/s | p50, ms | p99, ms "
                        + "| p50 to Millrace's | p99 to Millrace's |%n|---|---|---|---|---|---|---|---|---|%n",
                FRESHNESS_RATE,
                FRESHNESS_WORDS,
                freshTexts.origin(),
                rounds,
                seconds,
                SETTLING_SECONDS,
                warmUpSeconds);
        measured.forEach((mode, all) -> System.out.printf(
                Locale.ROOT,
                "| %s | %s | %d | %.0f | %.0f | %s | %s | %s | %s |%n",
                mode.title,
                told(mode.freshness),
                FRESHNESS_RATE,
                median(all, Measurement::documentsPerSecond),
                median(all, Measurement::wordsPerSecond),
                spread(all, "%.1f", each -> each.percentiles().p50()),
                spread(all, "%.1f", each -> each.percentiles().p99()),
                toMillrace(measured, all, each -> each.percentiles().p50()),
                toMillrace(measured, all, each -> each.percentiles().p99())));
    }

    private void throughput() throws Exception {
        Map<Mode, Integer> backlogs = new LinkedHashMap<>();
        for (Mode mode : modes) {
            int documents = FIRST_BACKLOG;
            double warmed = 0;
            do {
                Measurement seen = run(mode, "warm-up", mode.throughput, backlog(documents));
                warmed += seen.seconds();
                documents = documents(seen, seconds);
            } while (warmed < warmUpSeconds);
            backlogs.put(mode, documents);
        }
        Map<Mode, List<Measurement>> measured = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Mode mode : inTurn(round)) {
                Workload workload = backlog(backlogs.getOrDefault(mode, FIRST_BACKLOG));
                measured.computeIfAbsent(mode, unused -> new ArrayList<>())
                        .add(run(mode, "round " + (round + 1), mode.throughput, workload));
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%nThroughput: documents of %d words (1 KB), %s, all sent at once, as many as the engine takes about %d s "
                        + "for; %d rounds; warm-up of %d s an engine. Medians of the rounds (least to most).%n%n"
                        + "| engine | settings | rate asked | documents | documents/s reached | words/s | Millrace to this |%n"
                        + "|---|---|---|---|---|---|---|%n",
                SUSTAINED_WORDS,
                backlogTexts.origin(),
                seconds,
                rounds,
                warmUpSeconds);
        measured.forEach((mode, all) -> System.out.printf(
                Locale.ROOT,
                "| %s | %s | at once | %d | %.0f | %s | %s |%n",
                mode.title,
                told(mode.throughput),
                backlogs.get(mode),
                median(all, Measurement::documentsPerSecond),
                spread(all, "%.0f", Measurement::wordsPerSecond),
                toMillrace(measured, all, each -> 1 / each.wordsPerSecond())));
    }

    /** Another one begins each round, so that none always follows the same one. */
    private List<Mode> inTurn(int round) {
        return IntStream.range(0, modes.size())
                .mapToObj(i -> modes.get((i + round) % modes.size()))
                .toList();
    }

    private Workload steady(int seconds) {
        return new Workload(
                FRESHNESS_RATE, FRESHNESS_RATE * seconds, freshTexts, Workload.SETTLING_RATE * SETTLING_SECONDS);
    }

    private Workload backlog(int documents) {
        return new Workload(Workload.AT_ONCE, documents, backlogTexts, Workload.SETTLING_RATE * SETTLING_SECONDS);
    }

    /** As many as take so long at the rate seen. */
    private static int documents(Measurement seen, int seconds) {
        return (int) Math.max(FIRST_BACKLOG, Math.min(LARGEST_BACKLOG, seen.documentsPerSecond() * seconds));
    }

    private static Measurement run(Mode mode, String what, Map<String, String> settings, Workload workload)
            throws Exception {
        System.gc(); // or the next engine stops for the garbage of the last
        try (CountingEngine engine = mode.equals(MILLRACE)
                ? MillraceEngine.start(DOCUMENT_PARTITIONS)
                : StreamsEngine.start(DOCUMENT_PARTITIONS, settings)) {
            Measurement measured = Measurement.of(engine, workload);
            measured.check(engine);
            System.err.printf(
                    Locale.ROOT,
                    "%s, %s: %d documents in %.1f s, %.0f words/s, p50 %.1f ms, p99 %.1f ms%n",
                    mode.title,
                    what,
                    workload.documents(),
                    measured.seconds(),
                    measured.wordsPerSecond(),
                    measured.percentiles().p50(),
                    measured.percentiles().p99());
            return measured;
        }
    }

    /** What a table says of settings: all but the guarantee, which the title names; of the store in short. */
    private static String told(Map<String, String> settings) {
        return settings.entrySet().stream()
                .filter(each -> !each.getKey().equals(GUARANTEE))
                .map(each -> each.getKey().equals(STORE) ? "in memory" : each.getKey() + "=" + each.getValue())
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String toMillrace(
            Map<Mode, List<Measurement>> measured, List<Measurement> all, ToDoubleFunction<Measurement> value) {
        List<Measurement> own = measured.getOrDefault(MILLRACE, List.of());
        return own.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", median(all, value) / median(own, value));
    }

    private static String spread(List<Measurement> all, String format, ToDoubleFunction<Measurement> value) {
        double[] sorted = sorted(all, value);
        return String.format(
                Locale.ROOT,
                format + " (" + format + " to " + format + ")",
                median(all, value),
                sorted[0],
                sorted[sorted.length - 1]);
    }

    /** Of an even number the mean of the two in the middle. */
    private static double median(List<Measurement> all, ToDoubleFunction<Measurement> value) {
        double[] sorted = sorted(all, value);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static double[] sorted(List<Measurement> all, ToDoubleFunction<Measurement> value) {
        return all.stream().mapToDouble(value).sorted().toArray();
    }
}
