package dev.millrace.driver.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much is told on standard error. */
final class MessageArguments {
    static final String VERBOSE = "--verbose";
    static final String QUIET = "--quiet";

    private final Environment environment;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = {"-v", VERBOSE},
            order = Sections.MESSAGES,
            description = "Name each task as a mapper begins it; print stack traces of internal errors.")
    private @Nullable Boolean verbose;

    @Option(
            names = {"-q", QUIET},
            order = Sections.MESSAGES + 1,
            description = "Print nothing but errors.")
    private @Nullable Boolean quiet;

    MessageArguments(Terminal terminal) {
        environment = new Environment(terminal.environment());
    }

    ProgressReporter.Level level() {
        if (verbose != null && quiet != null) {
            throw new ParameterException(command.commandLine(), "-v and -q exclude each other");
        }
        // One that is given wins over the other in the environment.
        if (quiet == null && environment.flag(verbose, command.findOption(VERBOSE))) {
            return ProgressReporter.Level.VERBOSE;
        }
        return verbose == null && environment.flag(quiet, command.findOption(QUIET))
                ? ProgressReporter.Level.QUIET
                : ProgressReporter.Level.NORMAL;
    }
}
