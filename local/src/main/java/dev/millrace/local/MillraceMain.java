package dev.millrace.local;

import dev.millrace.driver.KafkaCluster;
import dev.millrace.driver.KafkaClusterAdmin;
import dev.millrace.driver.Profiles;
import dev.millrace.driver.Release;
import dev.millrace.driver.cli.MillraceCli;
import dev.millrace.driver.cli.Terminal;
import dev.millrace.driver.cli.Wiring;
import java.util.List;

/** The whole command line: {@code ./millrace}. */
public final class MillraceMain {
    private MillraceMain() {}

    public static void main(String[] args) {
        Terminal terminal = Terminal.ofProcess();
        Wiring wiring = new Wiring(
                Release.VERSION,
                new Profiles(),
                KafkaCluster::open,
                EmbeddedEngine::new,
                (cluster, home) -> KafkaCluster.continuous(cluster),
                EmbeddedContinuous::new,
                options -> new KafkaClusterAdmin(KafkaCluster.settings(options)),
                List.of(
                        new PartPlugin("broker", BrokerCommand::new),
                        new PartPlugin("mapper", MapperCommand::new),
                        new PartPlugin("reducer", ReducerCommand::new)));
        System.exit(new MillraceCli(wiring, terminal).run(args));
    }
}
