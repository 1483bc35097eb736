package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "status",
        description = {
            "Show where a job stands.",
            "Of a continuous job also what its driver said last, and how long ago."
        })
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
        ClusterOptions options = cluster.clusterOptions();
        JobRecord found;
        try (JobClient client = session.open(options)) {
            found = JobReference.find(client.list(), job);
        }
        String lines = JobLines.details(found);
        if (found.spec().kind() == JobKind.CONTINUOUS && !found.state().isFinal()) {
            lines += JobLines.driver(driver(options, found.spec().name()));
        }
        byte[] shown = lines.getBytes(StandardCharsets.UTF_8);
        new StandardOutput(session.terminal()).write(out -> out.write(shown));
        return ExitCode.OK.code();
    }

    private @Nullable DriverStatus driver(ClusterOptions options, String name) {
        try (ContinuousClient client = session.continuous(options)) {
            return client.driver(name);
        }
    }
}
