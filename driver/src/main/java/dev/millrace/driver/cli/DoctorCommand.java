package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "doctor",
        description = "Look whether a cluster has all that Millrace needs, and say what to do where it has not.")
final class DoctorCommand implements Callable<Integer> {
    private final Session session;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            split = ",",
            defaultValue = "driver,mapper,reducer",
            description = "Whose permissions to look for: any of setup (for init), driver, mapper and reducer;"
                    + " default driver,mapper,reducer.")
    private List<ClusterRole> roles = List.of();

    @Mixin
    private final ClusterArguments cluster;

    DoctorCommand(Session session) {
        this.session = session;
        this.cluster = new ClusterArguments(session.terminal());
    }

    @Override
    public Integer call() {
        List<Finding> findings;
        try (ClusterAdmin admin = session.wiring().admin().open(cluster.clusterOptions())) {
            findings = admin.diagnose(roles);
        }
        new StandardOutput(session.terminal())
                .write(out -> out.write(report(findings).getBytes(StandardCharsets.UTF_8)));
        boolean failed = findings.stream().anyMatch(finding -> finding.level() == Finding.Level.FAIL);
        return (failed ? ExitCode.FAILED : ExitCode.OK).code();
    }

    private static String report(List<Finding> findings) {
        int width = findings.stream().mapToInt(f -> f.what().length()).max().orElse(1);
        StringBuilder report = new StringBuilder();
        for (Finding finding : findings) {
            report.append(String.format(
                    Locale.ROOT,
                    "%-4s  %-" + Math.max(1, width) + "s  %s\n",
                    finding.level(),
                    Visible.text(finding.what()),
                    Visible.text(finding.found())));
            if (!finding.advice().isEmpty()) {
                report.append("      -> ")
                        .append(Visible.text(finding.advice()))
                        .append('\n');
            }
        }
        long failed =
                findings.stream().filter(f -> f.level() == Finding.Level.FAIL).count();
        long warned =
                findings.stream().filter(f -> f.level() == Finding.Level.WARN).count();
        report.append(Amounts.number(findings.size(), "check"))
                .append(": ")
                .append(failed)
                .append(" failed, ")
                .append(Amounts.number(warned, "warning"))
                .append('\n');
        return report.toString();
    }
}
