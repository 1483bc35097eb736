package dev.millrace.driver.cli;

import dev.millrace.driver.JobClient;
import dev.millrace.driver.JobListener;
import dev.millrace.driver.JobRequest;
import dev.millrace.driver.JobResult;
import dev.millrace.driver.collect.ResultTable;
import dev.millrace.driver.collect.Words;
import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.ContinuousStatus;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.driver.continuous.Holders;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.driver.continuous.Snapshot;
import dev.millrace.job.BlockPosition;
import dev.millrace.job.DocumentEntry;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.InputSpec;
import dev.millrace.job.JobId;
import dev.millrace.job.JobKind;
import dev.millrace.job.JobRecord;
import dev.millrace.job.JobSpec;
import dev.millrace.job.MillraceException;
import dev.millrace.job.PartitionTotal;
import dev.millrace.job.Receipt;
import dev.millrace.job.TextHash;
import dev.millrace.job.TextRules;
import dev.millrace.job.TextStats;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A cluster of one known job, which remembers what it was asked for and closes as it must. */
final class FakeCluster {
    static final JobId JOB = JobId.parse("00112233445566aa");

    static final JobId CONTINUOUS = JobId.parse("00112233445566cc");

    final List<String> calls = new ArrayList<>();
    final List<Finding> findings = new ArrayList<>();
    Map<String, Long> counts = new LinkedHashMap<>(Map.of("mill", 3L, "race", 2L));
    Consumer<JobListener> during = listener -> {};

    @Nullable
    RuntimeException failure;

    /** What happens while a client is closed, which takes its time. */
    Runnable whileClosing = () -> {};

    /** What happens while a continuous job runs. */
    Runnable duringRun = () -> {};

    /** What happens while a live table waits for news. */
    Runnable duringPoll = () -> {};

    boolean forever;
    boolean hasOpened = true;
    boolean conserved = true;

    @Nullable
    ClusterOptions options;

    ContinuousOpener.@Nullable Home home;
    ContinuousClient.@Nullable Feed feed;

    @Nullable
    DriverStatus status =
            new DriverStatus(new Event.ContinuousStatus(CONTINUOUS, 0, 1, 5, 2, 0, 0, 0, 0, -1, false), 1_000);

    long brokerAwayMillis, lagMillis;

    @Nullable
    JobRequest request;

    ClusterAdmin.@Nullable TopicPlan plan;
    final List<ClusterRole> roles = new ArrayList<>();
    int open;

    final CountDownLatch running = new CountDownLatch(1);

    /** Whether a continuous job can be asked to end, which it then does. */
    boolean stoppable;

    private final CountDownLatch stopped = new CountDownLatch(1);

    JobClient open(String kind, ClusterOptions with) {
        options = with;
        calls.add(kind);
        open++;
        return new Client();
    }

    ClusterAdmin admin(ClusterOptions with) {
        options = with;
        open++;
        return new ClusterAdmin() {
            @Override
            public void init(TopicPlan topics, Consumer<String> report) {
                plan = topics;
                report.accept("made millrace.pairs");
            }

            @Override
            public List<Finding> diagnose(Collection<ClusterRole> asked) {
                roles.addAll(asked);
                return findings;
            }

            @Override
            public void close() {
                open--;
            }
        };
    }

    /** What is asked of continuous jobs; they hold {@link #counts}, all in one document. */
    ContinuousClient continuous(String kind, ClusterOptions with, ContinuousOpener.Home where) {
        options = with;
        home = where;
        calls.add(kind);
        open++;
        return new Continuous();
    }

    private final class Continuous implements ContinuousClient {
        @Override
        public void run(String name, TextRules rules, Feed from, boolean mappersOnly, ContinuousListener listener) {
            calls.add("drive " + name + (mappersOnly ? " by mappers only" : ""));
            feed = from;
            listener.opened(JOB, false);
            listener.status(new ContinuousStatus(1, 5, 7, 2, 3, 1, 0, 12));
            duringRun.run();
            if (failure != null) {
                throw failure;
            }
            if (forever) {
                running.countDown();
                try {
                    stopped.await();
                } catch (InterruptedException e) {
                    throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
                }
                throw new MillraceException(ExitCode.INTERRUPTED, "interrupted");
            }
        }

        @Override
        public boolean stop() {
            boolean isFirst = stoppable && stopped.getCount() > 0;
            if (isFirst) {
                calls.add("stop");
                stopped.countDown();
            }
            return isFirst;
        }

        @Override
        public @Nullable DriverStatus driver(String name) {
            return status;
        }

        @Override
        public LiveTable live(String name) {
            calls.add("live " + name);
            return new LiveTable() {
                @Override
                public void catchUp() {}

                @Override
                public boolean poll(Duration patience) {
                    duringPoll.run();
                    if (failure != null) {
                        throw failure;
                    }
                    return false;
                }

                @Override
                @SuppressWarnings("NullAway") // does not see that a record of a class file takes null
                public View view(int top) {
                    return new View(
                            counts.size(),
                            counts.values().stream().mapToLong(Long::longValue).sum(),
                            counts.entrySet().stream()
                                    .sorted(Map.Entry.<String, Long>comparingByValue()
                                            .reversed())
                                    .limit(top)
                                    .map(each -> new WordCount(each.getKey(), each.getValue()))
                                    .toList(),
                            status,
                            brokerAwayMillis,
                            lagMillis);
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public Map<String, Long> counts(String name, List<String> words) {
            calls.add("counts " + name);
            Map<String, Long> asked = new LinkedHashMap<>();
            words.forEach(word -> asked.put(word, counts.getOrDefault(word, 0L)));
            return asked;
        }

        @Override
        public Holders holders(String name, String word) {
            calls.add("holders " + name);
            return new Holders(
                    word, 3, List.of(new Holders.Holder("a%0Ab", "a\\nb", 2), new Holders.Holder("c", "c", 1)));
        }

        @Override
        public Snapshot snapshot(String name, Duration patience) {
            calls.add("snapshot " + name + " " + patience);
            ResultTable table = Words.table(counts);
            JobSpec job = new JobSpec(
                    JOB,
                    name,
                    JobKind.CONTINUOUS,
                    new TextRules("unicode", 1, List.of("the")),
                    new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1),
                    4,
                    "id",
                    16,
                    4,
                    false,
                    0,
                    0,
                    1_000_000_000_000L);
            DocumentEntry entry = new DocumentEntry(
                    "0@7",
                    40,
                    0,
                    List.of(new DocumentEntry.Part(
                            new TextHash(0, 0xbeef), BlockPosition.NONE, table.total(), TextStats.NONE)));
            return new Snapshot(
                    job, 0xabcL, table, table.total(), Map.of("doc", entry), List.of("bad: it is a folder"));
        }

        @Override
        public String bootstrapServers() {
            return "k:1";
        }

        @Override
        public void close() {
            open--;
            whileClosing.run();
        }
    }

    private final class Client implements JobClient {
        @Override
        public JobResult run(JobRequest asked, JobListener listener) {
            request = asked;
            calls.add("run");
            return go(listener);
        }

        @Override
        public JobResult attach(JobId job, JobListener listener) {
            calls.add("attach " + job);
            return go(listener);
        }

        private JobResult go(JobListener listener) {
            if (hasOpened) {
                listener.opened(JOB);
            }
            during.accept(listener);
            if (failure != null) {
                throw failure;
            }
            if (forever) {
                running.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    throw new MillraceException(ExitCode.INTERRUPTED, "interrupted", e);
                }
            }
            return result();
        }

        @Override
        public List<JobRecord> list() {
            JobSpec spec = new JobSpec(
                    JOB,
                    "a\u001b[31mname",
                    JobKind.BATCH,
                    new TextRules("unicode", 1, List.of("the")),
                    new InputSpec(List.of("docs"), List.of(), List.of(), false, 1),
                    16,
                    "id",
                    64,
                    4,
                    false,
                    0,
                    0,
                    1_000_000_000_000L);
            JobSpec continuous = new JobSpec(
                    CONTINUOUS,
                    "wiki",
                    JobKind.CONTINUOUS,
                    spec.rules(),
                    new InputSpec(List.of("topic:docs"), List.of(), List.of(), false, 1),
                    16,
                    "id",
                    16,
                    4,
                    false,
                    0,
                    0,
                    1_000_000_000_000L);
            return List.of(JobRecord.open(spec).seal(12, 34, ""), JobRecord.open(continuous));
        }

        @Override
        public void cancel(JobId job) {
            calls.add("cancel " + job);
        }

        @Override
        public void close() {
            open--;
            whileClosing.run();
        }
    }

    private JobResult result() {
        ResultTable table = Words.table(counts);
        PartitionTotal total = table.total();
        PartitionTotal mapped = conserved ? total : total.plus(new PartitionTotal(1, 1));
        return new JobResult(
                table,
                new Receipt(
                        JOB.toString(),
                        "docs",
                        "0.1.0",
                        "unicode",
                        1,
                        0,
                        4,
                        123_456,
                        123_456,
                        table.size(),
                        4,
                        5,
                        1,
                        0,
                        2,
                        0,
                        mapped,
                        total,
                        total,
                        1,
                        16,
                        List.of(),
                        List.of("a pipe"),
                        2_000));
    }
}
