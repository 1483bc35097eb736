package dev.millrace.driver.cli;

/** A command that another module adds, such as {@code broker}. */
public interface CommandPlugin {
    /** As typed. */
    String name();

    /**
     * Makes the command: an object with picocli's annotations that is a {@code Callable<Integer>} returning the exit
     * code. Called only if the command is asked for, or for the help of all.
     *
     * <p>Its options take their defaults from the environment and its exceptions are printed as those of the built-in
     * commands. A {@code @Mixin} {@link ClusterArguments} gives it the options that lead to a cluster.
     */
    Object command(Terminal terminal);
}
