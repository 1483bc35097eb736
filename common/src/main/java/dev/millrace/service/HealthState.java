package dev.millrace.service;

/**
 * Where a service is in its life.
 *
 * <pre>
 *   STARTING ---> RUNNING ---> DRAINING ---> (exit)
 *      | \___________|___________^ |
 *      v             v             v
 *    FAILED        FAILED        FAILED
 * </pre>
 *
 * A service that is told to stop while it starts goes straight to DRAINING.
 */
public enum HealthState {
    STARTING,
    RUNNING,
    DRAINING,
    FAILED;

    /** Whether a health check gets a 200: only a running service may be counted on. */
    public boolean isHealthy() {
        return this == RUNNING;
    }

    boolean canBecome(HealthState next) {
        return switch (this) {
            case STARTING -> next != STARTING;
            case RUNNING -> next == DRAINING || next == FAILED;
            case DRAINING -> next == FAILED;
            case FAILED -> false;
        };
    }
}
