package dev.millrace.driver.continuous;

import java.util.List;

/**
 * The documents that hold a word.
 *
 * @param documents most occurrences first, then by name
 * @param count the sum: what {@code get} says of the word once all changes are published
 */
public record Holders(String word, long count, List<Holder> documents) {
    public Holders {
        documents = List.copyOf(documents);
    }

    /**
     * @param document its id, exactly
     * @param name as {@link DocumentNames#printable} has it
     * @param count occurrences of the word in it, at least 1
     */
    public record Holder(String document, String name, long count) {}
}
