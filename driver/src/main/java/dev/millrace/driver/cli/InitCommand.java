package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "init",
        description = "Make the topics and group settings that a cluster lacks; what is there is left alone.")
final class InitCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Option(
            names = "--partitions",
            order = Sections.CLUSTER + 10,
            paramLabel = "N",
            description = "Partitions of the pairs topic, the most reducers that can share the work. Default: 16.")
    private int partitions;

    @Option(
            names = "--replication-factor",
            order = Sections.CLUSTER + 11,
            paramLabel = "N",
            description = "Copies of each topic. Default: the broker's own.")
    private int replicationFactor;

    @Mixin
    private final ClusterArguments cluster;

    InitCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        if (partitions < 0 || replicationFactor < 0) {
            throw new ParameterException(
                    command.commandLine(), "--partitions and --replication-factor must be at least 1");
        }
        StandardOutput out = new StandardOutput(session.terminal());
        try (ClusterAdmin admin = session.wiring().admin().open(cluster.clusterOptions())) {
            admin.init(
                    new ClusterAdmin.TopicPlan(partitions, replicationFactor),
                    line -> out.write(
                            stream -> stream.write((Visible.text(line) + "\n").getBytes(StandardCharsets.UTF_8))));
        }
        return ExitCode.OK.code();
    }
}
