package dev.millrace.local;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.BrokerIdNotRegisteredException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;

/**
 * One real Kafka broker (broker and controller in one) inside this JVM. It listens on the loopback address only, and
 * answers when {@link #start} returns.
 *
 * <p>May be used from any thread. A fault that Kafka takes for fatal, such as a full disk, ends the JVM: see
 * {@link BrokerFaults}.
 */
public final class EmbeddedBroker implements AutoCloseable {
    private static final int ATTEMPTS_TO_BIND = 5;
    /** How long a controller that starts may know nothing, as where the machine has other work, and when it is asked again. */
    private static final long CONTROLLER_NANOS = 60_000_000_000L, CONTROLLER_AGAIN_NANOS = 20_000_000;

    private final DataFolder folder;
    private final int port;
    private final KafkaRaftServer server;
    private final WriteBehind writeBehind;
    private final AtomicBoolean closed = new AtomicBoolean();

    private EmbeddedBroker(DataFolder folder, int port, KafkaRaftServer server) {
        this.folder = folder;
        this.port = port;
        this.server = server;
        this.writeBehind = new WriteBehind(folder.path()).start();
    }

    /**
     * Where and how a broker runs.
     *
     * @param dataDir its folder, made where missing and kept; null for a temporary one that is deleted on close
     * @param port the port for clients, 0 for a free one
     * @param properties broker properties by Kafka's own names, winning over the defaults; listeners, node id and
     *     folder stay as they are
     */
    public record Settings(@Nullable Path dataDir, int port, Map<String, String> properties) {
        public Settings {
            if (port < 0 || port > 65_535) {
                throw new MillraceException(ExitCode.USAGE, "port " + port + " is not between 0 and 65535");
            }
            properties = Map.copyOf(properties);
        }

        /** A throw-away broker on a free port. */
        public static Settings temporary() {
            return new Settings(null, 0, Map.of());
        }
    }

    /**
     * Starts a broker and waits until it serves.
     *
     * @throws MillraceException naming the folder or the port when one of them cannot be had, or the broker setting
     *     that is not legal
     */
    public static EmbeddedBroker start(Settings settings) {
        BrokerFaults.install();
        DataFolder folder = DataFolder.open(settings.dataDir());
        try {
            if (!folder.isFormatted()) {
                format(folder.path());
            } else if (!folder.wasStopped()) {
                forgetKilledRun(folder, settings.properties());
            }
            return startOnFreePorts(folder, settings);
        } catch (RuntimeException e) {
            throw closing(folder, asMillraceException(folder, e));
        } catch (Exception e) {
            throw closing(folder, asMillraceException(folder, e));
        }
    }

    /** What clients take as {@code bootstrap.servers}. */
    public String bootstrapServer() {
        return BrokerProperties.bootstrapServer(port);
    }

    public Path dataDir() {
        return folder.path();
    }

    /** Waits until the broker has stopped, be it by {@link #close} or by its own signal handler. */
    public void awaitStopped() {
        server.awaitShutdown();
    }

    /** Stops the broker cleanly, and deletes its folder if that is a temporary one. Later calls do nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            // An interrupt ends a job, and must not make a clean stop an unclean one.
            boolean interrupted = Thread.interrupted();
            writeBehind.close();
            try {
                server.shutdown();
                server.awaitShutdown();
            } finally {
                close(folder);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private static EmbeddedBroker startOnFreePorts(DataFolder folder, Settings settings) {
        for (int attempt = 1; ; attempt++) {
            int port = settings.port() == 0 ? freePort(0) : settings.port();
            try {
                return startOn(folder, port, settings.properties());
            } catch (RuntimeException e) {
                if (!isPortTaken(e)) {
                    throw e;
                }
                // A free port can be taken by another process before the broker binds it.
                if (attempt == ATTEMPTS_TO_BIND || (settings.port() != 0 && !isFree(port))) {
                    throw new MillraceException(
                            ExitCode.BROKER,
                            "port " + port + " of 127.0.0.1 is taken; stop what listens there or name another port",
                            e);
                }
            }
        }
    }

    private static EmbeddedBroker startOn(DataFolder folder, int port, Map<String, String> extra) {
        Properties properties = BrokerProperties.of(folder.path(), port, freePort(port), extra);
        RequestHistograms.register();
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
        try {
            server.startup();
        } catch (RuntimeException e) {
            server.shutdown();
            throw e;
        }
        return new EmbeddedBroker(folder, port, server);
    }

    /**
     * Has the controller forget the run of this broker that was killed, before there is a broker again.
     *
     * <p>Else the controller takes that run for alive until its session ends, for 9 s. Meanwhile the new broker loads the
     * transactions that were about to end, cannot tell their partitions so yet, and when the session ends, and with it
     * every partition's leader, Kafka (seen in 4.4.0, KAFKA-20734) takes partitions without a leader for deleted, writes
     * that the transactions are complete, and never ends them in the partitions: committed readers cannot pass them, and
     * what was committed shares the fate of what the same producer writes there next. A broker that nobody takes for
     * alive leads nothing until it is registered, and its partitions keep their leader from then on.
     */
    private static void forgetKilledRun(DataFolder folder, Map<String, String> extra) throws Exception {
        int port = freePort(0);
        Properties properties = BrokerProperties.ofController(folder.path(), port, extra);
        KafkaRaftServer controller = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
        try {
            controller.startup();
            long end = System.nanoTime() + CONTROLLER_NANOS;
            while (!unregister(port, end)) {
                LockSupport.parkNanos(CONTROLLER_AGAIN_NANOS);
            }
        } finally {
            controller.shutdown();
            controller.awaitShutdown();
        }
    }

    /** False where the controller has not read by now what its cluster is able to, and answers nothing. */
    private static boolean unregister(int port, long end) throws Exception {
        try (Admin admin = Admin.create( // one that was refused once does not ask again
                Map.of(AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG, BrokerProperties.bootstrapServer(port)))) {
            admin.unregisterBroker(BrokerProperties.NODE_ID).all().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BrokerIdNotRegisteredException) {
                return true; // it was killed before it could say that it is there
            }
            if (e.getCause() instanceof UnsupportedVersionException && System.nanoTime() < end) {
                return false;
            }
            throw e;
        }
    }

    private static void format(Path folder) throws Exception {
        Formatter formatter = new Formatter()
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                .setClusterId(Uuid.randomUuid().toString())
                .setNodeId(BrokerProperties.NODE_ID)
                .setControllerListenerName(BrokerProperties.CONTROLLER_LISTENER)
                .setMetadataLogDirectory(folder.toString())
                .setReleaseVersion(MetadataVersion.latestProduction());
        formatter.addDirectory(folder.toString());
        formatter.run();
    }

    /** @param other that the caller wants for itself; a port given back may be handed out again at once */
    private static int freePort(int other) {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort() == other ? freePort(other) : socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port on the loopback address", e);
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isPortTaken(Throwable failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException) {
                return true;
            }
        }
        return false;
    }

    private static MillraceException asMillraceException(DataFolder folder, Exception failure) {
        return failure instanceof MillraceException known
                ? known
                : new MillraceException(
                        ExitCode.BROKER,
                        "the embedded broker in " + folder.path() + " did not start: " + failure.getMessage(),
                        failure);
    }

    private static MillraceException closing(DataFolder folder, MillraceException failure) {
        try {
            folder.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    private static void close(DataFolder folder) {
        try {
            folder.close();
        } catch (IOException e) {
            throw new MillraceException(
                    ExitCode.FAILED, "cannot remove the broker's folder " + folder.path() + ": " + e, e);
        }
    }
}
