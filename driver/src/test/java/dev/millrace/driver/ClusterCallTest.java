package dev.millrace.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import dev.millrace.kafka.ClusterSettings;
import dev.millrace.kafka.TopicNames;
import java.util.Map;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class ClusterCallTest {
    private final ClusterSettings cluster =
            new ClusterSettings(Map.of("bootstrap.servers", "kafka:9092"), new TopicNames("p."));

    private ExitCode endOf(RuntimeException failure) {
        try {
            ClusterCall.answer(cluster, () -> {
                throw failure;
            });
        } catch (MillraceException e) {
            assertThat(e).hasCause(failure);
            return e.exitCode();
        }
        throw new AssertionError("it was answered");
    }

    /** 'list', 'status', 'attach', 'cancel' and 'count' ended with 1, and called it an internal error. */
    @Test
    void aBrokerThatStopsAnsweringIsNoInternalError() {
        assertThat(endOf(new TimeoutException("Timeout of 60000ms expired"))).isEqualTo(ExitCode.BROKER);
        assertThat(endOf(new InterruptException("poll"))).isEqualTo(ExitCode.INTERRUPTED);
        assertThat(Thread.interrupted()).as("which Kafka's exception sets").isTrue();
        assertThatThrownBy(() -> ClusterCall.answer(cluster, () -> {
                    throw new IllegalStateException("a bug");
                }))
                .isInstanceOf(IllegalStateException.class);
    }
}
