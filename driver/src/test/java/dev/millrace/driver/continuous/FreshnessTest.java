package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class FreshnessTest {
    private final Freshness freshness = new Freshness();

    @Test
    void isTheAgeOfTheOldestChangeThatIsNotCounted() {
        assertThat(freshness.millis(5)).isEqualTo(-1);
        freshness.changed("a", 1_000);
        freshness.changed("b", 1_100);
        freshness.changed("a", 1_200);
        assertThat(freshness.millis(1_300)).isEqualTo(300);
        freshness.counted(Set.of("a")::contains, 1_400);
        assertThat(freshness.millis(1_500))
                .as("b is counted, but not all before it")
                .isEqualTo(500);
        freshness.counted(Set.of("c")::contains, 1_600);
        assertThat(freshness.millis(9_999)).as("what the last one took").isEqualTo(500);
    }

    @Test
    void ratesAreThoseOfTheLastSeconds() {
        assertThat(freshness.changesPerSecond(0)).isZero();
        for (int i = 0; i < 4_000; i++) {
            freshness.changed("d" + i % 7, i);
        }
        assertThat(freshness.changesPerSecond(4_000)).isBetween(900L, 1_100L);
        assertThat(freshness.changesPerSecond(30_000)).isZero();
    }
}
