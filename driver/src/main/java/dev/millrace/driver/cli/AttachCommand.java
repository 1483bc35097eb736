package dev.millrace.driver.cli;

import dev.millrace.job.JobId;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "attach",
        description = {
            "Watch a job that was left, to its end, and print its result.",
            "Whoever drives it now is shut out; of a job that is done, the result is printed.",
            "A continuous job has no end to wait for: 'top', 'get', 'why' and 'snapshot' look at it, and the command that"
                    + " began it goes on with it."
        })
final class AttachCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "JOB", description = "Id of the job, as 'list' shows it.")
    private String job = "";

    @Mixin
    private final ResultArguments result;

    @Option(
            names = "--timeout",
            order = Sections.JOB,
            paramLabel = "TIME",
            converter = Amounts.Time.class,
            description = "Give up waiting after this long, as in 90s, 10m or 2h. The job goes on.")
    private @Nullable Duration timeout;

    @Mixin
    private final ClusterArguments cluster;

    @Mixin
    private final MessageArguments messages;

    AttachCommand(Session session) {
        this.session = session;
        this.result = new ResultArguments(session.terminal());
        this.cluster = new ClusterArguments(session.terminal());
        this.messages = new MessageArguments(session.terminal());
    }

    @Override
    public Integer call() {
        ClusterOptions options = cluster.clusterOptions();
        JobId known = JobReference.id(job);
        return new JobWatch(session, messages.level(), timeout)
                .watch(
                        options,
                        result.destination(),
                        known,
                        (client, listener) -> client.attach(
                                known != null
                                        ? known
                                        : JobReference.find(client.list(), job)
                                                .spec()
                                                .id(),
                                listener));
    }
}
