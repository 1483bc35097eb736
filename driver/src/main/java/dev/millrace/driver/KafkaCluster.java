package dev.millrace.driver;

import dev.millrace.driver.cli.ClusterOptions;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.KafkaContinuousClient;
import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Leads from the options of the command line to a cluster. */
public final class KafkaCluster {
    private static final Duration BROKER_DEADLINE = Duration.ofSeconds(60);

    private KafkaCluster() {}

    public static JobClient open(ClusterOptions options) {
        return new KafkaJobClient(driver(options));
    }

    public static ContinuousClient continuous(ClusterOptions options) {
        return new KafkaContinuousClient(driver(options));
    }

    private static DriverSettings driver(ClusterOptions options) {
        ClusterSettings cluster = settings(options);
        List<String> roots = new ArrayList<>();
        options.roots().forEach((name, path) -> roots.add(name + "=" + path));
        return new DriverSettings(
                cluster,
                InputRoots.parse(roots.isEmpty() ? List.of("data=.") : roots),
                BROKER_DEADLINE,
                true,
                "millrace attach" + options.asTyped());
    }

    public static ClusterSettings settings(ClusterOptions options) {
        Map<String, String> properties = new HashMap<>(options.properties());
        if (options.bootstrapServers() != null) {
            properties.put("bootstrap.servers", options.bootstrapServers());
        }
        return new ClusterSettings(properties, new TopicNames(options.topicPrefix()));
    }
}
