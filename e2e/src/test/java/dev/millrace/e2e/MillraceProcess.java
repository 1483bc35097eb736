package dev.millrace.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** One of the shipped jars as a process of its own, its output kept line by line. {@link #close} leaves nothing. */
final class MillraceProcess implements AutoCloseable {
    /** As the launcher has it: with another locale Java loses file names. */
    private static final Map<String, String> UTF_8 = Map.of("LC_ALL", "C.UTF-8");

    private final String name;
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private boolean outputEnded;

    private MillraceProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        Thread reader = new Thread(this::read, "output of " + name);
        reader.setDaemon(true);
        reader.start();
    }

    /** @param module {@code mapper}, {@code reducer} or {@code driver} */
    static MillraceProcess start(String module, Map<String, String> environment, String... arguments) {
        Path jar = Path.of(System.getProperty("millrace.checkout"))
                .resolve(module)
                .resolve("target/millrace-" + module + ".jar")
                .normalize();
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException("there is no " + jar + ": run the tests by mvnw verify, which packages it");
        }
        return start(module, environment, List.of("-Xmx256m", "-jar", jar.toString()), arguments);
    }

    /** The whole command line, as {@code ./millrace} has it, from the class path of the tests. */
    static MillraceProcess local(String... arguments) {
        return start(arguments[0], UTF_8, localOptions(), arguments);
    }

    /** The same inside a line of {@code sh}, where it is {@code "$@"}. */
    static MillraceProcess shell(String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        command.addAll(java(localOptions(), arguments));
        return start(arguments[0], UTF_8, command);
    }

    private static List<String> localOptions() {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return List.of(
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                "dev.millrace.local.MillraceMain");
    }

    private static MillraceProcess start(
            String module, Map<String, String> environment, List<String> options, String... arguments) {
        return start(module, environment, java(options, arguments));
    }

    private static List<String> java(List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command;
    }

    private static MillraceProcess start(String module, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(variable -> variable.startsWith("MILLRACE_"));
        builder.environment().putAll(environment);
        try {
            return new MillraceProcess(module, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
            }
        } catch (IOException e) {
            // The pipe of a killed process: what came before is kept.
        } finally {
            synchronized (lines) {
                outputEnded = true;
                lines.notifyAll();
            }
        }
    }

    /** Returns when so many lines are like that. @throws AssertionError with the output if that does not come */
    void awaitLines(int count, Predicate<String> like, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (lines) {
            while (lines.stream().filter(like).count() < count) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0 || outputEnded) {
                    throw new AssertionError(name + (outputEnded ? " ended" : " went on for " + patience) + " without "
                            + count + " such lines:\n" + String.join("\n", lines));
                }
                lines.wait(left);
            }
        }
    }

    /** @throws AssertionError with the output if it fails or does not end */
    void awaitSuccess(Duration patience) throws InterruptedException {
        awaitCode(patience, 0);
    }

    /** @throws AssertionError with the output if it ends with none of these codes, or does not end */
    void awaitCode(Duration patience, Integer... codes) throws InterruptedException {
        int code = awaitEnd(patience);
        if (!List.of(codes).contains(code)) {
            throw new AssertionError(name + " ended with " + code + ":\n" + output());
        }
    }

    /** SIGTERM, and the exit code. */
    int stop(Duration patience) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " did not drain within " + patience + ":\n" + output());
        }
        return process.exitValue();
    }

    /** Waits for the end, whatever it is. Returns the exit code. */
    int awaitEnd(Duration patience) throws InterruptedException {
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " did not end within " + patience + ":\n" + output());
        }
        return process.exitValue();
    }

    /**
     * What Ctrl-C does. A process that was begun in the background of a script is deaf to SIGINT, and so are its children:
     * then SIGTERM, which means the same to the command line.
     */
    void interrupt() throws IOException, InterruptedException {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        boolean deaf = Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .anyMatch(line -> (Long.parseUnsignedLong(
                                                line.substring(line.indexOf(':') + 1)
                                                        .strip(),
                                                16)
                                        & 1 << 1)
                                != 0);
        signal(deaf ? "TERM" : "INT");
    }

    /** SIGSTOP, SIGCONT or SIGINT, without the SIG. */
    void signal(String signal) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new AssertionError("kill -" + signal + " " + name + " ended with " + code);
        }
    }

    /**
     * As a machine that sleeps: stopped for so long, and then woken. All that can be seen of it meanwhile is whether it ends.
     *
     * @throws AssertionError with the output if it does
     */
    void freeze(Duration time) throws IOException, InterruptedException {
        signal("STOP");
        if (process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(
                    name + " ended with " + process.exitValue() + " while it was frozen:\n" + output());
        }
        signal("CONT");
    }

    /** The first line that begins so, without that beginning. */
    String awaitLine(String beginning, Duration patience) throws InterruptedException {
        awaitLines(1, line -> line.startsWith(beginning), patience);
        synchronized (lines) {
            return lines.stream()
                    .filter(line -> line.startsWith(beginning))
                    .findFirst()
                    .orElseThrow()
                    .substring(beginning.length());
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL, as {@code kill -9}. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    String output() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
