package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "cancel", description = "End a job that is not done; nothing of it is published.")
final class CancelCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "JOB", converter = JobArgument.class, description = "Id of the job, as 'list' shows it.")
    @SuppressWarnings("NullAway.Init")
    private JobId job;

    @Mixin
    private final ClusterArguments cluster;

    CancelCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        try (JobClient client = session.open(cluster.clusterOptions())) {
            client.cancel(job);
        }
        session.terminal().line("job " + job + " is cancelled");
        return ExitCode.OK.code();
    }
}
