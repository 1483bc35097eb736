package dev.millrace.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Seeded text of which the counts are known from how it was written, not from reading it: the oracle is the writer.
 * Words differ in script and length; some stand in capitals.
 */
final class RandomText {
    private static final List<String> SYLLABLES =
            List.of("ka", "mo", "ri", "é", "ß", "да", "не", "λο", "ようこ", "字", "אב", "नि", "x1", "don't", "l’eau");
    private static final List<String> BETWEEN =
            List.of(" ", "\n", ", ", " -- ", ".\r\n", "\t", "(", ")", "_", "\0", "「");
    private static final int VOCABULARY = 5_000;

    private final Random random;
    private final List<String> words = new ArrayList<>();
    private final Map<String, Long> counts = new TreeMap<>();

    RandomText(long seed) {
        random = new Random(seed);
        for (int i = 0; i < VOCABULARY; i++) {
            StringBuilder word = new StringBuilder();
            for (int syllables = 1 + random.nextInt(5); syllables > 0; syllables--) {
                word.append(SYLLABLES.get(random.nextInt(SYLLABLES.size())));
            }
            words.add(word.toString());
        }
    }

    /** Writes a file of at least so many bytes. */
    void write(Path file, int bytes) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.length() < bytes) {
            // Squared, so that some words are much more frequent than others.
            double skewed = random.nextDouble();
            String word = words.get((int) (skewed * skewed * words.size()));
            boolean capitals = random.nextInt(8) == 0 && word.chars().allMatch(c -> c < 128);
            text.append(capitals ? word.toUpperCase(Locale.ROOT) : word);
            text.append(BETWEEN.get(random.nextInt(BETWEEN.size())));
            counts.merge(word, 1L, Long::sum);
        }
        Files.writeString(file, text);
    }

    /** What was written so far, by word. */
    Map<String, Long> counts() {
        return counts;
    }
}
