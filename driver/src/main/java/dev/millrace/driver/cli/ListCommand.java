package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "List the jobs the cluster remembers, the newest first.")
final class ListCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private final ClusterArguments cluster;

    ListCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        List<JobRecord> jobs;
        try (JobClient client = session.open(cluster.clusterOptions())) {
            jobs = client.list();
        }
        new StandardOutput(session.terminal())
                .write(out -> out.write(JobLines.table(jobs).getBytes(StandardCharsets.UTF_8)));
        return ExitCode.OK.code();
    }
}
