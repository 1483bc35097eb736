package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that lead to a cluster, to be mixed into a command. */
public final class ClusterArguments {
    private static final String BOOTSTRAP_OPTION = "--bootstrap-server";
    private static final String BOOTSTRAP_PROPERTY = "bootstrap.servers";

    private final Environment environment;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = BOOTSTRAP_OPTION,
            order = Sections.CLUSTER,
            paramLabel = "HOST:PORT,...",
            description = "Brokers to ask first.")
    private @Nullable String bootstrapServers;

    @Option(
            names = "--command-config",
            order = Sections.CLUSTER + 1,
            paramLabel = "FILE",
            description = "Properties for Kafka's clients, as for Kafka's own tools.")
    private @Nullable String configFile;

    @Option(
            names = "--command-property",
            order = Sections.CLUSTER + 2,
            paramLabel = "KEY=VALUE",
            description = "One such property, over those of the file. May be repeated.")
    private @Nullable List<String> configProperties;

    @Option(
            names = "--topic-prefix",
            order = Sections.CLUSTER + 3,
            paramLabel = "PREFIX",
            defaultValue = Defaults.TOPIC_PREFIX,
            description = "What the names of all topics begin with. Default: " + Defaults.TOPIC_PREFIX)
    private String topicPrefix = Defaults.TOPIC_PREFIX;

    @Option(
            names = "--root",
            order = Sections.CLUSTER + 4,
            paramLabel = "NAME=PATH",
            description = "A folder that mappers know by this name. May be repeated.")
    private @Nullable List<String> roots;

    /** @param terminal whose environment stands in for options that are not given */
    public ClusterArguments(Terminal terminal) {
        environment = new Environment(terminal.environment());
    }

    /**
     * The options as given, else of the environment, else of the file. Reads the file.
     *
     * @throws MillraceException if the file cannot be read
     */
    public ClusterOptions options() {
        return options(0, 0);
    }

    /** The same for a command that works on a cluster only. */
    public ClusterOptions clusterOptions() {
        ClusterOptions options = options();
        if (options.isEmbedded()) {
            throw usage("'" + command.name() + "' works on a cluster: give --bootstrap-server HOST:PORT");
        }
        return options;
    }

    /** Refuses what is for the embedded cluster beside another one; says what names that, where nobody typed it. */
    ParameterException onlyEmbedded(String what) {
        String from = "";
        if (!command.commandLine().getParseResult().hasMatchedOption(BOOTSTRAP_OPTION)) {
            from = bootstrapServers != null
                    ? " (from " + Environment.variable(BOOTSTRAP_OPTION) + ")"
                    : " (" + BOOTSTRAP_PROPERTY + " of --command-config or --command-property)";
        }
        return usage(what + " for the embedded cluster, without " + BOOTSTRAP_OPTION + from);
    }

    ClusterOptions options(int threads, int partitions) {
        Map<String, String> properties = new LinkedHashMap<>();
        if (configFile != null) {
            load(configFile, properties);
        }
        pairs("--command-property", configProperties).forEach(properties::put);
        String fromProperties = properties.remove(BOOTSTRAP_PROPERTY);
        Map<String, Path> folders = new LinkedHashMap<>();
        pairs("--root", roots).forEach((name, path) -> folders.put(name, folder(name, path)));
        return new ClusterOptions(
                bootstrapServers != null ? bootstrapServers : fromProperties,
                properties,
                topicPrefix,
                folders,
                threads,
                partitions,
                asTyped());
    }

    /** What to type to reach the same cluster and folders; names no property's value, since it may be a password. */
    private String asTyped() {
        StringBuilder typed = new StringBuilder();
        if (bootstrapServers != null) {
            typed.append(" --bootstrap-server ").append(quoted(bootstrapServers));
        }
        if (configFile != null) {
            typed.append(" --command-config ").append(quoted(configFile));
        }
        if (!topicPrefix.equals(Defaults.TOPIC_PREFIX)) {
            typed.append(" --topic-prefix ").append(quoted(topicPrefix));
        }
        for (String property : environment.list(configProperties, "--command-property")) {
            typed.append(" --command-property ")
                    .append(property, 0, Math.max(0, property.indexOf('=')))
                    .append("=...");
        }
        for (String root : environment.list(roots, "--root")) {
            typed.append(" --root ").append(quoted(root));
        }
        return typed.toString();
    }

    /** As a shell wants it. */
    public static String quoted(String argument) {
        return argument.matches("[\\w@%+=:,./-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }

    private void load(String file, Map<String, String> properties) {
        Properties loaded = new Properties();
        // Read as Kafka's tools read it, so that one file means the same to all of them.
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            loaded.load(in);
        } catch (IOException | IllegalArgumentException e) {
            throw new MillraceException(
                    ExitCode.USAGE, "cannot read --command-config '" + file + "': " + Failures.reason(e), e);
        }
        new TreeMap<>(loaded).forEach((key, value) -> properties.put((String) key, ((String) value).trim()));
    }

    private Map<String, String> pairs(String option, @Nullable List<String> given) {
        Map<String, String> pairs = new LinkedHashMap<>();
        int n = 0;
        for (String pair : environment.list(given, option)) {
            n++;
            int equals = pair.indexOf('=');
            if (equals < 1) {
                // Not shown: what was meant to be a property may be a password.
                throw usage(option + " number " + n + " has no '=' behind a name");
            }
            pairs.put(pair.substring(0, equals).trim(), pair.substring(equals + 1));
        }
        return pairs;
    }

    private Path folder(String name, String path) {
        try {
            Path folder = Path.of(path);
            if (!path.isEmpty() && Files.isDirectory(folder)) {
                return folder;
            }
        } catch (InvalidPathException e) {
            throw usage("--root " + name + " is not a path: " + e.getReason());
        }
        throw usage("--root " + name + ": there is no folder '" + path + "'");
    }

    private ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
