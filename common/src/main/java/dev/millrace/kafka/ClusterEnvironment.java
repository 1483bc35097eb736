package dev.millrace.kafka;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** What a service that runs in a container is told by its environment, under the names of the command line's options. */
public final class ClusterEnvironment {
    private final Map<String, String> environment;

    public ClusterEnvironment(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * {@code MILLRACE_BOOTSTRAP_SERVER}, {@code MILLRACE_COMMAND_CONFIG} (a file of client properties),
     * {@code MILLRACE_COMMAND_PROPERTY} (key=value, several by comma) and {@code MILLRACE_TOPIC_PREFIX}.
     *
     * @throws MillraceException USAGE, naming the variable
     */
    public ClusterSettings cluster() {
        Map<String, String> properties = new HashMap<>();
        String file = text("MILLRACE_COMMAND_CONFIG", "");
        if (!file.isEmpty()) {
            Properties read = new Properties();
            try (Reader in = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
                read.load(in);
            } catch (IOException | IllegalArgumentException e) {
                throw usage("MILLRACE_COMMAND_CONFIG: cannot read " + file + ": " + e.getMessage());
            }
            read.stringPropertyNames().forEach(name -> properties.put(name, read.getProperty(name)));
        }
        for (String property : list("MILLRACE_COMMAND_PROPERTY")) {
            int equals = property.indexOf('=');
            if (equals < 1) {
                throw usage("MILLRACE_COMMAND_PROPERTY is a list of KEY=VALUE");
            }
            properties.put(property.substring(0, equals), property.substring(equals + 1));
        }
        String brokers = text("MILLRACE_BOOTSTRAP_SERVER", properties.getOrDefault("bootstrap.servers", ""));
        if (brokers.isEmpty()) {
            throw usage("MILLRACE_BOOTSTRAP_SERVER is not set: HOST:PORT of a broker");
        }
        properties.put("bootstrap.servers", brokers);
        return new ClusterSettings(
                properties, new TopicNames(text("MILLRACE_TOPIC_PREFIX", TopicNames.DEFAULT_PREFIX)));
    }

    /**
     * {@code MILLRACE_SLOT}, or else the role and the host's name, which a container keeps over its restarts.
     *
     * @param role of the service, as in {@code mapper}
     */
    public String slot(String role) {
        String slot = text("MILLRACE_SLOT", "");
        if (!slot.isEmpty()) {
            return slot;
        }
        String host = text("HOSTNAME", "");
        if (host.isEmpty()) {
            try {
                host = InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException e) {
                throw usage("MILLRACE_SLOT is not set, and this host has no name");
            }
        }
        return role + "-" + host;
    }

    /** A whole number of at least 1. */
    public int count(String variable, int otherwise) {
        String value = text(variable, String.valueOf(otherwise));
        if (!value.matches("[1-9][0-9]{0,4}")) {
            throw usage(variable + " is '" + value + "', not a whole number from 1");
        }
        return Integer.parseInt(value);
    }

    /** The parts of a list by comma; empty where the variable is not set. */
    public List<String> list(String variable) {
        String value = text(variable, "");
        return value.isEmpty() ? List.of() : List.of(value.split(","));
    }

    private String text(String variable, String otherwise) {
        String value = environment.getOrDefault(variable, "").strip();
        return value.isEmpty() ? otherwise : value;
    }

    private static MillraceException usage(String message) {
        return new MillraceException(ExitCode.USAGE, message);
    }
}
