package dev.millrace.driver.cli;

import dev.millrace.job.TextRules;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One run of the command line in this process: what it is given, and what comes of it. */
final class Run {
    final FakeCluster cluster = new FakeCluster();
    final Map<String, String> environment = new HashMap<>();
    final ByteArrayOutputStream written = new ByteArrayOutputStream();
    final ByteArrayOutputStream told = new ByteArrayOutputStream();
    final List<CommandPlugin> plugins = new ArrayList<>();
    OutputStream out = written;
    boolean hasEmbedded = true;
    boolean errIsTerminal;
    long nanos;
    volatile @Nullable Runnable signal;
    int code = -1;

    Run with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Terminal terminal() {
        return new Terminal(
                out,
                new PrintStream(told, true, StandardCharsets.UTF_8),
                environment,
                false,
                errIsTerminal,
                false,
                () -> nanos);
    }

    Wiring wiring() {
        return new Wiring(
                "1.2.3",
                new Text(),
                options -> cluster.open("kafka", options),
                hasEmbedded ? options -> cluster.open("embedded", options) : null,
                (options, home) -> cluster.continuous("kafka", options, home),
                hasEmbedded ? (options, home) -> cluster.continuous("embedded", options, home) : null,
                cluster::admin,
                plugins);
    }

    MillraceCli cli() {
        return new MillraceCli(wiring(), terminal(), handler -> signal = handler);
    }

    Run go(String... args) {
        code = cli().run(args);
        return this;
    }

    String out() {
        return written.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return told.toString(StandardCharsets.UTF_8);
    }

    private static final class Text implements TextCatalog {
        @Override
        public List<String> profiles() {
            return List.of("unicode", "pymotw");
        }

        @Override
        public List<String> ownStopWords(String profile) {
            return profile.equals("pymotw") ? List.of("the", "rst") : List.of();
        }

        @Override
        public List<String> englishStopWords(String profile) {
            return List.of("the", "and");
        }

        @Override
        public TextRules rules(String profile, List<String> stopWords) {
            return new TextRules(
                    profile,
                    7,
                    stopWords.stream()
                            .map(word -> word.toLowerCase(Locale.ROOT))
                            .toList());
        }

        @Override
        public String unicodeVersion(String profile, int version) {
            return "16.0.0";
        }
    }
}
