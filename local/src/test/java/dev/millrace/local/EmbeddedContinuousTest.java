package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.driver.cli.ContinuousOpener;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class EmbeddedContinuousTest {
    /** It named the driver's own broker, which ends with the driver. */
    @Test
    void aJobOfABrokerOfItsOwnIsEndedByWayOfAnotherBrokerOnItsFolder() {
        assertThat(EmbeddedContinuous.anew("wiki", new ContinuousOpener.Home(Path.of("my count"), 0)))
                .isEqualTo("start this again with another --job NAME; to end the old one, run 'millrace broker"
                        + " --data-dir 'my count' --port 9092' and, while that runs, 'millrace cancel wiki"
                        + " --bootstrap-server 127.0.0.1:9092'");
        assertThat(EmbeddedContinuous.anew("wiki", new ContinuousOpener.Home(Path.of("count"), 42_001)))
                .contains("--data-dir count --port 42001", "--bootstrap-server 127.0.0.1:42001");
        assertThat(EmbeddedContinuous.anew("wiki", new ContinuousOpener.Home(null, 0)))
                .isEqualTo("start this again");
    }
}
