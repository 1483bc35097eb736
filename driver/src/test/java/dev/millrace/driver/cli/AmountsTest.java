package dev.millrace.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AmountsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "1048576, 1048576",
        "512B, 512",
        "16MiB, 16777216",
        "32m, 33554432",
        "32MB, 33554432",
        "4k, 4096",
        "1 GiB, 1073741824",
        "2T, 2199023255552"
    })
    void readsSizes(String text, long bytes) {
        assertThat(new Amounts.Size().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"90, 90000", "90s, 90000", "250ms, 250", "10m, 600000", "2h, 7200000", "1D, 86400000"})
    void readsTimes(String text, long millis) {
        assertThat(new Amounts.Time().convert(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void writes() {
        assertThat(Amounts.bytes(0)).isEqualTo("0 B");
        assertThat(Amounts.bytes(999)).isEqualTo("999 B");
        assertThat(Amounts.bytes(1_000)).isEqualTo("1.0 kB");
        assertThat(Amounts.bytes(999_999)).isEqualTo("1.0 MB");
        assertThat(Amounts.bytes(1_073_741_824)).isEqualTo("1.1 GB");
        assertThat(Amounts.bytes(Long.MAX_VALUE)).isEqualTo("9223.4 PB");
        assertThat(Amounts.rate(4_240_000)).isEqualTo("4.2 MB/s");
        assertThat(Amounts.rate(512_400_000)).isEqualTo("512 MB/s");
        assertThat(Amounts.elapsed(420)).isEqualTo("0.42 s");
        assertThat(Amounts.elapsed(9_999)).isEqualTo("10.0 s");
        assertThat(Amounts.elapsed(185_000)).isEqualTo("3:05 min");
        assertThat(Amounts.clock(3_723)).isEqualTo("1:02:03");
        assertThat(Amounts.range(0, 0)).isEqualTo("[0..0 GiB)");
        assertThat(Amounts.range(1 << 30, 3L << 30)).isEqualTo("[1..3 GiB)");
        assertThat(Amounts.range(1_000_001, 2_000_001)).isEqualTo("[1.0..1.9 MiB)");
        assertThat(Amounts.number(1, "file")).isEqualTo("1 file");
        assertThat(Amounts.number(1_234, "file")).isEqualTo("1,234 files");
    }

    @Test
    void showsWhatMayHurt() {
        assertThat(Visible.text("a\nb\t\u001b[2J\u202e\u00a0é語\ud800"))
                .isEqualTo("a\\nb\\t\\u001b[2J\\u202e\u00a0é語\\ud800");
        assertThat(Visible.text(Visible.text("a\nb"))).as("twice is once").isEqualTo("a\\nb");
    }
}
