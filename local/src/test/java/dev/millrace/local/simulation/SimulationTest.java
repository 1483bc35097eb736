package dev.millrace.local.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The engine's decisions under 500 seeds of faults. A seed that fails is printed; {@code -Dmillrace.seed=N} runs that
 * one alone, {@code -Dmillrace.seeds=N} another number of them.
 */
final class SimulationTest {
    private static final int SEEDS = Integer.getInteger("millrace.seeds", 500);

    @Test
    void everySeedGivesTheTableOfAPlainCount() {
        Long only = Long.getLong("millrace.seed");
        long first = only == null ? 0 : only, last = only == null ? SEEDS - 1 : only;
        int faults = 0;
        for (long seed = first; seed <= last; seed++) {
            Simulation simulation = new Simulation(seed, Simulation.Planted.NOTHING);
            assertThat(simulation.run())
                    .as("seed %d; to run it alone: -Dmillrace.seed=%d", seed, seed)
                    .isNull();
            faults += simulation.faults;
        }
        assertThat(only != null || faults > SEEDS).as("faults happened").isTrue();
    }

    /** A test of the test: each defect must show under some seed. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
    void findsPlantedDefect(Simulation.Planted planted) {
        for (long seed = 0; seed < SEEDS; seed++) {
            if (new Simulation(seed, planted).run() != null) {
                return;
            }
        }
        throw new AssertionError(planted + " was found by none of " + SEEDS + " seeds");
    }
}
