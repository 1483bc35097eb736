package dev.millrace.driver.cli;

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

    String name() {
        return name;
    }

    /** As {@link ClusterOptions#asTyped()}. */
    String asTyped() {
        return name.equals(DEFAULT) ? "" : " --job " + ClusterArguments.quoted(name);
    }
}
