package dev.millrace.driver.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which continuous job. */
final class JobNameArgument {
    static final String DEFAULT = "default";

    @Option(
            names = "--job",
            order = Sections.JOB,
            paramLabel = "NAME",
            defaultValue = DEFAULT,
            description = "Name of the continuous job. Default: " + DEFAULT + ".")
    private String name = DEFAULT;

    /** Where it may stand as an argument, without the option; null where it does not. */
    static String orDefault(@Nullable String argument, Environment environment) {
        String name = argument == null ? environment.get("--job") : argument;
        return name == null ? DEFAULT : name;
    }

    String name() {
        return name;
    }

    /** As {@link ClusterOptions#asTyped()}. */
    String asTyped() {
        return name.equals(DEFAULT) ? "" : " --job " + ClusterArguments.quoted(name);
    }
}
