package dev.millrace.mapper;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import dev.millrace.shuffle.StopWords;
import dev.millrace.text.TextProfile;
import org.jspecify.annotations.Nullable;

/** The text rules of a task as this mapper has them. Remembers those of the last task. One thread. */
final class MapperRules {
    private @Nullable TextRules stopRules;
    private StopWords stopWords = StopWords.NONE;

    /** @throws MillraceException if this release has other rules of that name */
    TextProfile profile(TextRules rules) {
        TextProfile profile = TextProfile.named(rules.profile());
        if (profile.version() != rules.version()) {
            throw new MillraceException(
                    ExitCode.FAILED,
                    "this mapper counts by version " + profile.version() + " of the text profile " + rules.profile()
                            + ", the job asks for version " + rules.version()
                            + ": run mappers and driver of one release");
        }
        return profile;
    }

    StopWords stopWords(TextRules rules) {
        if (!rules.equals(stopRules)) {
            stopWords = StopWords.of(rules.stopWords());
            stopRules = rules;
        }
        return stopWords;
    }
}
