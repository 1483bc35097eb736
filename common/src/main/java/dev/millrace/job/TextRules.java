package dev.millrace.job;

import java.util.List;

/**
 * Which words a job counts. It travels in every task, so that a mapper needs nothing else to read it.
 *
 * @param profile name of the text profile, {@code pymotw} or {@code unicode}
 * @param version version of that profile, pinned Unicode table included; a worker with another one refuses the task
 * @param stopWords words left out of the counts, lower-cased by the profile, sorted, without doubles
 */
public record TextRules(String profile, int version, List<String> stopWords) {
    public TextRules {
        stopWords = List.copyOf(stopWords);
    }
}
