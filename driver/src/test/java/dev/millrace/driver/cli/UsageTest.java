package dev.millrace.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

class UsageTest {
    private static final String JOB = FakeCluster.JOB.toString();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "count | Missing required parameter: 'PATH'",
                "count --tp 3 docs | Unknown option: '--tp'",
                "count --top 0 docs | --top must be at least 1, not 0",
                "count --top 9999999999 docs | '9999999999' is not an int",
                "count --format xml docs | there is no format 'xml'; there are table, tsv, csv and json",
                "count --chunk-size 0 docs | a size must be at least 1 byte",
                "count --chunk-size 1x docs | '1x' is not a size such as 16MiB, 32m or 1048576",
                "count --chunk-size 9999999999g docs | is too large",
                "count --window 0 docs | --window must be at least 1",
                "count --max-attempts -1 docs | --max-attempts must be at least 1",
                "count --profile python docs | there is no text profile 'python'; there are unicode, pymotw",
                "count --timeout soon docs | 'soon' is not a time such as 90s, 10m or 2h",
                "count --command-property hunter2 docs | --command-property number 1 has no '='",
                "count --root data=/no/where docs | --root data: there is no folder '/no/where'",
                "count --root =/ docs | --root number 1 has no '=' behind a name",
                "count -v -q docs | -v and -q exclude each other",
                "count - - | standard input, '-', can be counted only once",
                "attach 00112233445566aa | 'attach' works on a cluster: give --bootstrap-server HOST:PORT",
                "list | 'list' works on a cluster",
                "watch | Missing required parameter: 'DIR'",
                "watch /no/where | there is no folder '/no/where'",
                "watch --top -1 . | --top must be at least 0, not -1",
                "watch --port 9092 --bootstrap-server k:1 . | --port is for the embedded cluster",
                "watch --data-dir d --bootstrap-server k:1 . | --data-dir is for the embedded cluster",
                "watch --data-dir ./new/broker . | the broker would keep its files in",
                "watch / | give it a folder outside of that with --data-dir",
                "stream | what to count is missing: --from-topic TOPIC, or '-' for standard input",
                "stream docs | 'stream' reads standard input, '-', or a topic",
                "stream - --from-topic docs | standard input, '-', and --from-topic exclude each other",
                "stream --from-topic a/b | 'a/b' cannot be the name of a topic",
                "stream --from-topic .. | '..' cannot be the name of a topic",
                "stream --from-topic docs --files no/such/folder | --files: there is no folder 'no/such/folder'",
                "stream --from-topic docs --files . --max-document-size 1GiB | --max-document-size may be 512MiB at most",
                "stream - --files . | --files is for the documents of a topic",
                "stream --from-topic docs --delimiter x --bootstrap-server k:1 | --delimiter is for standard input",
                "top | 'top' works on a cluster",
                "top --top 0 --bootstrap-server k:1 | --top must be at least 1, not 0",
                "get | Missing required parameter: 'WORD'",
                "get mill | 'get' works on a cluster",
                "why | Missing required parameter: 'WORD'",
                "why a b | Unmatched argument at index 2: 'b'",
                "why --top 0 --bootstrap-server k:1 mill | --top must be at least 1, not 0",
                "snapshot | 'snapshot' works on a cluster",
                "snapshot --timeout never --bootstrap-server k:1 | 'never' is not a time",
                "diff a | Missing required parameter: 'B'",
                "doctor | 'doctor' works on a cluster",
                "init --bootstrap-server k:1 --partitions -2 | must be at least 1",
            })
    void wrongUseIsExplained(String args, String message) {
        Run run = new Run().go(args.split(" ", -1));
        assertThat(run.code).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("millrace: ").contains(message).doesNotContain("hunter2");
        assertThat(run.err().lines().reduce("", (first, last) -> last))
                .isEqualTo("Try 'millrace " + args.split(" ", -1)[0] + " --help'");
        assertThat(run.cluster.calls).isEmpty();
    }

    @Test
    void suggestsWhatMayBeMeant() {
        Run command = new Run().go("coutn", "docs");
        assertThat(command.code).isEqualTo(2);
        assertThat(command.err())
                .isEqualTo("millrace: there is no command 'coutn'\nDid you mean count?\nTry 'millrace --help'\n");
        assertThat(new Run().go("count", "--bootstrap-servers", "k:1", "docs").err())
                .contains("Did you mean --bootstrap-server?");
        assertThat(new Run().go("count", "--formt=csv", "docs").err()).contains("Did you mean --format?");
        assertThat(new Run().go("count", "--boot", "docs").err()).contains("Did you mean --bootstrap-server?");
        assertThat(new Run().go("count", "--zzz", "docs").err()).doesNotContain("Did you mean");
        Run none = new Run().go();
        assertThat(none.code).isEqualTo(2);
        assertThat(none.err()).isEqualTo("millrace: a command is needed\nTry 'millrace --help'\n");
    }

    @Test
    void withoutAnEmbeddedClusterCountNeedsBrokers() {
        Run run = new Run();
        run.hasEmbedded = false;
        run.go("count", "docs");
        assertThat(run.code).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("millrace: this program has no embedded cluster: give --bootstrap-server HOST:PORT\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "count",
                "watch",
                "stream",
                "top",
                "get",
                "why",
                "snapshot",
                "attach",
                "list",
                "status",
                "cancel",
                "init",
                "doctor"
            })
    void everyCommandHasHelp(String command) {
        Run run = new Run().with("COLUMNS", "100").go(command, "--help");
        assertThat(run.code).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .startsWith("Usage: millrace " + command)
                .contains("--bootstrap-server", "Exit codes:", "  130   interrupted")
                .doesNotContain("\u001b[");
        assertThat(run.out().lines()).allMatch(line -> line.length() <= 100);
        Run same = new Run().with("COLUMNS", "100").go("help", command);
        assertThat(same.out()).isEqualTo(run.out());
        assertThat(new Run().go(command, "--version").out()).isEqualTo("Millrace 1.2.3\n");
    }

    @Test
    void theHelpOfAllNamesPlugins() {
        Run run = new Run();
        run.plugins.add(new Broker());
        run.go("--help");
        assertThat(run.code).isZero();
        assertThat(run.out()).contains("count ", "doctor ", "broker    Runs a broker.");
        assertThat(new Run().go("--version").out()).isEqualTo("Millrace 1.2.3\n");
    }

    @Test
    void aPluginIsACommandLikeAnyOther() {
        Run run = new Run().with("MILLRACE_PORT", "7");
        run.plugins.add(new Broker());
        assertThat(run.go("broker", "--bootstrap-server", "k:1").code).isEqualTo(7);
        Run wrong = new Run();
        wrong.plugins.add(new Broker());
        assertThat(wrong.go("broker", "--prot", "7").code).isEqualTo(2);
        assertThat(wrong.err()).contains("Did you mean --port?");
    }

    private static final class Broker implements CommandPlugin {
        @Override
        public String name() {
            return "broker";
        }

        @Override
        public Object command(Terminal terminal) {
            return new BrokerCommand(terminal);
        }
    }

    @Command(name = "broker", description = "Runs a broker.")
    private static final class BrokerCommand implements Callable<Integer> {
        @Option(names = "--port")
        private int port;

        @Mixin
        private final ClusterArguments cluster;

        BrokerCommand(Terminal terminal) {
            cluster = new ClusterArguments(terminal);
        }

        @Override
        public Integer call() {
            return cluster.clusterOptions().isEmbedded() ? 99 : port;
        }
    }

    @Test
    void jobs() {
        Run list = new Run().go("list", "--bootstrap-server", "k:1");
        assertThat(list.code).isZero();
        assertThat(list.out().lines().skip(1))
                .containsExactly(
                        JOB + "  batch       sealed          12         34  2001-09-09T01:46:40Z  a\\u001b[31mname",
                        FakeCluster.CONTINUOUS
                                + "  continuous  open             -          -  2001-09-09T01:46:40Z  wiki");
        Run status = new Run().go("status", "--bootstrap-server", "k:1", JOB);
        assertThat(status.code).isZero();
        assertThat(status.out()).contains("state       sealed", "profile     unicode version 1, 1 stop word");
        Run none = new Run().go("status", "--bootstrap-server", "k:1", "ffffffffffffffff");
        assertThat(none.code).isEqualTo(3);
        Run cancel = new Run().go("cancel", "--bootstrap-server", "k:1", JOB);
        assertThat(cancel.code).isZero();
        assertThat(cancel.cluster.calls).containsExactly("kafka", "cancel " + JOB);
        Run named = new Run().go("cancel", "--bootstrap-server", "k:1", "wiki");
        assertThat(named.cluster.calls).containsExactly("kafka", "cancel " + FakeCluster.CONTINUOUS);
        assertThat(new Run().go("status", "--bootstrap-server", "k:1", "wiki").out())
                .contains("kind        continuous", "sources     topic:docs")
                .doesNotContain("files");
        Run nowhere = new Run().go("attach", "--bootstrap-server", "k:1", "12");
        assertThat(nowhere.code).isEqualTo(3);
        assertThat(nowhere.err()).contains("there is no job 12, neither by id nor");
        assertThat(new Run().go("attach", "--bootstrap-server", "k:1", "wiki").cluster.calls)
                .containsExactly("kafka", "attach " + FakeCluster.CONTINUOUS);
        Run attach = new Run().go("attach", "--bootstrap-server", "k:1", "--format", "tsv", JOB);
        assertThat(attach.cluster.calls).containsExactly("kafka", "attach " + JOB);
        assertThat(attach.out()).isEqualTo("mill\t3\nrace\t2\n");
        assertThat(List.of(list, status, none, cancel, attach)).allMatch(run -> run.cluster.open == 0);
    }

    @Test
    void initMakesWhatIsMissing() {
        Run run = new Run().go("init", "--bootstrap-server", "k:1", "--partitions", "32", "--replication-factor", "3");
        assertThat(run.code).isZero();
        assertThat(run.out()).isEqualTo("made millrace.pairs\n");
        assertThat(run.cluster.plan).isEqualTo(new ClusterAdmin.TopicPlan(32, 3));
    }

    @Test
    void doctorFailsIfSomethingDoes() {
        Run fine = new Run();
        fine.cluster.findings.add(new Finding(Finding.Level.OK, "broker", "4.4.0", ""));
        fine.cluster.findings.add(new Finding(Finding.Level.WARN, "replication", "1", "use 3"));
        fine.go("doctor", "--bootstrap-server", "k:1");
        assertThat(fine.code).isZero();
        assertThat(fine.out()).isEqualTo("""
                OK    broker       4.4.0
                WARN  replication  1
                      -> use 3
                2 checks: 0 failed, 1 warning
                """);
        assertThat(fine.cluster.roles).containsExactly(ClusterRole.DRIVER, ClusterRole.MAPPER, ClusterRole.REDUCER);
        Run setup = new Run();
        assertThat(setup.go("doctor", "--bootstrap-server", "k:1", "--role", "setup,driver").code)
                .isZero();
        assertThat(setup.cluster.roles).containsExactly(ClusterRole.SETUP, ClusterRole.DRIVER);
        Run bad = new Run();
        bad.cluster.findings.add(new Finding(Finding.Level.FAIL, "transaction.version", "1", "raise it"));
        assertThat(bad.go("doctor", "--bootstrap-server", "k:1").code).isEqualTo(1);
    }
}
