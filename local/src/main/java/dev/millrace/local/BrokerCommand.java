package dev.millrace.local;

import dev.millrace.driver.cli.Terminal;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.ClusterSetup;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "broker",
        description = "Run a Kafka broker on this machine's loopback address, with Millrace's topics, until Ctrl-C.",
        footerHeading = "%nExample:%n",
        footer = "  millrace broker --data-dir ./broker --port 9092")
final class BrokerCommand implements Callable<Integer> {
    static final int DEFAULT_PORT = 9092;
    private static final int DEFAULT_PARTITIONS = 16;

    private final Terminal terminal;

    @Option(
            names = "--data-dir",
            paramLabel = "FOLDER",
            description = "Where it keeps its data; made if missing. Default: a temporary folder, deleted at the end.")
    private @Nullable Path dataDir;

    @Option(names = "--port", paramLabel = "PORT", description = "Default: " + DEFAULT_PORT + "; 0 for a free one.")
    private int port = DEFAULT_PORT;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description =
                    "Partitions of the pairs topic where it is not there yet. Default: " + DEFAULT_PARTITIONS + ".")
    private int partitions = DEFAULT_PARTITIONS;

    BrokerCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        EmbeddedBroker broker = EmbeddedBroker.start(new EmbeddedBroker.Settings(dataDir, port, Map.of()));
        Runtime.getRuntime().addShutdownHook(new Thread(broker::close, "stop-broker"));
        try (ClusterSetup setup = new ClusterSetup(ClusterSettings.of(broker.bootstrapServer()))) {
            setup.create(new ClusterSetup.Shape(partitions, 1, 1));
        }
        terminal.err().println("broker ready at " + broker.bootstrapServer() + ", data in " + broker.dataDir());
        terminal.err().flush();
        broker.awaitStopped();
        return 0;
    }
}
