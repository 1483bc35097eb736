package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.input.InputRoots;
import dev.millrace.input.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What {@code stream} and {@code watch} share: they drive a continuous job until something ends it. */
abstract class FeedCommand implements Callable<Integer> {
    static final String KEEPS =
            "Counts stay as the documents are now: a new version of one replaces its old one, and of"
                    + " one that is gone nothing is left. A job that was left goes on where it was, under its name.";
    static final String ENDS =
            "On Ctrl-C the driver stops in order and says how to come back (130). It ends with 6 when"
                    + " the job is cancelled, and with 1 when another driver takes the job over.";

    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Mixin
    private final RulesArguments rules;

    @Option(
            names = "--top",
            order = Sections.OUTPUT,
            paramLabel = "N",
            description = "On an embedded cluster, words of the live table on standard output; 0 for no table."
                    + " Default: 20.")
    private int top = LiveScreen.DEFAULT_WORDS;

    @Mixin
    private final JobNameArgument job = new JobNameArgument();

    @Option(
            names = "--mappers-only",
            order = Sections.JOB + 1,
            negatable = true,
            description = "Hand out all tasks to mappers. Without it the driver counts those of at most 64 KiB of text"
                    + " itself, which is quicker, and where it has a broker of its own nearly all others too.")
    private @Nullable Boolean mappersOnly;

    @Mixin
    private final ClusterArguments cluster;

    @Option(
            names = "--data-dir",
            order = Sections.EMBEDDED,
            paramLabel = "FOLDER",
            description = "Where the broker keeps the job, so that the same command goes on with it, even after a kill."
                    + " Default: a temporary folder, deleted at the end.")
    private @Nullable Path dataDir;

    @Option(
            names = "--port",
            order = Sections.EMBEDDED + 1,
            paramLabel = "PORT",
            description = "Port of the broker on 127.0.0.1, for other commands. Default: a free one.")
    private int port;

    @Option(
            names = "--threads",
            order = Sections.EMBEDDED + 2,
            paramLabel = "N",
            description = "Mappers. Default: one a processor.")
    private @Nullable Integer threads;

    @Option(
            names = "--partitions",
            order = Sections.EMBEDDED + 3,
            paramLabel = "N",
            description = "Partitions of the pairs topic where it is not there yet. Default: 2.")
    private @Nullable Integer partitions;

    @Mixin
    private final MessageArguments messages;

    FeedCommand(Session session) {
        this.session = session;
        this.rules = new RulesArguments(session.wiring().text());
        this.cluster = new ClusterArguments(session.terminal());
        this.messages = new MessageArguments(session.terminal());
    }

    @Override
    public final Integer call() {
        if (top < 0) {
            throw usage("--top must be at least 0, not " + top);
        }
        ClusterOptions options =
                cluster.options(atLeastOne("--threads", threads), atLeastOne("--partitions", partitions));
        if (!options.isEmbedded()) {
            for (String option : new String[] {"--data-dir", "--port", "--threads", "--partitions"}) {
                if (isTyped(option)) {
                    throw cluster.onlyEmbedded(option + " is");
                }
            }
        }
        ContinuousClient.Feed feed = feed();
        if (options.isEmbedded()) {
            checkApart(feed);
        }
        boolean onlyMappers = session.environment().flag(mappersOnly, command.findOption("--mappers-only"));
        String again = "millrace " + asTyped() + job.asTyped() + (onlyMappers ? " --mappers-only" : "")
                + rules.asTyped() + options.asTyped()
                + (dataDir == null || !options.isEmbedded()
                        ? ""
                        : " --data-dir " + ClusterArguments.quoted(dataDir.toString()))
                + (port == 0 || !options.isEmbedded() ? "" : " --port " + port);
        return new FeedWatch(session, messages.level(), options, new ContinuousOpener.Home(dataDir, port), top)
                .run(job.name(), rules.rules(), feed, onlyMappers, again);
    }

    /** What the broker writes would be documents, unless patterns leave it out, and counting them would write more. */
    private void checkApart(ContinuousClient.Feed feed) {
        if (feed instanceof ContinuousClient.Folders watched
                && watched.includes().isEmpty()
                && watched.excludes().isEmpty()) {
            Path broker = real(dataDir == null ? Path.of(System.getProperty("java.io.tmpdir")) : dataDir);
            for (Path folder : watched.folders()) {
                if (broker.startsWith(real(folder))) {
                    throw usage("the broker would keep its files in " + Names.printable(broker) + ", which "
                            + Names.printable(folder) + " holds: give it a folder outside of that with --data-dir");
                }
            }
        }
    }

    /** As the file system knows it, though the last names may be new. */
    private static Path real(Path path) {
        Path whole = InputRoots.withoutDots(path);
        for (Path known = whole; known != null; known = known.getParent()) {
            try {
                return known.toRealPath().resolve(known.relativize(whole));
            } catch (IOException e) {
                // there is no such file yet: its folder may be there
            }
        }
        return whole;
    }

    /** Where the documents come from. */
    abstract ContinuousClient.Feed feed();

    /** The command and what it reads, as a shell wants it. */
    abstract String asTyped();

    final Session session() {
        return session;
    }

    final CommandSpec command() {
        return command;
    }

    final ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    /** Whether the option stands on the command line, and is not only in the environment, which others share. */
    final boolean isTyped(String option) {
        return command.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** @param of what the user typed before it */
    final Path folder(String of, String name) {
        try {
            if (!name.isEmpty() && Files.isDirectory(Path.of(name))) {
                return Path.of(name);
            }
        } catch (InvalidPathException e) {
            throw usage(of + "not a path on this system: " + e.getMessage());
        }
        throw usage(of + "there is no folder '" + name + "'");
    }

    private int atLeastOne(String option, @Nullable Integer value) {
        if (value != null && value < 1) {
            throw usage(option + " must be at least 1, not " + value);
        }
        return value == null ? 0 : value;
    }
}
