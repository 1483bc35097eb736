package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.server.config.ServerConfigs;
import org.junit.jupiter.api.Test;

class BrokerPropertiesTest {
    /** On a disk whose syncs took 12 s each, transactions stood still for 10 s with two threads, and for 0.4 s with ten. */
    @Test
    void aDiskThatStallsLeavesThreadsThatTryTransactionsAgain() {
        String threads = BrokerProperties.of(Path.of("data"), 1, 2, Map.of()).getProperty("background.threads");
        assertThat(Integer.parseInt(threads)).isGreaterThanOrEqualTo(ServerConfigs.BACKGROUND_THREADS_DEFAULT);
    }
}
