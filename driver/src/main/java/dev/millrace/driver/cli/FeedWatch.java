package dev.millrace.driver.cli;

import dev.millrace.driver.continuous.ContinuousClient;
import dev.millrace.driver.continuous.ContinuousListener;
import dev.millrace.driver.continuous.ContinuousStatus;
import dev.millrace.driver.continuous.LiveTable;
import dev.millrace.job.ExitCode;
import dev.millrace.job.JobId;
import dev.millrace.job.MillraceException;
import dev.millrace.job.TextRules;
import java.io.IOException;
import java.time.Duration;

/** Drives a continuous job in front of its user: how it does, on an embedded cluster its table, and how to come back. */
final class FeedWatch {
    private static final Duration LOOK = Duration.ofMillis(200);

    private final Session session;
    private final ProgressReporter.Level level;
    private final ClusterOptions options;
    private final ContinuousOpener.Home home;
    private final int top;

    FeedWatch(
            Session session,
            ProgressReporter.Level level,
            ClusterOptions options,
            ContinuousOpener.Home home,
            int top) {
        this.session = session;
        this.level = level;
        this.options = options;
        this.home = home;
        this.top = options.isEmbedded() ? top : 0;
    }

    /**
     * @param again what to type to come back
     * @return the exit code
     */
    int run(String job, TextRules rules, ContinuousClient.Feed feed, boolean mappersOnly, String again) {
        Terminal terminal = session.terminal();
        LiveScreen screen = new LiveScreen(terminal, top, false);
        // A table that is drawn in place says how the job does, and a second line that is would be in its way.
        StatusReporter status = new StatusReporter(terminal, level, top > 0 && screen.isInPlace() ? screen : null);
        try (Interrupts interrupts = new Interrupts(session.signals(), null)) {
            try (ContinuousClient client = session.continuous(options, home)) {
                interrupts.askFirst(client::stop);
                if (options.isEmbedded()) {
                    status.note("the broker listens at " + client.bootstrapServers()
                            + ": give other commands --bootstrap-server " + client.bootstrapServers());
                }
                Table table = top == 0 ? null : new Table(client, job, screen);
                try {
                    client.run(job, rules, feed, mappersOnly, table == null ? status : table.startingAt(status));
                } catch (RuntimeException e) {
                    interrupts.ended();
                    throw e;
                } finally {
                    if (table != null) {
                        table.stop();
                    }
                }
                if (table != null) {
                    table.last();
                }
                status.end();
                return ExitCode.OK.code();
            } catch (RuntimeException e) {
                status.clear();
                // Whatever an interrupt looks like by the time it gets here.
                boolean isInterrupt = interrupts.cause() != null
                        || e instanceof MillraceException told && told.exitCode() == ExitCode.INTERRUPTED;
                throw isInterrupt ? interrupted(job, again, e) : e;
            }
        }
    }

    private MillraceException interrupted(String job, String again, RuntimeException e) {
        String then = options.isEmbedded() && home.dataDir() == null
                ? "; the counts were thrown away with the temporary broker: --data-dir FOLDER keeps them"
                : "; the job " + job + " keeps its counts. To go on: " + again;
        return new MillraceException(ExitCode.INTERRUPTED, "interrupted" + then, e);
    }

    /** The live table, on a thread of its own. */
    private static final class Table {
        private final ContinuousClient client;
        private final String job;
        private final LiveScreen screen;
        private final Thread thread = new Thread(this::follow, "live-table");
        private volatile boolean stopped;

        Table(ContinuousClient client, String job, LiveScreen screen) {
            this.client = client;
            this.job = job;
            this.screen = screen;
            thread.setDaemon(true);
        }

        /** Begins when there is a job. */
        ContinuousListener startingAt(ContinuousListener listener) {
            return new ContinuousListener() {
                @Override
                public void opened(JobId opened, boolean resumed) {
                    listener.opened(opened, resumed);
                    thread.start();
                }

                @Override
                public void status(ContinuousStatus status) {
                    listener.status(status);
                }

                @Override
                public void notice(String message) {
                    listener.notice(message);
                }
            };
        }

        private void follow() {
            try (LiveTable table = client.live(job)) {
                screen.follow(table, LOOK, () -> stopped);
            } catch (MillraceException e) {
                // That the job is over is for its driver to say, on the other thread. Not so what cannot be written.
                boolean isOver = e.exitCode() == ExitCode.CANCELLED
                        || e.exitCode() == ExitCode.FAILED && !(e.getCause() instanceof IOException);
                if (!stopped && !isOver) {
                    tellEnded(e);
                }
            } catch (OutOfMemoryError e) { // what the table held is free by now; the job goes on without
                tellEnded(MillraceException.outOfMemory(e));
            }
        }

        private void tellEnded(MillraceException why) {
            screen.above("millrace: the live table has ended: " + Visible.text(String.valueOf(why.getMessage())));
        }

        void stop() {
            stopped = true;
            boolean interrupted = Thread.interrupted();
            try {
                thread.join(2_000);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        /** All that was counted, once the job has ended in order. */
        void last() {
            try (LiveTable table = client.live(job)) {
                table.catchUp();
                if (screen.isInteresting()) {
                    screen.show(table.view(screen.words()));
                }
            }
        }
    }
}
