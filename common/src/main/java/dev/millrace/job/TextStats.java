package dev.millrace.job;

/**
 * What reading some text came to, beside its words.
 *
 * @param textBytes bytes of text after decompression that belong to the ranges read
 * @param invalidSequences maximal invalid UTF-8 sequences, each of which acted as one blank
 * @param oversizedWords runs of text too long to be a word, left out of the counts
 */
public record TextStats(long textBytes, long invalidSequences, long oversizedWords) {
    public static final TextStats NONE = new TextStats(0, 0, 0);

    public TextStats plus(TextStats other) {
        return new TextStats(
                Math.addExact(textBytes, other.textBytes),
                Math.addExact(invalidSequences, other.invalidSequences),
                Math.addExact(oversizedWords, other.oversizedWords));
    }
}
