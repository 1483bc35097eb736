package dev.millrace.reducer;

import dev.millrace.kafka.ClusterSettings;
import java.time.Duration;

/**
 * @param slot name of this reducer, the same after a restart and different from every other's
 * @param threads how many share its partitions
 * @param brokerDeadline how long a broker may be away before the reducer gives up
 */
public record ReducerSettings(ClusterSettings cluster, String slot, int threads, Duration brokerDeadline) {}
