package dev.millrace.bench;

import java.util.Locale;

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
        try (MillraceEngine engine = MillraceEngine.start(1)) {
            Measurement measured = Measurement.of(engine, new Workload(rate, n, Texts.ofWords(words - 1), 0));
            for (int from = 0; from < n; from += 10 * rate) {
                print(
                        String.format(Locale.ROOT, "second %3d", from / rate),
                        measured.percentiles(from, Math.min(n, from + 10 * rate)));
            }
            print("after 60 s", measured.percentiles(Math.min(n - 1, 60 * rate), n));
            System.out.printf(
                    Locale.ROOT,
                    "%d documents of %d words at %d/s: the last count came after %.2f s, %.0f documents/s%n",
                    n,
                    words,
                    rate,
                    measured.seconds(),
                    measured.documentsPerSecond());
            measured.check(engine);
            Stages.print(engine.cluster(), engine.job(), measured.sentMillis());
        }
    }

    private static void print(String what, Measurement.Percentiles took) {
        System.out.printf(
                Locale.ROOT,
                "%s: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms%n",
                what,
                took.p50(),
                took.p90(),
                took.p99(),
                took.max());
    }
}
