package dev.millrace.mapper;

import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterEnvironment;
import dev.millrace.service.ServiceHost;
import dev.millrace.service.ServiceSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A mapper as a container runs it. It takes no arguments; its settings are {@code MILLRACE_BOOTSTRAP_SERVER},
 * {@code MILLRACE_SLOT}, {@code MILLRACE_THREADS} (one a processor), {@code MILLRACE_ROOT} ({@code data=/data}, several
 * by comma) and those of {@link ServiceSettings}, {@link InputLimits} and {@link ClusterEnvironment}.
 */
public final class MapperMain {
    private static final Duration BROKER_DEADLINE = Duration.ofMinutes(5);

    private MapperMain() {}

    public static void main(String[] args) {
        Map<String, String> variables = System.getenv();
        ClusterEnvironment environment = new ClusterEnvironment(variables);
        ServiceHost.runProcess("mapper", () -> ServiceSettings.from(Map.of(), variables), host -> {
            List<String> roots = environment.list("MILLRACE_ROOT");
            return new MapperService(
                    new MapperSettings(
                            environment.cluster(),
                            environment.slot("mapper"),
                            environment.count(
                                    "MILLRACE_THREADS", Runtime.getRuntime().availableProcessors()),
                            InputRoots.parse(roots.isEmpty() ? List.of("data=.") : roots),
                            InputLimits.fromEnvironment(variables),
                            BROKER_DEADLINE),
                    host.metrics());
        });
    }
}
