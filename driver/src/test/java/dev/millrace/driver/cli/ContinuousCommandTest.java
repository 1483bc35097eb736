package dev.millrace.driver.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.DriverStatus;
import dev.millrace.job.Event;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ContinuousCommandTest {
    private static final String[] CLUSTER = {"--bootstrap-server", "k:1"};

    @TempDir
    Path folder;

    private static Run cluster(Run run, String... args) {
        String[] all = new String[args.length + 2];
        System.arraycopy(args, 0, all, 0, args.length);
        System.arraycopy(CLUSTER, 0, all, args.length, 2);
        return run.go(all);
    }

    private static Run cluster(String... args) {
        return cluster(new Run(), args);
    }

    @Test
    void aTopicIsStreamedOnACluster() {
        Run run = cluster("stream", "--from-topic", "docs", "--job", "wiki");
        assertThat(run.code).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo("job " + FakeCluster.JOB + " has begun\n" + "1 document  5 words  2 changes/s  4 waiting\n");
        assertThat(run.cluster.calls).containsExactly("kafka", "drive wiki");
        assertThat(run.cluster.feed).isEqualTo(new ContinuousClient.Topic("docs", null, 64 << 20));
        assertThat(run.cluster.open).isZero();
        assertThat(run.signal).as("signals are given back").isNull();
    }

    @Test
    void foldersAreWatchedOnAClusterOfTheirOwnWhoseTableIsShown() {
        Run run = new Run()
                .with("MILLRACE_INCLUDE", "*.md")
                .go(
                        "watch",
                        "--exclude",
                        "b",
                        "--data-dir",
                        "/d",
                        "--port",
                        "7",
                        "--follow",
                        "--max-document-size",
                        "3MiB",
                        folder.toString());
        assertThat(run.code).isZero();
        assertThat(run.cluster.calls).startsWith("embedded").contains("drive default", "live default");
        assertThat(run.cluster.feed)
                .isEqualTo(new ContinuousClient.Folders(List.of(folder), List.of("*.md"), List.of("b"), true, 3 << 20));
        assertThat(run.cluster.home).isEqualTo(new ContinuousOpener.Home(Path.of("/d"), 7));
        assertThat(run.out()).endsWith("5 words  2 distinct  0 changes/s\n\nmill :     3\nrace :     2\n\n");
        assertThat(run.err()).startsWith("the broker listens at k:1: give other commands --bootstrap-server k:1\n");
        assertThat(run.cluster.open).isZero();
        Run quiet = new Run().go("watch", "-q", "--top", "0", folder.toString());
        assertThat(quiet.out() + quiet.err()).isEmpty();
    }

    /** It stood still from then on, and nothing told why. */
    @Test
    void aLiveTableWithoutMemoryTellsThatItHasEnded() {
        Run run = new Run();
        CountDownLatch ended = new CountDownLatch(1);
        run.cluster.duringPoll = () -> {
            ended.countDown();
            throw new OutOfMemoryError("Java heap space");
        };
        run.cluster.duringRun = () -> {
            try {
                ended.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        };
        run.go("watch", folder.toString());
        assertThat(run.err())
                .contains("millrace: the live table has ended: out of memory (Java heap space) with a heap");
        assertThat(run.code).isZero();
    }

    @Test
    void mappersCountEvenTheSmallestTasksIfTheyAreTo() {
        assertThat(cluster("stream", "--from-topic", "docs", "--mappers-only").cluster.calls)
                .contains("drive default by mappers only");
        assertThat(cluster(new Run().with("MILLRACE_MAPPERS_ONLY", "true"), "stream", "--from-topic", "docs")
                        .cluster
                        .calls)
                .contains("drive default by mappers only");
    }

    @Test
    void aDocumentMayBeHalfAGibibyteAtMost() {
        Run most = new Run().go("watch", "--max-document-size", "512MiB", folder.toString());
        assertThat(most.code).isZero();
        Run more = new Run().go("watch", "--max-document-size", "513MiB", folder.toString());
        assertThat(more.code).isEqualTo(2);
        assertThat(more.err()).startsWith("millrace: --max-document-size may be 512MiB at most\n");
        assertThat(more.cluster.calls).isEmpty();
    }

    @Test
    void standardInputIsCutWhereTheDelimiterSays() {
        Run run = new Run().go("stream", "-", "--delimiter", "\\n--\\n");
        assertThat(run.code).isZero();
        assertThat(run.cluster.feed)
                .isInstanceOfSatisfying(
                        ContinuousClient.Lines.class,
                        lines -> assertThat(new String(lines.delimiter(), java.nio.charset.StandardCharsets.UTF_8))
                                .isEqualTo("\n--\n"));
    }

    @Test
    void ctrlCSaysHowToGoOn() throws InterruptedException {
        assertThat(interrupted("stream", "--from-topic", "docs", "--job", "my wiki", "--bootstrap-server", "k:1"))
                .endsWith("millrace: interrupted; the job my wiki keeps its counts. To go on: millrace stream"
                        + " --from-topic docs --job 'my wiki' --bootstrap-server k:1\n");
        String files = folder.toString();
        assertThat(interrupted("stream", "--from-topic", "docs", "--files", files, "--max-document-size", "200MiB"))
                .contains("the counts were thrown away");
        assertThat(interrupted("stream", "--from-topic", "docs", "--files", files, "--data-dir", "d"))
                .endsWith("To go on: millrace stream --from-topic docs --files " + files + " --data-dir d\n");
        assertThat(interrupted("watch", "--data-dir", "d", "--mappers-only", "--profile", "pymotw", folder.toString()))
                .endsWith("millrace: interrupted; the job default keeps its counts. To go on: millrace watch " + folder
                        + " --mappers-only --profile pymotw --data-dir d\n");
        assertThat(interrupted("stream", "--from-topic", "docs", "--data-dir", "d", "--port", "9092"))
                .endsWith("To go on: millrace stream --from-topic docs --data-dir d --port 9092\n");
        assertThat(interrupted("watch", folder.toString()))
                .endsWith("millrace: interrupted; the counts were thrown away with the temporary broker: --data-dir"
                        + " FOLDER keeps them\n");
    }

    private static String interrupted(String... args) throws InterruptedException {
        Run run = new Run();
        run.cluster.forever = true;
        Thread command = new Thread(() -> run.go(args), "command");
        command.start();
        run.cluster.running.await();
        requireNonNull(run.signal).run();
        command.join();
        assertThat(run.code).isEqualTo(130);
        assertThat(run.cluster.open).isZero();
        return run.err();
    }

    @Test
    void whoeverCancelsTheJobEndsItsDriverWithSix() {
        Run run = new Run();
        run.cluster.failure = new MillraceException(ExitCode.CANCELLED, "job x was cancelled");
        assertThat(cluster(run, "stream", "--from-topic", "docs").code).isEqualTo(6);
        assertThat(run.err()).endsWith("millrace: job x was cancelled\n");
    }

    @Test
    void topShowsWhatTheDriverSaidIfItSaidAnything() {
        Run run = new Run();
        run.cluster.status = status(1_000);
        assertThat(cluster(run, "top").out())
                .startsWith("4 documents  5 words  2 distinct  3 changes/s  fresh within 0.04 s  1 unreadable\n\n");
        Run json = new Run();
        json.cluster.counts = Map.of("mill", 3L);
        json.cluster.status = null;
        assertThat(cluster(json, "top", "--json").out())
                .isEqualTo("{\"documents\":null,\"tokens\":3,\"words\":1,\"changesPerSecond\":null,"
                        + "\"freshnessMillis\":null,\"waiting\":null,\"unreadable\":null,"
                        + "\"statusAgeMillis\":null,\"brokerAnswers\":true,"
                        + "\"top\":[{\"word\":\"mill\",\"count\":3}]}\n");
    }

    /** Counts that lagged for minutes were shown with the freshness of those that were published. */
    @Test
    void countsThatLagAreNoFresherThanThat() {
        Run run = new Run();
        run.cluster.status = status(1_000);
        run.cluster.lagMillis = 65_000;
        assertThat(cluster(run, "top").out()).contains("  fresh within " + Amounts.elapsed(65_000) + "  ");
        Run json = new Run();
        json.cluster.lagMillis = 65_000;
        assertThat(cluster(json, "top", "--json").out()).contains("\"freshnessMillis\":65000,");
    }

    private static DriverStatus status(long ageMillis) {
        return new DriverStatus(
                new Event.ContinuousStatus(FakeCluster.CONTINUOUS, 0, 4, 5, 9, 3, 0, 0, 1, 42, false), ageMillis);
    }

    /** Its last rates were shown as if they were those of now. */
    @Test
    void aDriverThatIsNotHeardOfIsCalledSilent() {
        Run top = new Run();
        top.cluster.status = status(180_000);
        assertThat(cluster(top, "top", "--top", "1").out())
                .isEqualTo("4 documents  5 words  2 distinct  driver silent\n\nmill :     3\n\n");
        Run never = new Run();
        never.cluster.status = null;
        assertThat(cluster(never, "top", "--top", "1").out())
                .isEqualTo("5 words  2 distinct  driver silent\n\nmill :     3\n\n");
        Run away = new Run();
        away.cluster.brokerAwayMillis = 4_000;
        assertThat(cluster(away, "top", "--top", "1").out())
                .isEqualTo("1 document  5 words  2 distinct  broker away\n\nmill :     3\n\n");
        Run json = new Run();
        json.cluster.status = status(180_000);
        assertThat(cluster(json, "top", "--json").out())
                .startsWith(
                        "{\"documents\":4,\"tokens\":5,\"words\":2,\"changesPerSecond\":null,\"freshnessMillis\":null,"
                                + "\"waiting\":null,\"unreadable\":null,\"statusAgeMillis\":180000,");
        String silent = "millrace: the driver of the job default has not been heard of for 3 min: ";
        for (String[] args : new String[][] {{"get", "mill"}, {"why", "mill"}, {"snapshot"}}) {
            Run run = new Run();
            run.cluster.status = status(180_000);
            assertThat(cluster(run, args).err()).startsWith(silent);
            assertThat(run.code).isZero();
            assertThat(cluster(args).err()).doesNotContain("heard of");
        }
        Run quiet = new Run();
        quiet.cluster.status = null;
        assertThat(cluster(quiet, "why", "-q", "mill").err()).isEmpty();
        Run status = new Run();
        status.cluster.status = status(180_000);
        assertThat(cluster(status, "status", "wiki").out()).endsWith("""
                        driver      silent: last heard of 3 min ago
                        documents   4
                        words       5
                        unreadable  1
                        """);
        Run running = new Run();
        running.cluster.status = status(2_000);
        assertThat(cluster(running, "status", "wiki").out()).endsWith("""
                        driver      runs: heard of 2 s ago
                        documents   4
                        words       5
                        unreadable  1
                        waiting     0
                        fresh       within 0.04 s
                        """);
    }

    /** It went on for ever. */
    @Test
    void topEndsWithSixWhenTheJobIsCancelledAndSoDoesItsDriverWhichSaysItOnce() {
        Run top = new Run();
        top.cluster.failure = new MillraceException(ExitCode.CANCELLED, "job x was cancelled");
        assertThat(cluster(top, "top", "--follow").code).isEqualTo(6);
        assertThat(top.err()).isEqualTo("millrace: job x was cancelled\n");
        Run driver = new Run();
        driver.cluster.failure = top.cluster.failure;
        assertThat(driver.go("watch", folder.toString()).code).isEqualTo(6);
        assertThat(driver.err()).containsOnlyOnce("cancelled");
    }

    @Test
    void getAndWhy() {
        Run get = cluster("get", "race", "none", "--job", "wiki");
        assertThat(get.code).isZero();
        assertThat(get.out()).isEqualTo("race\t2\nnone\t0\n");
        assertThat(get.cluster.calls).containsExactly("kafka", "counts wiki");
        assertThat(cluster("get", "--json", "race").out()).isEqualTo("[\n{\"word\":\"race\",\"count\":2}\n]\n");
        Run why = cluster("why", "mill");
        assertThat(why.out()).isEqualTo("2\ta\\nb\n1\tc\n");
        assertThat(why.err()).isEqualTo("mill: 3 occurrences in 2 documents\n");
        assertThat(cluster("why", "--top", "1", "-q", "mill").out()).isEqualTo("2\ta\\nb\n");
        assertThat(cluster("why", "--top", "1", "--json", "mill").out())
                .contains("\"count\" : 3", "\"documentCount\" : 2", "\"a%0Ab\"", "\"a\\\\nb\"")
                .doesNotContain("\"c\"");
    }

    @Test
    void aSnapshotAndItsReceipt() throws IOException {
        Path table = folder.resolve("t.tsv"), receipt = folder.resolve("r.json");
        Run run = cluster(
                "snapshot", "wiki", "--format", "tsv", "--output", table.toString(), "--receipt", receipt.toString());
        assertThat(run.code).isZero();
        assertThat(run.cluster.calls).containsExactly("kafka", "snapshot wiki PT1M");
        assertThat(table).hasContent("mill\t3\nrace\t2\n");
        assertThat(Files.readString(receipt))
                .contains(
                        "\"format\" : 1",
                        "\"name\" : \"wiki\"",
                        "\"barrier\" : \"0000000000000abc\"",
                        "\"unicodeVersion\" : \"16.0.0\"",
                        "\"words\" : 2",
                        "\"tokens\" : 5",
                        "\"id\" : \"doc\"",
                        "\"version\" : \"0@7\"",
                        "\"bytes\" : 40",
                        "\"0000000000000000000000000000beef\"",
                        "\"bad: it is a folder\"");
        assertThat(run.err())
                .startsWith("1 document: 5 tokens, 2 distinct words; digest ")
                .endsWith("millrace: in its last good version: bad: it is a folder\n");
        assertThat(cluster("snapshot", "--timeout", "5s").cluster.calls).contains("snapshot default PT5S");
    }

    /** A snapshot was taken of the default job, where all other commands went by MILLRACE_JOB. */
    @Test
    void aSnapshotGoesByTheJobOfTheEnvironmentToo() {
        Run run = new Run().with("MILLRACE_JOB", "wiki");
        assertThat(cluster(run, "snapshot").cluster.calls).containsExactly("kafka", "snapshot wiki PT1M");
        Run named = new Run().with("MILLRACE_JOB", "wiki");
        assertThat(cluster(named, "snapshot", "other").cluster.calls).containsExactly("kafka", "snapshot other PT1M");
    }

    /** It was refused beside an option that nobody had typed. */
    @Test
    void whatIsForTheEmbeddedClusterSaysWhatNamesAnother() throws IOException {
        String refused = "millrace: --data-dir is for the embedded cluster, without --bootstrap-server";
        Run environment =
                new Run().with("MILLRACE_BOOTSTRAP_SERVER", "k:1").go("watch", "--data-dir", "/d", folder.toString());
        assertThat(environment.code).isEqualTo(2);
        assertThat(environment.err()).startsWith(refused + " (from MILLRACE_BOOTSTRAP_SERVER)\n");
        Path file = Files.writeString(folder.resolve("client.properties"), "bootstrap.servers=k:1");
        Run config = new Run().go("watch", "--data-dir", "/d", "--command-config", file.toString(), folder.toString());
        assertThat(config.err())
                .startsWith(refused + " (bootstrap.servers of --command-config or --command-property)\n");
        assertThat(cluster("watch", "--data-dir", "/d", folder.toString()).err())
                .startsWith(refused + "\n");
        assertThat(new Run()
                        .with("MILLRACE_BOOTSTRAP_SERVER", "k:1")
                        .go("count", "--threads", "2", "docs")
                        .err())
                .contains("(from MILLRACE_BOOTSTRAP_SERVER)\n");
    }

    /** What a full disk did to the table was taken for the end of the job, which its driver tells. */
    @Test
    void aTableThatCannotBeWrittenIsNotLostWithoutAWord() throws InterruptedException {
        Run run = new Run();
        run.out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        run.cluster.forever = true;
        Thread command = new Thread(() -> run.go("watch", folder.toString()), "command");
        command.start();
        run.cluster.running.await();
        String ended = "millrace: the live table has ended: cannot write to standard output: No space left on device\n";
        while (!run.err().contains(ended) && !Thread.currentThread().isInterrupted()) { // by the time limit
            Thread.onSpinWait();
        }
        assertThat(run.err()).contains(ended);
        assertThat(command.isAlive()).as("the job goes on").isTrue();
        requireNonNull(run.signal).run();
        command.join();
        assertThat(run.code).isEqualTo(130);
    }

    @Test
    void diffOfTwoTables() throws IOException {
        Path a = Files.writeString(folder.resolve("a"), "mill\t3\nrace\t2\nwater\t1\n");
        Path b = Files.writeString(folder.resolve("b"), "wheel\t1\nmill\t3\nrace\t9\n");
        Run run = new Run().go("diff", a.toString(), b.toString());
        assertThat(run.code).isEqualTo(1);
        assertThat(run.out()).isEqualTo("race\t2\t9\t+7\nwater\t1\t0\t-1\nwheel\t0\t1\t+1\n");
        assertThat(run.err()).isEmpty();
        Run same = new Run().go("diff", a.toString(), a.toString());
        assertThat(same.code).isZero();
        assertThat(same.out()).isEmpty();
        Path no = Files.writeString(folder.resolve("no"), "mill\t3\nrace 2\n");
        Run wrong = new Run().go("diff", a.toString(), no.toString());
        assertThat(wrong.code).isEqualTo(2);
        assertThat(wrong.err())
                .isEqualTo("millrace: cannot read '" + no + "': line 2 is not a word, a tab and a count\n");
        assertThat(new Run().go("diff", a.toString(), "/no/b").err())
                .isEqualTo("millrace: cannot read '/no/b': there is no such file\n");
        Path twice = Files.writeString(folder.resolve("twice"), "mill\t3\nmill\t4\n");
        assertThat(new Run().go("diff", twice.toString(), a.toString()).err())
                .contains("line 2 names a word for the second time");
        assertThat(new Run().go("diff", "--help").out()).contains("0 when there is none, and 1 when there is one");
    }
}
