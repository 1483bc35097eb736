package dev.millrace.driver.cli;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which cluster, and how to reach it.
 *
 * @param bootstrapServers as Kafka has them; null for the embedded cluster
 * @param properties for Kafka's clients: those of {@code --command-config}, with each {@code --command-property} over
 *     them, without {@code bootstrap.servers}. May hold secrets
 * @param topicPrefix that all topic names begin with, as in {@code millrace.}
 * @param roots folders known to driver and mappers, by name, in the order given
 * @param threads mappers of the embedded cluster, or 0 for its default
 * @param partitions of the embedded cluster's pairs topic, or 0 for its default
 * @param asTyped what leads another command to the same cluster, each option with a blank before it; no secrets
 */
public record ClusterOptions(
        @Nullable String bootstrapServers,
        Map<String, String> properties,
        String topicPrefix,
        Map<String, Path> roots,
        int threads,
        int partitions,
        String asTyped) {

    public ClusterOptions {
        properties = Map.copyOf(properties);
        roots = Collections.unmodifiableMap(new LinkedHashMap<>(roots));
    }

    public boolean isEmbedded() {
        return bootstrapServers == null;
    }

    /** Names the properties but not their values, which may be passwords. */
    @Override
    public String toString() {
        return "ClusterOptions[bootstrapServers=" + bootstrapServers + ", properties=" + properties.keySet()
                + ", topicPrefix=" + topicPrefix + ", roots=" + roots + ", threads=" + threads + ", partitions="
                + partitions + "]";
    }
}
