package dev.millrace.driver.cli;

import dev.millrace.job.TextRules;
import java.util.List;

/** The text profiles there are, as the command line needs them. */
public interface TextCatalog {
    /** Names, the default first. */
    List<String> profiles();

    /** Words that the profile leaves out unless told otherwise. */
    List<String> ownStopWords(String profile);

    /** The list behind {@code --stop-words english}, as far as the profile can have its words. */
    List<String> englishStopWords(String profile);

    /**
     * Rules of the profile's newest version.
     *
     * @param stopWords as written by people; the profile lower-cases them as it does words
     */
    TextRules rules(String profile, List<String> stopWords);

    /** Version of the Unicode tables of a profile, as in {@code 16.0.0}. */
    String unicodeVersion(String profile, int version);
}
