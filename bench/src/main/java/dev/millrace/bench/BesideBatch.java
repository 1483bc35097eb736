package dev.millrace.bench;

import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.KafkaJobClient;
import dev.millrace.job.InputSpec;
import dev.millrace.job.TextRules;
import dev.millrace.text.TextProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A continuous job and batch jobs on one cluster, which is in this JVM: how fresh the counts of the one are with and
 * without the others beside it, and how long a batch takes with and without the documents that stream in.
 *
 * <p>Arguments: a folder to count, documents a second, words a document. Documents come for two minutes: the first one is
 * to warm up, then 20 s are alone, and then 40 s beside batches, one after the other. The batches alone
 * come last, when no more documents do.
 */
public final class BesideBatch {
    private static final int WARM_SECONDS = 60, ALONE_SECONDS = 20, BESIDE_SECONDS = 40;
    private static final int BATCHES_ALONE = 5;

    private BesideBatch() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]).toRealPath();
        int rate = Integer.parseInt(args[1]), words = Integer.parseInt(args[2]);
        int alone = rate * WARM_SECONDS, beside = alone + rate * ALONE_SECONDS, end = beside + rate * BESIDE_SECONDS;
        try (MillraceEngine engine = MillraceEngine.start(1, folder)) {
            CompletableFuture<List<Double>> batches = CompletableFuture.supplyAsync(
                    () -> batches(engine, folder, System.nanoTime() + TimeUnit.SECONDS.toNanos(BESIDE_SECONDS)),
                    CompletableFuture.delayedExecutor(WARM_SECONDS + ALONE_SECONDS, TimeUnit.SECONDS));
            Measurement measured = Measurement.of(engine, new Workload(rate, end, Texts.ofWords(words - 1), 0));
            List<Double> crowded = batches.get();
            measured.check(engine);
            List<Double> calm = new ArrayList<>();
            for (int i = 0; i < BATCHES_ALONE; i++) {
                calm.add(batch(engine, folder));
            }
            print("freshness alone", measured.percentiles(alone, beside));
            print("freshness beside batches", measured.percentiles(beside, end));
            print("batch alone", calm);
            print("batch beside documents", crowded);
        }
    }

    private static List<Double> batches(MillraceEngine engine, Path folder, long endNanos) {
        List<Double> seconds = new ArrayList<>();
        while (System.nanoTime() < endNanos) {
            seconds.add(batch(engine, folder));
        }
        return seconds;
    }

    private static double batch(MillraceEngine engine, Path folder) {
        TextProfile profile = TextProfile.UNICODE;
        JobRequest request = new JobRequest(
                "batch",
                new InputSpec(List.of(folder.toString()), List.of(), List.of(), false, 16 << 20),
                new TextRules(profile.profileName(), profile.version(), List.of()),
                64,
                4,
                false);
        long begin = System.nanoTime();
        try (KafkaJobClient client = new KafkaJobClient(engine.settings())) {
            client.run(request, JobListener.NONE);
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    private static void print(String what, Measurement.Percentiles took) {
        System.out.printf(
                Locale.ROOT, "%-26s p50 %.1f ms, p99 %.1f ms, max %.1f ms%n", what, took.p50(), took.p99(), took.max());
    }

    private static void print(String what, List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        System.out.printf(
                Locale.ROOT,
                "%-26s median %.2f s, %.2f to %.2f s, %d jobs%n",
                what,
                sorted.get(sorted.size() / 2),
                sorted.get(0),
                sorted.get(sorted.size() - 1),
                sorted.size());
    }
}
