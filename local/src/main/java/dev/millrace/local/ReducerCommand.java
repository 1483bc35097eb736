package dev.millrace.local;

import dev.millrace.driver.KafkaCluster;
import dev.millrace.driver.cli.ClusterArguments;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.reducer.ReducerService;
import dev.millrace.reducer.ReducerSettings;
import dev.millrace.service.ServiceHost;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "reducer",
        description = "Run a reducer of a cluster until Ctrl-C.",
        footerHeading = "%nExample:%n",
        footer = "  millrace reducer --bootstrap-server 127.0.0.1:9092 --slot reducer-1")
final class ReducerCommand implements Callable<Integer> {
    @Mixin
    private final ClusterArguments cluster;

    @Mixin
    private final PartArguments part;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads that share its partitions. Default: 1.")
    private int threads;

    ReducerCommand(Terminal terminal) {
        cluster = new ClusterArguments(terminal);
        part = new PartArguments(terminal);
    }

    @Override
    public Integer call() {
        ReducerSettings settings = new ReducerSettings(
                KafkaCluster.settings(part.onCluster(cluster.options())),
                part.slot("reducer-1"),
                part.atLeastOne("--threads", threads),
                PartArguments.BROKER_DEADLINE);
        ServiceHost.runProcess(settings.slot(), part::service, host -> new ReducerService(settings, host.metrics()));
        return 0;
    }
}
