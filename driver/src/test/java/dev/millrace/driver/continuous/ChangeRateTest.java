package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChangeRateTest {
    @Test
    void isThatOfTheLastSeconds() {
        ChangeRate rate = new ChangeRate();
        assertThat(rate.perSecond(0, -9_000)).isZero();
        assertThat(rate.perSecond(4_000, -5_000)).isEqualTo(1_000);
        assertThat(rate.perSecond(4_010, -4_000)).isBetween(800L, 804L);
        assertThat(rate.perSecond(4_010, 900)).isZero();
        assertThat(rate.perSecond(10_010, 30_900)).as("behind a long silence").isEqualTo(200);
    }
}
