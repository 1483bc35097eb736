package dev.millrace.shuffle;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;

/**
 * Words that are counted and then left out. Testing each word of a text would cost 15 % of the time; leaving them out
 * when the table is emptied costs nothing. Immutable, for any thread.
 */
public final class StopWords {
    public static final StopWords NONE = new StopWords(List.of());

    private final WordTable words = new WordTable(6);

    private StopWords(Collection<String> words) {
        for (String word : words) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            this.words.add(bytes, 0, bytes.length, 1);
        }
    }

    /** @param words as {@code TextProfile.normalizeStopWords} gives them: lower-cased by the profile */
    public static StopWords of(Collection<String> words) {
        return words.isEmpty() ? NONE : new StopWords(words);
    }

    public int size() {
        return words.size();
    }

    public boolean contains(byte[] word, int from, int length) {
        return size() > 0 && words.get(word, from, length) != 0;
    }

    boolean contains(long head, long tail) {
        return size() > 0 && words.get(head, tail) != 0;
    }
}
