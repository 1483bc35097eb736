package dev.millrace.mapper;

import dev.millrace.input.InputLimits;
import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import java.time.Duration;

/**
 * @param slot name of this mapper, the same after a restart and different from every other's
 * @param threads tasks run at once
 * @param limits bounds of what a compressed input may become
 * @param brokerDeadline how long a broker may be away before the mapper gives up
 */
public record MapperSettings(
        ClusterSettings cluster,
        String slot,
        int threads,
        InputRoots roots,
        InputLimits limits,
        Duration brokerDeadline) {}
