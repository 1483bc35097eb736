package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "cancel",
        description = {
            "End a job that is not done; nothing of it is published.",
            "The driver of a continuous job that is ended stops with 6."
        })
final class CancelCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "JOB", description = "Id of the job, as 'list' shows it, or name of a continuous one.")
    private String job = "";

    @Mixin
    private final ClusterArguments cluster;

    CancelCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        try (JobClient client = session.open(cluster.clusterOptions())) {
            JobId found = JobReference.find(client.list(), job).spec().id();
            client.cancel(found);
            session.terminal().line("job " + found + " is cancelled");
        }
        return ExitCode.OK.code();
    }
}
