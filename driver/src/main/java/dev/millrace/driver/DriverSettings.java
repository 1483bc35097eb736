package dev.millrace.driver;

import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import java.time.Duration;

/**
 * @param roots folders that mappers know by the same names
 * @param brokerDeadline how long the broker may be away before the driver gives up watching
 * @param keepResults whether the topic of counts stays after the driver has collected it
 * @param attachCommand what a user types to come back to a job, its id left out; for messages
 */
public record DriverSettings(
        ClusterSettings cluster,
        InputRoots roots,
        Duration brokerDeadline,
        boolean keepResults,
        String attachCommand) {}
