package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.Release;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobSpec;
import dev.millrace.job.TextRules;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JobOpeningTest {
    private static final TextRules RULES = new TextRules("unicode", 1, List.of());
    private static final JobSpec WIKI = new JobSpec(
            new JobId(7),
            "wiki",
            JobKind.CONTINUOUS,
            RULES,
            new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1),
            4,
            "id",
            16,
            4,
            false,
            0,
            0,
            0);

    private static @Nullable String otherThan(List<String> sources, TextRules rules) {
        return JobOpening.otherThan(WIKI, sources, rules, "go there to end it");
    }

    /** Where the broker ends with its driver, it said to cancel the job, which nobody can there. */
    @Test
    void whoeverGivesAJobOtherSourcesOrRulesIsToldHowToBeginItAnew() {
        assertThat(otherThan(List.of("topic:docs"), RULES)).isNull();
        assertThat(otherThan(List.of("topic:more"), RULES))
                .startsWith("the job wiki counts ")
                .contains("docs and not ")
                .endsWith("more: go there to end it");
        assertThat(otherThan(List.of("topic:docs"), new TextRules("unicode", 1, List.of("the"))))
                .isEqualTo(
                        "the job wiki counts by other rules (profile unicode, version 1, 0 stop words): give the same"
                                + " --profile and --stop-words with release " + Release.VERSION
                                + ", or go there to end it");
    }
}
