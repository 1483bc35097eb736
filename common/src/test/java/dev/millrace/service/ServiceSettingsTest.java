package dev.millrace.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceSettingsTest {
    @Test
    void servesNothingUnlessTold() {
        ServiceSettings settings = ServiceSettings.from(Map.of(), Map.of());
        assertThat(settings).isEqualTo(new ServiceSettings(null, Duration.ofSeconds(25)));
    }

    @ParameterizedTest
    @CsvSource({
        "9404, 127.0.0.1, 9404",
        "':9404', 127.0.0.1, 9404",
        "0.0.0.0:80, 0.0.0.0, 80",
        "'[::1]:65535', 0:0:0:0:0:0:0:1, 65535"
    })
    void bindsToLoopbackUnlessAHostIsNamed(String text, String host, int port) {
        @Nullable InetSocketAddress address = httpAddress(text);
        assertThat(address).isNotNull();
        assertThat(address.getAddress().getHostAddress()).isEqualTo(host);
        assertThat(address.getPort()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "0", "127.0.0.1:0"})
    void portZeroIsOff(String text) {
        assertThat(httpAddress(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "host", "127.0.0.1:65536", "127.0.0.1:-1", "a:b:1", "1234567"})
    void namesAnAddressThatMakesNoSense(String text) {
        assertThatThrownBy(() -> httpAddress(text))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("http-address '" + text + "'")
                .extracting(e -> ((MillraceException) e).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void aFlagWinsOverTheEnvironment() {
        Map<String, String> environment = Map.of("MILLRACE_DRAIN_GRACE", "2m", "MILLRACE_HTTP_ADDRESS", "81");
        assertThat(ServiceSettings.from(Map.of(), environment).drainGrace()).isEqualTo(Duration.ofMinutes(2));
        assertThat(ServiceSettings.from(Map.of("drain-grace", "1s"), environment)
                        .drainGrace())
                .isEqualTo(Duration.ofSeconds(1));
    }

    private static @Nullable InetSocketAddress httpAddress(String text) {
        return ServiceSettings.from(Map.of("http-address", text), Map.of()).httpAddress();
    }
}
