package dev.millrace.driver;

import dev.millrace.driver.cli.MillraceCli;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.driver.cli.Wiring;
import java.util.List;

/** The command line for clusters: all of {@code millrace} but the embedded engine and the services. */
public final class DriverMain {
    private DriverMain() {}

    public static void main(String[] args) {
        Terminal terminal = Terminal.ofProcess();
        Wiring wiring = new Wiring(
                Release.VERSION,
                new Profiles(),
                KafkaCluster::open,
                null,
                (cluster, home) -> KafkaCluster.continuous(cluster),
                null,
                options -> new KafkaClusterAdmin(KafkaCluster.settings(options)),
                List.of());
        System.exit(new MillraceCli(wiring, terminal).run(args));
    }
}
