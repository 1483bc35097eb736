package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever ends a command into one line for people and an exit code. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private final Terminal terminal;

    Failures(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Wrong use. */
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String message = message(e);
        if (e.getArgSpec() instanceof OptionSpec option && cameFromEnvironment(option, args)) {
            message += " (from " + Environment.variable(option.longestName()) + ")";
        }
        terminal.complain(message);
        if (e instanceof UnmatchedArgumentException unmatched) {
            List<String> suggestions = Suggestions.of(
                    command.getCommandSpec(), unmatched.getUnmatched().get(0));
            if (!suggestions.isEmpty()) {
                terminal.line("Did you mean " + String.join(" or ", suggestions) + "?");
            }
        }
        terminal.line("Try '" + command.getCommandSpec().qualifiedName() + " --help'");
        return ExitCode.USAGE.code();
    }

    private static String message(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.isUnknownOption()
                && e.getCommandLine().getParent() == null) {
            return "there is no command '" + unmatched.getUnmatched().get(0) + "'";
        }
        return String.valueOf(e.getMessage());
    }

    /** A command that failed. */
    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        if (e instanceof ParameterException wrongUse) {
            return handleParseException(
                    wrongUse,
                    parsed == null ? new String[0] : parsed.originalArgs().toArray(new String[0]));
        }
        return tell(e, isVerbose(parsed));
    }

    /**
     * @param failure what ended the command
     * @param verbose whether to say where an internal error came from
     * @return the exit code
     */
    int tell(Exception failure, boolean verbose) {
        Exception e = failure instanceof MillraceException ? failure : outOfMemory(failure);
        boolean traces = isDebugged();
        int code;
        if (e instanceof MillraceException known) {
            terminal.complain(String.valueOf(known.getMessage()));
            code = known.exitCode().code();
        } else {
            traces |= verbose;
            String what = e.getMessage() == null ? "" : ": " + e.getMessage();
            terminal.complain("internal error, " + e.getClass().getSimpleName() + what
                    + (traces ? "" : " (MILLRACE_DEBUG=1 prints where)"));
            code = ExitCode.FAILED.code();
        }
        if (traces) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            terminal.err().print(trace);
            terminal.err().flush();
        }
        return code;
    }

    /** What another thread died of comes in wrappings. */
    private static Exception outOfMemory(Exception e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof OutOfMemoryError error) {
                return MillraceException.outOfMemory(error);
            }
        }
        return e;
    }

    /** Why a file could not be read, in words where Java's message is only its name. */
    static String reason(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof CharacterCodingException) {
            return "it is not UTF-8";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private boolean isDebugged() {
        String debug = terminal.environment().getOrDefault("MILLRACE_DEBUG", "");
        return !debug.isEmpty() && !debug.equals("0");
    }

    private static boolean isVerbose(ParseResult parsed) {
        ParseResult last = parsed;
        while (last != null && last.hasSubcommand()) {
            last = last.subcommand();
        }
        return last != null && last.hasMatchedOption(MessageArguments.VERBOSE);
    }

    private boolean cameFromEnvironment(OptionSpec option, String[] args) {
        if (new Environment(terminal.environment()).get(option.longestName()) == null) {
            return false;
        }
        for (String arg : args) {
            for (String name : option.names()) {
                if (arg.equals(name) || arg.startsWith(name + "=")) {
                    return false;
                }
            }
        }
        return true;
    }
}
