package dev.millrace.service;

import ch.qos.logback.classic.Level;
import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one {@link Service} as a process: logs, health and metrics over HTTP, and an orderly end on SIGTERM or SIGINT.
 *
 * <p>Exit codes: 0 after a clean drain; 5 when the drain took longer than its grace; the code of the
 * {@link MillraceException} that ended the service; 1 for any other failure.
 */
public final class ServiceHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceHost.class);

    private final String name;
    private final ServiceSettings settings;
    private final Metrics metrics;
    private volatile Health own = Health.of(HealthState.STARTING);
    private volatile @Nullable Service service;
    private final AtomicBoolean draining = new AtomicBoolean();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile ExitCode result = ExitCode.OK;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final @Nullable HttpEndpoint http;

    /**
     * Opens the HTTP endpoint, which says STARTING until {@link #run}.
     *
     * @param name of the service with its slot, such as {@code mapper-1}; a label of its metrics
     * @throws MillraceException naming the HTTP address when it cannot be had
     */
    public ServiceHost(String name, ServiceSettings settings) {
        this.name = name;
        this.settings = settings;
        this.metrics = new Metrics(name);
        @Nullable InetSocketAddress address = settings.httpAddress();
        this.http = address == null ? null : HttpEndpoint.start(address, this::health, metrics);
    }

    /**
     * The body of a {@code *Main}: runs the service that {@code factory} makes until it ends or the process is told to
     * stop, and ends the JVM. Never returns.
     */
    public static void runProcess(
            String name, Supplier<ServiceSettings> settings, Function<ServiceHost, Service> factory) {
        logServicesAtInfo();
        ExitCode code;
        try (ServiceHost host = new ServiceHost(name, settings.get())) {
            Runtime.getRuntime().addShutdownHook(new Thread(host::drainAndHalt, "drain"));
            code = host.run(factory);
        } catch (MillraceException e) {
            code = report(name, e);
        }
        // While a shutdown hook drains, this blocks, and the hook ends the JVM with its own code.
        System.exit(code.code());
    }

    public Metrics metrics() {
        return metrics;
    }

    /** The address that serves HTTP, with its real port, or null when none does. */
    public @Nullable InetSocketAddress httpAddress() {
        return http == null ? null : http.address();
    }

    /** What {@code /healthz} says now. */
    public Health health() {
        Health mine = own;
        @Nullable Service running = service;
        return mine.state() == HealthState.RUNNING && running != null ? running.health() : mine;
    }

    /** Makes the service and runs it to its end, on the calling thread. To be called once. */
    public ExitCode run(Function<ServiceHost, Service> factory) {
        try {
            Service made = factory.apply(this);
            service = made;
            LOG.info("{} starts{}", name, http == null ? "" : ", HTTP on " + http.address());
            tellToDrainOnce();
            made.run(this::ready);
            LOG.info("{} ended", name);
        } catch (Exception e) {
            fail(e);
        } catch (OutOfMemoryError e) {
            fail(MillraceException.outOfMemory(e));
        } finally {
            ended.countDown();
        }
        return result;
    }

    private void fail(Exception failure) {
        become(HealthState.FAILED, String.valueOf(failure.getMessage()));
        result = report(name, failure);
    }

    private void ready() {
        if (become(HealthState.RUNNING, "")) {
            LOG.info("{} started", name);
        }
    }

    /** Tells the service to finish what it has begun; {@link #run} returns when it has. Later calls do nothing. */
    public void drain() {
        if (draining.compareAndSet(false, true)) {
            LOG.info(
                    "{} is draining, for at most {} s",
                    name,
                    settings.drainGrace().toSeconds());
            become(HealthState.DRAINING, "told to stop");
        }
        tellToDrainOnce();
    }

    @Override
    public void close() {
        if (http != null) {
            http.close();
        }
        metrics.close();
    }

    /** Both the drainer and the runner try: whichever comes second sees what the first has set. */
    private void tellToDrainOnce() {
        @Nullable Service running = service;
        if (running != null && draining.get() && told.compareAndSet(false, true)) {
            running.drain();
        }
    }

    /** Returns whether it has, for there is no way back. */
    private synchronized boolean become(HealthState next, String reason) {
        boolean can = own.state().canBecome(next);
        if (can) {
            own = new Health(next, reason);
        }
        return can;
    }

    private static ExitCode report(String name, Exception failure) {
        if (failure instanceof MillraceException known) {
            LOG.error("{}: {}", name, known.getMessage());
            LOG.debug("{} failed", name, known);
            return known.exitCode();
        }
        LOG.error("{} failed", name, failure);
        return ExitCode.FAILED;
    }

    /** In a shutdown hook {@code exit} would wait for itself; {@code halt} is the way to set the exit code. */
    private void drainAndHalt() {
        if (ended.getCount() == 0) {
            return;
        }
        drain();
        Runtime.getRuntime().halt(awaitEnd(settings.drainGrace()).code());
    }

    private ExitCode awaitEnd(Duration grace) {
        try {
            if (ended.await(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                return result;
            }
            LOG.error("{} did not drain within {} ms and is stopped as it is", name, grace.toMillis());
            return ExitCode.TIMED_OUT;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.INTERRUPTED;
        }
    }

    /** A service tells its story; the command line and the embedded run stay quiet. An explicit level wins. */
    private static void logServicesAtInfo() {
        if (LoggerFactory.getLogger("dev.millrace") instanceof ch.qos.logback.classic.Logger millrace
                && LogConfigurator.isLevelLeftOpen()) {
            millrace.getLoggerContext()
                    .getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)
                    .setLevel(Level.WARN);
            millrace.setLevel(Level.INFO);
        }
    }
}
