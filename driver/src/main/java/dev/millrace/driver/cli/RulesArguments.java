package dev.millrace.driver.cli;

import dev.millrace.job.TextRules;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a word is. */
final class RulesArguments {
    private final TextCatalog text;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--profile",
            order = Sections.TEXT,
            paramLabel = "NAME",
            description = "What a word is: 'unicode' (the default), or 'pymotw' for the rules of the Python original.")
    private @Nullable String profile;

    @Option(
            names = "--stop-words",
            order = Sections.TEXT + 1,
            paramLabel = "FILE|english|none",
            description = "Words to leave out. Default: the profile's own.")
    private @Nullable String stopWords;

    RulesArguments(TextCatalog text) {
        this.text = text;
    }

    TextRules rules() {
        List<String> known = text.profiles();
        String chosen = profile == null ? known.get(0) : profile;
        if (!known.contains(chosen)) {
            throw new ParameterException(
                    command.commandLine(),
                    "there is no text profile '" + chosen + "'; there are " + String.join(", ", known));
        }
        return text.rules(chosen, StopWordArgument.words(stopWords, chosen, text));
    }

    /** As {@link ClusterOptions#asTyped()}. */
    String asTyped() {
        return (profile == null ? "" : " --profile " + ClusterArguments.quoted(profile))
                + (stopWords == null ? "" : " --stop-words " + ClusterArguments.quoted(stopWords));
    }
}
