package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.DocumentNames;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.job.Event;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Jobs as text for people. */
final class JobLines {
    private static final String COLUMNS = "%-16s  %-10s  %-9s  %7s  %9s  %-20s  %s\n";

    private JobLines() {}

    static String table(List<JobRecord> jobs) {
        StringBuilder lines = new StringBuilder(
                String.format(Locale.ROOT, COLUMNS, "JOB", "KIND", "STATE", "TASKS", "FILES", "CREATED", "NAME"));
        for (JobRecord job : jobs) {
            lines.append(String.format(
                    Locale.ROOT,
                    COLUMNS,
                    job.spec().id(),
                    kind(job),
                    state(job),
                    tasks(job),
                    isContinuous(job) ? "-" : Long.toString(job.files()),
                    created(job),
                    Visible.text(job.spec().name())));
        }
        return lines.toString();
    }

    static String details(JobRecord job) {
        StringBuilder lines = new StringBuilder();
        line(lines, "job", job.spec().id().toString());
        line(lines, "name", Visible.text(job.spec().name()));
        line(lines, "kind", kind(job));
        line(lines, "state", state(job));
        if (job.state() == JobState.FAILED || job.state() == JobState.CANCELLED) {
            line(lines, "why", Visible.text(job.detail()));
        } else if (!job.detail().isEmpty()) {
            List<String> omitted = job.detail().lines().toList();
            line(
                    lines,
                    "left out",
                    Visible.text(omitted.get(0).replace("\t", ": "))
                            + (omitted.size() == 1 ? "" : ", and " + (omitted.size() - 1) + " more"));
        }
        line(lines, "created", created(job));
        if (!isContinuous(job)) {
            line(lines, "tasks", tasks(job));
            line(lines, "files", Long.toString(job.files()));
        }
        if (isContinuous(job)) {
            line(lines, "sources", String.join(" ", DocumentNames.of(job.spec()).printableSources()));
        } else {
            line(
                    lines,
                    "paths",
                    Visible.text(String.join(" ", job.spec().input().paths())));
        }
        line(
                lines,
                "profile",
                Visible.text(job.spec().rules().profile()) + " version "
                        + job.spec().rules().version() + ", "
                        + Amounts.number(job.spec().rules().stopWords().size(), "stop word"));
        line(lines, "partitions", Integer.toString(job.spec().partitions()));
        return lines.toString();
    }

    /** What is known of a continuous job that goes on. */
    static String driver(@Nullable DriverStatus driver) {
        StringBuilder lines = new StringBuilder();
        if (driver == null) {
            line(lines, "driver", "silent: it has not been heard of lately");
            return lines.toString();
        }
        Event.ContinuousStatus said = driver.said();
        line(
                lines,
                "driver",
                (driver.isSilent() ? "silent: last heard of " : "runs: heard of ") + Amounts.rough(driver.ageMillis())
                        + " ago");
        line(lines, "documents", String.format(Locale.ROOT, "%,d", said.documents()));
        line(lines, "words", String.format(Locale.ROOT, "%,d", said.tokens()));
        if (said.unreadable() > 0) {
            line(lines, "unreadable", String.format(Locale.ROOT, "%,d", said.unreadable()));
        }
        if (!driver.isSilent()) {
            line(lines, "waiting", String.format(Locale.ROOT, "%,d", said.waiting()));
            if (said.freshnessMillis() >= 0) {
                line(lines, "fresh", "within " + Amounts.elapsed(said.freshnessMillis()));
            }
        }
        return lines.toString();
    }

    private static void line(StringBuilder lines, String what, String value) {
        lines.append(String.format(Locale.ROOT, "%-11s %s\n", what, value));
    }

    private static boolean isContinuous(JobRecord job) {
        return job.spec().kind() == JobKind.CONTINUOUS;
    }

    private static String kind(JobRecord job) {
        return job.spec().kind().name().toLowerCase(Locale.ROOT);
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
