package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "status", description = "Show where a job stands.")
final class StatusCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "JOB", description = "Id of the job, as 'list' shows it, or name of a continuous one.")
    private String job = "";

    @Mixin
    private final ClusterArguments cluster;

    StatusCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        List<JobRecord> jobs;
        try (JobClient client = session.open(cluster.clusterOptions())) {
            jobs = client.list();
        }
        JobRecord found = JobReference.find(jobs, job);
        new StandardOutput(session.terminal())
                .write(out -> out.write(JobLines.details(found).getBytes(StandardCharsets.UTF_8)));
        return ExitCode.OK.code();
    }
}
