package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line {@code millrace}. Results go to standard output, all else to standard error. Values of options come
 * from the option, else from the environment, else from a file where there is one, else they are the default.
 *
 * <p>{@link #run} uses the calling thread; a Ctrl-C interrupts it.
 */
public final class MillraceCli {
    private static final Map<String, String> EXIT_CODES = exitCodes();

    private final Session session;
    private final Map<String, Supplier<Object>> commands = new LinkedHashMap<>();

    public MillraceCli(Wiring wiring, Terminal terminal) {
        this(wiring, terminal, Interrupts.ofProcess());
    }

    MillraceCli(Wiring wiring, Terminal terminal, Interrupts.Signals signals) {
        session = new Session(wiring, terminal, signals);
        commands.put("count", () -> new CountCommand(session));
        commands.put("attach", () -> new AttachCommand(session));
        commands.put("list", () -> new ListCommand(session));
        commands.put("status", () -> new StatusCommand(session));
        commands.put("cancel", () -> new CancelCommand(session));
        commands.put("watch", () -> new WatchCommand(session));
        commands.put("stream", () -> new StreamCommand(session));
        commands.put("top", () -> new TopCommand(session));
        commands.put("get", () -> new GetCommand(session));
        commands.put("why", () -> new WhyCommand(session));
        commands.put("snapshot", () -> new SnapshotCommand(session));
        commands.put("diff", () -> new DiffCommand(session));
        commands.put("init", () -> new InitCommand(session));
        commands.put("doctor", () -> new DoctorCommand(session));
        for (CommandPlugin plugin : wiring.plugins()) {
            commands.put(plugin.name(), () -> plugin.command(terminal));
        }
    }

    /** What stands before all commands; asked for none, it says that one is needed. */
    @Command(
            name = "millrace",
            synopsisSubcommandLabel = "COMMAND",
            description = "Counts words on Apache Kafka: on one machine with a broker of its own, or on a cluster.",
            commandListHeading = "%nCommands:%n",
            footerHeading = "%nExamples:%n",
            footer = {
                "  millrace count docs/",
                "  millrace count --bootstrap-server kafka:9092 /data",
                "  millrace watch docs/",
                "  millrace help count"
            })
    private static final class Root implements Runnable {
        @Spec
        @SuppressWarnings("NullAway.Init")
        private CommandSpec command;

        @Override
        public void run() {
            throw new ParameterException(command.commandLine(), "a command is needed");
        }
    }

    /** @return the exit code, one of {@link ExitCode}; nothing is thrown */
    public int run(String... args) {
        try {
            return commandLine(args).execute(args);
        } catch (OutOfMemoryError e) { // what the command held is free by now
            return new Failures(session.terminal()).tell(MillraceException.outOfMemory(e), false);
        }
    }

    /**
     * The parser. Only the command that is asked for is built where that is plain from the first argument: reading the
     * annotations of all of them would take longer than parsing.
     */
    CommandLine commandLine(String... args) {
        CommandLine root = new CommandLine(new Root());
        Supplier<Object> asked = args.length == 0 ? null : commands.get(args[0]);
        if (asked != null) {
            root.addSubcommand(args[0], asked.get());
        } else {
            commands.forEach((name, command) -> root.addSubcommand(name, command.get()));
            root.addSubcommand(new HelpCommand());
        }
        set(root);
        return root;
    }

    private void set(CommandLine root) {
        Terminal terminal = session.terminal();
        Failures failures = new Failures(terminal);
        describe(root.getCommandSpec());
        root.getSubcommands().values().stream().map(CommandLine::getCommandSpec).forEach(this::describe);
        root.setOut(new PrintWriter(new OutputStreamWriter(terminal.out(), StandardCharsets.UTF_8), true))
                .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
                .setColorScheme(CommandLine.Help.defaultColorScheme(terminal.hasColor() ? Ansi.ON : Ansi.OFF))
                .setDefaultValueProvider(session.environment())
                .setParameterExceptionHandler(failures)
                .setExecutionExceptionHandler(failures)
                // A file's name may begin with an @ or hold a ${.
                .setExpandAtFiles(false)
                .setInterpolateVariables(false)
                .setOverwrittenOptionsAllowed(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(Math.max(60, Math.min(120, terminal.columns())));
    }

    private void describe(CommandSpec command) {
        if (command.userObject() instanceof HelpCommand) {
            return;
        }
        command.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .order(998)
                .description("Print this help.")
                .build());
        command.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .order(999)
                .description("Print the version.")
                .build());
        command.version("Millrace " + session.wiring().version());
        UsageMessageSpec usage = command.usageMessage();
        List<String> footer = new ArrayList<>(List.of(usage.footer()));
        if (!footer.isEmpty()) {
            footer.add("");
        }
        footer.add("Every option can be set in the environment: --chunk-size is MILLRACE_CHUNK_SIZE.");
        footer.add("One that may be repeated takes a value a line there.");
        usage.footer(footer.toArray(new String[0]));
        usage.sortOptions(false);
        usage.abbreviateSynopsis(true);
        usage.exitCodeListHeading("%nExit codes:%n");
        usage.exitCodeList(EXIT_CODES);
        usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, Sections::render);
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> codes = new LinkedHashMap<>();
        for (ExitCode code : ExitCode.values()) {
            codes.put(
                    Integer.toString(code.code()),
                    switch (code) {
                        case OK -> "done";
                        case FAILED -> "failed; the message says what and where";
                        case USAGE -> "wrong use, or a setting that cannot be read";
                        case NO_SUCH_JOB -> "there is no such job";
                        case BROKER -> "the brokers cannot be reached, or refuse";
                        case TIMED_OUT -> "waited as long as --timeout allows";
                        case CANCELLED -> "the job was cancelled";
                        case INTERRUPTED -> "interrupted, as by Ctrl-C";
                    });
        }
        return codes;
    }
}
