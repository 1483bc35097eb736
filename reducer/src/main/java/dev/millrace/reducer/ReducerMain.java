package dev.millrace.reducer;

import dev.millrace.kafka.ClusterEnvironment;
import dev.millrace.service.ServiceHost;
import dev.millrace.service.ServiceSettings;
import java.time.Duration;
import java.util.Map;

/**
 * A reducer as a container runs it. It takes no arguments; its settings are {@code MILLRACE_BOOTSTRAP_SERVER},
 * {@code MILLRACE_SLOT}, {@code MILLRACE_THREADS} (1) and those of {@link ServiceSettings} and {@link ClusterEnvironment}.
 */
public final class ReducerMain {
    private static final Duration BROKER_DEADLINE = Duration.ofMinutes(5);

    private ReducerMain() {}

    public static void main(String[] args) {
        Map<String, String> variables = System.getenv();
        ClusterEnvironment environment = new ClusterEnvironment(variables);
        ServiceHost.runProcess(
                "reducer",
                () -> ServiceSettings.from(Map.of(), variables),
                host -> new ReducerService(
                        new ReducerSettings(
                                environment.cluster(),
                                environment.slot("reducer"),
                                environment.count("MILLRACE_THREADS", 1),
                                BROKER_DEADLINE),
                        host.metrics()));
    }
}
