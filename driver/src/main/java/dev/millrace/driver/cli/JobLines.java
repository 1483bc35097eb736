package dev.millrace.driver.cli;

import dev.millrace.job.JobRecord;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/** Jobs as text for people. */
final class JobLines {
    private static final String COLUMNS = "%-16s  %-9s  %7s  %9s  %-20s  %s\n";

    private JobLines() {}

    static String table(List<JobRecord> jobs) {
        StringBuilder lines = new StringBuilder(
                String.format(Locale.ROOT, COLUMNS, "JOB", "STATE", "TASKS", "FILES", "CREATED", "NAME"));
        for (JobRecord job : jobs) {
            lines.append(String.format(
                    Locale.ROOT,
                    COLUMNS,
                    job.spec().id(),
                    state(job),
                    tasks(job),
                    job.files(),
                    created(job),
                    Visible.text(job.spec().name())));
        }
        return lines.toString();
    }

    static String details(JobRecord job) {
        StringBuilder lines = new StringBuilder();
        line(lines, "job", job.spec().id().toString());
        line(lines, "name", Visible.text(job.spec().name()));
        line(lines, "state", state(job));
        if (!job.detail().isEmpty()) {
            line(lines, "why", Visible.text(job.detail()));
        }
        line(lines, "created", created(job));
        line(lines, "tasks", tasks(job));
        line(lines, "files", Long.toString(job.files()));
        line(lines, "paths", Visible.text(String.join(" ", job.spec().input().paths())));
        line(
                lines,
                "profile",
                Visible.text(job.spec().rules().profile()) + " version "
                        + job.spec().rules().version() + ", "
                        + Amounts.number(job.spec().rules().stopWords().size(), "stop word"));
        line(lines, "partitions", Integer.toString(job.spec().partitions()));
        return lines.toString();
    }

    private static void line(StringBuilder lines, String what, String value) {
        lines.append(String.format(Locale.ROOT, "%-11s %s\n", what, value));
    }

    private static String state(JobRecord job) {
        return job.state().name().toLowerCase(Locale.ROOT);
    }

    private static String tasks(JobRecord job) {
        return job.tasks() < 0 ? "-" : Integer.toString(job.tasks());
    }

    private static String created(JobRecord job) {
        return Instant.ofEpochMilli(job.spec().createdMillis())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
    }
}
