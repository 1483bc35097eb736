package dev.millrace.map;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.shuffle.StopWords;
import dev.millrace.text.TextProfile;
import org.jspecify.annotations.Nullable;

/** The text rules of a task as this release has them. Remembers those of the last task. One thread. */
public final class TaskRules {
    private @Nullable TextRules stopRules;
    private StopWords stopWords = StopWords.NONE;

    /** @throws MillraceException if this release has other rules of that name */
    public TextProfile profile(TextRules rules) {
        TextProfile profile = TextProfile.named(rules.profile());
        if (profile.version() != rules.version()) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "this release counts by version " + profile.version() + " of the text profile " + rules.profile()
                            + ", the job asks for version " + rules.version()
                            + ": run mappers and driver of one release");
        }
        return profile;
    }

    public StopWords stopWords(TextRules rules) {
        if (!rules.equals(stopRules)) {
            stopWords = StopWords.of(rules.stopWords());
            stopRules = rules;
        }
        return stopWords;
    }
}
