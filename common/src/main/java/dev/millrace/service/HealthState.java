package dev.millrace.service;

import java.util.EnumSet;
import java.util.Set;

/**
 * Where a service is in its life.
 *
 * <pre>
 *   STARTING --> RUNNING --> DRAINING --> (exit)
 *       |           |            |
 *       |           v            |
 *       |        FAILED  <-------+
 *       +-----------^
 * </pre>
 *
 * A service that is told to stop while it starts goes straight to DRAINING.
 */
public enum HealthState {
    STARTING,
    RUNNING,
    DRAINING,
    FAILED;

    private Set<HealthState> next() {
        return switch (this) {
            case STARTING -> EnumSet.of(RUNNING, DRAINING, FAILED);
            case RUNNING -> EnumSet.of(DRAINING, FAILED);
            case DRAINING -> EnumSet.of(FAILED);
            case FAILED -> EnumSet.noneOf(HealthState.class);
        };
    }

    /** Whether a service in this state may be sent work, which is what a health check asks. */
    public boolean isHealthy() {
        return this == RUNNING;
    }

    boolean canBecome(HealthState other) {
        return next().contains(other);
    }
}
