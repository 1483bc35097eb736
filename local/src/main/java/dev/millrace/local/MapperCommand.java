package dev.millrace.local;

import dev.millrace.driver.KafkaCluster;
import dev.millrace.driver.cli.ClusterArguments;
import dev.millrace.driver.cli.ClusterOptions;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.mapper.MapperService;
import dev.millrace.mapper.MapperSettings;
import dev.millrace.service.ServiceHost;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "mapper",
        description = "Run a mapper of a cluster until Ctrl-C; tasks at hand are finished first.",
        footerHeading = "%nExample:%n",
        footer = "  millrace mapper --bootstrap-server 127.0.0.1:9092 --slot mapper-1 --root data=/srv/texts")
final class MapperCommand implements Callable<Integer> {
    @Mixin
    private final ClusterArguments cluster;

    @Mixin
    private final PartArguments part;

    @Option(names = "--threads", paramLabel = "N", description = "Tasks mapped at once. Default: one a processor.")
    private @Nullable Integer threads;

    MapperCommand(Terminal terminal) {
        cluster = new ClusterArguments(terminal);
        part = new PartArguments(terminal);
    }

    @Override
    public Integer call() {
        ClusterOptions options = part.onCluster(cluster.options());
        List<String> roots = new ArrayList<>();
        options.roots().forEach((name, path) -> roots.add(name + "=" + path));
        int wanted = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        MapperSettings settings = new MapperSettings(
                KafkaCluster.settings(options),
                part.slot("mapper-1"),
                part.atLeastOne("--threads", wanted),
                InputRoots.parse(roots.isEmpty() ? List.of("data=.") : roots),
                InputLimits.fromEnvironment(System.getenv()),
                PartArguments.BROKER_DEADLINE);
        ServiceHost.runProcess(settings.slot(), part::service, host -> new MapperService(settings, host.metrics()));
        return 0;
    }
}
