package dev.millrace.driver.cli;

import dev.millrace.driver.collect.OutputFile;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Locale;

/**
 * Results on standard output. A reader that has seen enough, as {@code head} does, ends the writing and nothing else:
 * the job is done, so the exit code is 0 and nothing is said. Any other failure, such as a full disk, is one.
 */
final class StandardOutput {
    private final Terminal terminal;

    StandardOutput(Terminal terminal) {
        this.terminal = terminal;
    }

    /** @return whether anybody still reads */
    boolean write(OutputFile.Content content) {
        try {
            content.writeTo(new Interruptible(terminal.out()));
            terminal.out().flush();
            return true;
        } catch (InterruptedIOException e) {
            throw new MillraceException(ExitCode.INTERRUPTED, "interrupted while writing to standard output", e);
        } catch (IOException e) {
            if (!readerIsGone(e)) {
                throw new MillraceException(ExitCode.FAILED, "cannot write to standard output: " + e.getMessage(), e);
            }
            return false;
        }
    }

    private boolean readerIsGone(IOException e) {
        // The text comes from the C library and may be translated; into a pipe nothing else can go wrong.
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        return terminal.outIsPipe() || message.contains("broken pipe") || message.contains("pipe is being closed");
    }

    /** Lets Ctrl-C end a long table. */
    private static final class Interruptible extends FilterOutputStream {
        Interruptible(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException();
            }
            out.write(bytes, from, length);
        }
    }
}
