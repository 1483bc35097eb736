package dev.millrace.driver.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.JobRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class EnvironmentTest {
    @TempDir
    Path folder;

    @Test
    void standsInForEveryOptionOfCount() throws IOException {
        Path config = Files.writeString(folder.resolve("client.properties"), "a=file\nb=file");
        Path output = folder.resolve("out");
        Path receipt = folder.resolve("receipt");
        Map<String, String> values = Map.ofEntries(
                Map.entry("MILLRACE_INCLUDE", "*.txt\n*.md\n"),
                Map.entry("MILLRACE_EXCLUDE", "a,b;c"),
                Map.entry("MILLRACE_FOLLOW", "yes"),
                Map.entry("MILLRACE_CHUNK_SIZE", "4k"),
                Map.entry("MILLRACE_PROFILE", "pymotw"),
                Map.entry("MILLRACE_STOP_WORDS", "english"),
                Map.entry("MILLRACE_TOP", "1"),
                Map.entry("MILLRACE_FORMAT", "tsv"),
                Map.entry("MILLRACE_OUTPUT", output.toString()),
                Map.entry("MILLRACE_RECEIPT", receipt.toString()),
                Map.entry("MILLRACE_NAME", "n"),
                Map.entry("MILLRACE_WINDOW", "9"),
                Map.entry("MILLRACE_MAX_ATTEMPTS", "8"),
                Map.entry("MILLRACE_SKIP_FAILED", "1"),
                Map.entry("MILLRACE_ROOT", "data=" + folder),
                Map.entry("MILLRACE_BOOTSTRAP_SERVER", "env:1"),
                Map.entry("MILLRACE_COMMAND_CONFIG", config.toString()),
                Map.entry("MILLRACE_COMMAND_PROPERTY", "b=x;y,z\nc=3"),
                Map.entry("MILLRACE_TOPIC_PREFIX", "p."),
                Map.entry("MILLRACE_THREADS", "2"),
                Map.entry("MILLRACE_PARTITIONS", "3"),
                Map.entry("MILLRACE_VERBOSE", "false"),
                Map.entry("MILLRACE_QUIET", "on"),
                Map.entry("MILLRACE_TIMEOUT", "2h"));
        Run run = new Run();
        run.environment.putAll(values);
        run.go("count", "docs");
        assertThat(run.err()).isEmpty();
        assertThat(run.code).isZero();
        assertThat(output).hasContent("mill\t3\n");
        assertThat(receipt).exists();
        JobRequest request = requireNonNull(run.cluster.request);
        assertThat(request.input().includes()).containsExactly("*.txt", "*.md");
        assertThat(request.input().excludes()).containsExactly("a,b;c");
        assertThat(request.input().followLinks()).isTrue();
        assertThat(request.input().chunkBytes()).isEqualTo(4096);
        assertThat(request.rules().profile()).isEqualTo("pymotw");
        assertThat(request.rules().stopWords()).containsExactly("the", "and");
        assertThat(request.name()).isEqualTo("n");
        assertThat(request.window()).isEqualTo(9);
        assertThat(request.maxAttempts()).isEqualTo(8);
        assertThat(request.skipFailed()).isTrue();
        assertThat(run.cluster.options)
                .isEqualTo(new ClusterOptions(
                        "env:1",
                        Map.of("a", "file", "b", "x;y,z", "c", "3"),
                        "p.",
                        Map.of("data", folder),
                        2,
                        3,
                        " --bootstrap-server env:1 --command-config " + config
                                + " --topic-prefix p. --command-property b=... --command-property c=... --root data="
                                + folder));

        Set<String> variables = new HashSet<>();
        CommandLine count = requireNonNull(
                new Run().cli().commandLine("count").getSubcommands().get("count"));
        for (OptionSpec option : count.getCommandSpec().options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                variables.add(Environment.variable(option.longestName()));
            }
        }
        assertThat(values.keySet()).as("an option this test does not know").containsAll(variables);
    }

    /** It was passed over. */
    @Test
    void rolesThatDoctorLooksForMayComeFromThere() {
        Run run = new Run().with("MILLRACE_ROLE", "mapper,setup");
        run.go("doctor", "--bootstrap-server", "k:1");
        assertThat(run.cluster.roles).containsExactly(ClusterRole.MAPPER, ClusterRole.SETUP);
        Run given = new Run().with("MILLRACE_ROLE", "mapper");
        given.go("doctor", "--bootstrap-server", "k:1", "--role", "reducer");
        assertThat(given.cluster.roles).containsExactly(ClusterRole.REDUCER);
        Run wrong = new Run().with("MILLRACE_ROLE", "mapper,miller");
        wrong.go("doctor", "--bootstrap-server", "k:1");
        assertThat(wrong.code).isEqualTo(2);
        assertThat(wrong.err()).contains("miller", "MILLRACE_ROLE");
    }

    @Test
    void theCommandLineWins() throws IOException {
        Run run = new Run()
                .with("MILLRACE_BOOTSTRAP_SERVER", "env:1")
                .with("MILLRACE_INCLUDE", "env")
                .with("MILLRACE_FOLLOW", "true")
                .with("MILLRACE_SKIP_FAILED", "true")
                .with("MILLRACE_FORMAT", "json")
                .with("MILLRACE_TOP", "1")
                .with("MILLRACE_VERBOSE", "1")
                .with("MILLRACE_COMMAND_PROPERTY", "a=env")
                .go(
                        "count",
                        "--bootstrap-server",
                        "flag:1",
                        "--include",
                        "flag",
                        "--follow",
                        "--no-skip-failed",
                        "--format",
                        "tsv",
                        "--top",
                        "2",
                        "-q",
                        "--command-property",
                        "b=flag",
                        "docs");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("mill\t3\nrace\t2\n");
        JobRequest request = requireNonNull(run.cluster.request);
        assertThat(request.input().includes()).containsExactly("flag");
        assertThat(request.input().followLinks()).as("on twice is on").isTrue();
        assertThat(request.skipFailed()).isFalse();
        assertThat(requireNonNull(run.cluster.options).bootstrapServers()).isEqualTo("flag:1");
        assertThat(requireNonNull(run.cluster.options).properties()).isEqualTo(Map.of("b", "flag"));
    }

    @Test
    void theFileIsLast() throws IOException {
        Path config = Files.writeString(folder.resolve("c"), "bootstrap.servers=file:1");
        String[] args = {"list", "--command-config", config.toString()};
        assertThat(requireNonNull(new Run().go(args).cluster.options).bootstrapServers())
                .isEqualTo("file:1");
        Run both = new Run().with("MILLRACE_BOOTSTRAP_SERVER", "env:1").go(args);
        assertThat(requireNonNull(both.cluster.options).bootstrapServers()).isEqualTo("env:1");
        assertThat(requireNonNull(both.cluster.options).properties()).isEmpty();
    }

    @Test
    void anEmptyVariableIsNone() {
        Run run = new Run()
                .with("MILLRACE_BOOTSTRAP_SERVER", "")
                .with("MILLRACE_TOP", "")
                .with("MILLRACE_FOLLOW", "")
                .with("MILLRACE_INCLUDE", "")
                .go("count", "docs");
        assertThat(run.code).isZero();
        assertThat(run.cluster.calls).containsExactly("embedded", "run");
    }

    @Test
    void aWrongVariableIsNamed() {
        Run number = new Run().with("MILLRACE_TOP", "many").go("count", "docs");
        assertThat(number.code).isEqualTo(2);
        assertThat(number.err()).contains("--top").contains("(from MILLRACE_TOP)");
        Run flag = new Run().with("MILLRACE_FOLLOW", "maybe").go("count", "docs");
        assertThat(flag.code).isEqualTo(2);
        assertThat(flag.err()).contains("MILLRACE_FOLLOW must be true or false, not 'maybe'");
        Run typed = new Run().with("MILLRACE_TOP", "1").go("count", "--top", "many", "docs");
        assertThat(typed.err()).contains("--top").doesNotContain("MILLRACE_TOP");
    }
}
