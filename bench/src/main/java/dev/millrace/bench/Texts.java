package dev.millrace.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What documents hold: so many words each, of lower-case ASCII letters, divided by one blank, so that splitting them is as
 * easy for every engine as can be. They are made before anything is measured and handed out in turn, again and again.
 *
 * <p>Of {@code -Dtext=FOLDER}, the words of its files as they follow each other, up to a hundred million bytes of them; else
 * words that are drawn by Zipf's law from 100,000, the frequent ones short, which is what English is like.
 */
final class Texts {
    private static final int DRAWN_DOCUMENTS = 20_000;
    private static final int DISTINCT_WORDS = 100_000;
    private static final int MOST_BYTES = 100_000_000;
    private static final String CONSONANTS = "bcdfghjklmnpqrstvwxz";
    private static final String VOWELS = "aeiou";

    private final List<String> bodies;
    private final int words;
    private final String origin;

    private Texts(List<String> bodies, int words, String origin) {
        this.bodies = bodies;
        this.words = words;
        this.origin = origin;
    }

    /**
     * @param words of each document
     * @throws UncheckedIOException naming the folder that cannot be read
     */
    static Texts ofWords(int words) {
        String folder = System.getProperty("text", "");
        if (folder.isEmpty()) {
            return new Texts(drawn(words), words, "words drawn by Zipf's law");
        }
        try {
            return new Texts(
                    read(Path.of(folder), words),
                    words,
                    "words of " + Path.of(folder).getFileName());
        } catch (IOException e) {
            throw new UncheckedIOException("-Dtext=" + folder + ": " + e.getMessage(), e);
        }
    }

    String get(int i) {
        return bodies.get(i % bodies.size());
    }

    /** Of each text. */
    int words() {
        return words;
    }

    /** Where the words come from. */
    String origin() {
        return origin;
    }

    private static List<String> drawn(int words) {
        Random random = new Random(1);
        List<String> bodies = new ArrayList<>(DRAWN_DOCUMENTS);
        for (int i = 0; i < DRAWN_DOCUMENTS; i++) {
            StringBuilder body = new StringBuilder();
            for (int w = 0; w < words; w++) {
                // A logarithm that is spread evenly makes a rank half as likely as the one of half its number.
                appendWord((int) Math.exp(random.nextDouble() * Math.log(DISTINCT_WORDS)), body);
                body.append(' ');
            }
            bodies.add(body.toString());
        }
        return bodies;
    }

    /** A syllable for each digit of the rank in base 20. */
    private static void appendWord(int rank, StringBuilder out) {
        for (int left = rank; left > 0; left /= CONSONANTS.length()) {
            int digit = left % CONSONANTS.length();
            out.append(CONSONANTS.charAt(digit)).append(VOWELS.charAt(digit % VOWELS.length()));
        }
    }

    private static List<String> read(Path folder, int words) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        List<String> bodies = new ArrayList<>();
        StringBuilder body = new StringBuilder();
        int inBody = 0;
        long bytes = 0;
        boolean inWord = false;
        for (Path file : files) {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
                for (int b = in.read(); b >= 0 && bytes < MOST_BYTES; b = in.read()) {
                    bytes++;
                    int letter = b | 0x20;
                    if (letter >= 'a' && letter <= 'z') {
                        body.append((char) letter);
                        inWord = true;
                    } else if (inWord) {
                        body.append(' ');
                        inWord = false;
                        if (++inBody == words) {
                            bodies.add(body.toString());
                            body.setLength(0);
                            inBody = 0;
                        }
                    }
                }
            }
        }
        if (bodies.isEmpty()) {
            throw new IOException("not even " + words + " words in it");
        }
        return bodies;
    }
}
