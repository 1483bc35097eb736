package dev.millrace.driver.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.JobRequest;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.wire.ReceiptJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountCommandTest {
    @TempDir
    Path folder;

    @Test
    void countsWithTheDefaults() {
        Run run = new Run().go("count", "docs", "more");
        assertThat(run.code).isZero();
        assertThat(run.out()).isEqualTo("\nTOP 20 WORDS BY FREQUENCY\n\nmill :     3\nrace :     2\n");
        assertThat(run.err()).isEqualTo("""
                4 files, 123.5 kB: 5 tokens, 2 distinct words
                4 tasks in 2.00 s, 0.1 MB/s; digest %s, the same mapped, reduced and collected
                1 task run again; 1 notice on inputs, as in the receipt; 2 invalid UTF-8 sequences
                """.formatted(run.err().replaceFirst("(?s).*digest ([0-9a-f]{16}),.*", "$1")));
        JobRequest request = requireNonNull(run.cluster.request);
        assertThat(request.input().paths()).containsExactly("docs", "more");
        assertThat(request.input().chunkBytes()).isEqualTo(33_554_432);
        assertThat(request.name()).isEqualTo("docs and 1 more");
        assertThat(request.rules().profile()).isEqualTo("unicode");
        assertThat(run.cluster.calls).containsExactly("embedded", "run");
        assertThat(run.cluster.open).isZero();
        ClusterOptions options = requireNonNull(run.cluster.options);
        assertThat(options).isEqualTo(new ClusterOptions(null, Map.of(), "millrace.", Map.of(), 0, 0, ""));
    }

    /** A driver in a container ended with 3, which says that there is no such job, and Java wrote into the table. */
    @Test
    void outOfMemorySaysHowToGetMore() {
        Run run = new Run();
        run.cluster.during = listener -> {
            throw new OutOfMemoryError("Java heap space");
        };
        assertThat(run.go("count", "docs").code).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .matches("millrace: out of memory \\(Java heap space\\) with a heap of \\d+ MiB: give more with"
                        + " MILLRACE_JAVA_OPTS=-Xmx4g, or, in a container, by its memory limit\n");
        assertThat(run.cluster.open).isZero();
        Run wrapped = new Run();
        wrapped.cluster.failure = new CompletionException(new OutOfMemoryError("Java heap space"));
        assertThat(wrapped.go("count", "docs").err()).isEqualTo(run.err());
    }

    @Test
    void takesEveryOption() throws IOException {
        Path config =
                Files.writeString(folder.resolve("client.properties"), "a=file\nb = file \nbootstrap.servers=no:1");
        Path stop = Files.writeString(folder.resolve("stop"), "\ufeffThe # comment\n  or\tand\n\n# all\n");
        Run run = new Run()
                .go(
                        "count",
                        "--include",
                        "*.txt",
                        "--include=*.md",
                        "--exclude",
                        "x{a,b}",
                        "--follow",
                        "--chunk-size",
                        "16MiB",
                        "--profile",
                        "pymotw",
                        "--stop-words",
                        stop.toString(),
                        "--name",
                        "n",
                        "--window",
                        "7",
                        "--max-attempts",
                        "2",
                        "--skip-failed",
                        "--root",
                        "data=" + folder,
                        "--bootstrap-server",
                        "k:9092",
                        "--command-config",
                        config.toString(),
                        "--command-property",
                        "b=prop=erty",
                        "--topic-prefix",
                        "p.",
                        "--top",
                        "1",
                        "--format",
                        "TSV",
                        "-q",
                        "--timeout",
                        "1h",
                        "-",
                        "@x",
                        "${sys:user.home}");
        assertThat(run.err()).isEmpty();
        assertThat(run.code).isZero();
        assertThat(run.out()).isEqualTo("mill\t3\n");
        JobRequest request = requireNonNull(run.cluster.request);
        assertThat(request.input().paths()).containsExactly("-", "@x", "${sys:user.home}");
        assertThat(request.input().includes()).containsExactly("*.txt", "*.md");
        assertThat(request.input().excludes()).containsExactly("x{a,b}");
        assertThat(request.input().followLinks()).isTrue();
        assertThat(request.input().chunkBytes()).isEqualTo(16 << 20);
        assertThat(request.rules().profile()).isEqualTo("pymotw");
        assertThat(request.rules().stopWords()).containsExactly("the", "or", "and");
        assertThat(request.name()).isEqualTo("n");
        assertThat(request.window()).isEqualTo(7);
        assertThat(request.maxAttempts()).isEqualTo(2);
        assertThat(request.skipFailed()).isTrue();
        assertThat(run.cluster.options)
                .isEqualTo(new ClusterOptions(
                        "k:9092",
                        Map.of("a", "file", "b", "prop=erty"),
                        "p.",
                        Map.of("data", folder),
                        0,
                        0,
                        " --bootstrap-server k:9092 --command-config " + config
                                + " --topic-prefix p. --command-property b=... --root data=" + folder));
        assertThat(run.cluster.calls).containsExactly("kafka", "run");
        assertThat(requireNonNull(run.cluster.options).toString())
                .contains("k:9092")
                .doesNotContain("prop=erty");
    }

    @Test
    void theEmbeddedClusterTakesThreadsAndPartitions() {
        Run run = new Run().go("count", "--threads", "3", "--partitions", "5", "docs");
        assertThat(requireNonNull(run.cluster.options).threads()).isEqualTo(3);
        assertThat(requireNonNull(run.cluster.options).partitions()).isEqualTo(5);
        Run other = new Run().go("count", "--threads", "3", "--bootstrap-server", "k:1", "docs");
        assertThat(other.code).isEqualTo(2);
        Run shared = new Run().with("MILLRACE_THREADS", "3").go("count", "--bootstrap-server", "k:1", "docs");
        assertThat(shared.code).as("the environment may be shared with mappers").isZero();
    }

    @Test
    void stopWords() {
        assertThat(stopWords("count", "docs")).isEmpty();
        assertThat(stopWords("count", "--profile", "pymotw", "docs")).containsExactly("the", "rst");
        assertThat(stopWords("count", "--profile", "pymotw", "--stop-words", "none", "docs"))
                .isEmpty();
        assertThat(stopWords("count", "--stop-words", "english", "docs")).containsExactly("the", "and");
        Run missing = new Run().go("count", "--stop-words", "/nowhere", "docs");
        assertThat(missing.code).isEqualTo(2);
        assertThat(missing.err())
                .isEqualTo("millrace: cannot read --stop-words '/nowhere': there is no such file; it is a file,"
                        + " 'english' or 'none'\n");
    }

    private static List<String> stopWords(String... args) {
        return requireNonNull(new Run().go(args).cluster.request).rules().stopWords();
    }

    @Test
    void writesFilesAndTheReceipt() throws IOException {
        Path output = folder.resolve("counts.csv");
        Path receipt = folder.resolve("receipt.json");
        Run run = new Run()
                .go("count", "--format=csv", "--output", output.toString(), "--receipt", receipt.toString(), "docs");
        assertThat(run.code).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(output).hasContent("word,count\nmill,3\nrace,2\n");
        try (var in = Files.newInputStream(receipt)) {
            ReceiptJson.Written read = ReceiptJson.read(in);
            assertThat(read.receipt().files()).isEqualTo(4);
            assertThat(read.unicodeVersion()).isEqualTo("16.0.0");
        }
    }

    @Test
    void findsOutBeforeTheJobThatAFileCannotBeWritten() {
        for (String option : List.of("--output", "--receipt")) {
            Run run = new Run().go("count", option, folder.resolve("no/where").toString(), "docs");
            assertThat(run.code).isEqualTo(1);
            assertThat(run.err()).startsWith("millrace: cannot write '").contains("there is no folder");
            assertThat(run.cluster.calls).isEmpty();
        }
        String same = folder.resolve("same").toString();
        Run run = new Run().go("count", "--output", same, "--receipt", same, "docs");
        assertThat(run.code).isEqualTo(2);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void anEmptyResultIsNoFailure() {
        Run run = new Run();
        run.cluster.counts = Map.of();
        run.go("count", "docs");
        assertThat(run.code).isZero();
        assertThat(run.out()).isEqualTo("\nTOP 20 WORDS BY FREQUENCY\n\nno words\n");
    }

    @Test
    void aReaderThatHasSeenEnoughEndsQuietly() {
        Run run = new Run();
        run.cluster.counts = new LinkedHashMap<>();
        for (int i = 0; i < 100_000; i++) {
            run.cluster.counts.put("word" + i, 1L);
        }
        run.out = failing("Broken pipe");
        run.go("count", "--format", "tsv", "-q", "docs");
        assertThat(run.code).isZero();
        assertThat(run.err()).isEmpty();
    }

    @Test
    void aFullDiskBehindStandardOutputIsAFailure() {
        Run run = new Run();
        run.out = failing("No space left on device");
        run.go("count", "docs");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err()).isEqualTo("millrace: cannot write to standard output: No space left on device\n");
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }

    @Test
    void printsNothingThatDoesNotAddUp() throws IOException {
        Path output = folder.resolve("counts.tsv");
        Run run = new Run();
        run.cluster.conserved = false;
        run.go("count", "--output", output.toString(), "docs");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(output).doesNotExist();
        assertThat(run.err()).contains("do not add up");
    }

    @Test
    void aFailureIsOneLineAndItsExitCode() {
        for (ExitCode code : ExitCode.values()) {
            Run run = new Run();
            run.cluster.failure = new MillraceException(code, "no file 'a\nb\u001b[2J'");
            run.go("count", "docs");
            assertThat(run.code).isEqualTo(code.code());
            assertThat(run.err()).isEqualTo("millrace: no file 'a\\nb\\u001b[2J'\n");
            assertThat(run.cluster.open).isZero();
        }
    }

    @Test
    void anInternalErrorShowsItsTraceToThoseWhoAsk() {
        Run run = new Run();
        run.cluster.failure = new IllegalStateException("lost");
        run.go("count", "docs");
        assertThat(run.code).isEqualTo(1);
        assertThat(run.err())
                .isEqualTo("millrace: internal error, IllegalStateException: lost (MILLRACE_DEBUG=1 prints where)\n");
        Run debug = new Run().with("MILLRACE_DEBUG", "1");
        debug.cluster.failure = run.cluster.failure;
        assertThat(debug.go("count", "docs").err()).contains("\tat dev.millrace");
        Run verbose = new Run();
        verbose.cluster.failure = run.cluster.failure;
        assertThat(verbose.go("count", "-v", "docs").err()).contains("\tat dev.millrace");
    }
}
