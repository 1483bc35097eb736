package dev.millrace.driver.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The surroundings of a process: where it writes, its environment and its clock.
 *
 * @param out standard output, which throws what goes wrong
 * @param err standard error
 * @param outIsTerminal whether people read standard output
 * @param errIsTerminal whether people read standard error
 * @param outIsPipe whether standard output leads to another process
 * @param nanos a clock that only differences are taken of, nanoseconds
 */
public record Terminal(
        OutputStream out,
        PrintStream err,
        Map<String, String> environment,
        boolean outIsTerminal,
        boolean errIsTerminal,
        boolean outIsPipe,
        LongSupplier nanos) {
    private static final int DEFAULT_COLUMNS = 80;

    public Terminal {
        environment = Map.copyOf(environment);
    }

    /**
     * Those of this process. Java 17 cannot tell whether standard error is a terminal, so the launcher says it:
     * {@code MILLRACE_STDOUT_TTY=1} if {@code [ -t 1 ]}, {@code MILLRACE_STDERR_TTY=1} if {@code [ -t 2 ]}, and
     * {@code COLUMNS} if that is known.
     */
    public static Terminal ofProcess() {
        Map<String, String> environment = System.getenv();
        return new Terminal(
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8),
                environment,
                "1".equals(environment.get("MILLRACE_STDOUT_TTY")),
                "1".equals(environment.get("MILLRACE_STDERR_TTY")),
                leadsToAPipe(Path.of("/proc/self/fd/1")),
                System::nanoTime);
    }

    /** Width of the terminal in characters. */
    int columns() {
        String columns = environment.getOrDefault("COLUMNS", "");
        return columns.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(columns) : DEFAULT_COLUMNS;
    }

    /** Whether lines on standard error can be drawn again in place. */
    boolean canRedraw() {
        return errIsTerminal && !"dumb".equals(environment.get("TERM"));
    }

    /** Whether help may be coloured. See no-color.org. */
    boolean hasColor() {
        return outIsTerminal
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !"dumb".equals(environment.get("TERM"));
    }

    /** Prints one line on standard error with the program's name before it, whatever the message holds. */
    void complain(String message) {
        line("millrace: " + Visible.text(message));
    }

    void line(String line) {
        err.print(line + "\n");
        err.flush();
    }

    private static boolean leadsToAPipe(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("pipe:") || target.startsWith("socket:");
        } catch (IOException | UnsupportedOperationException e) {
            // A system without /proc: the error's own text has to do, see StandardOutput.
            return false;
        }
    }
}
