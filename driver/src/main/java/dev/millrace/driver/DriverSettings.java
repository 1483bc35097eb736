package dev.millrace.driver;

import dev.millrace.input.InputRoots;
import dev.millrace.kafka.ClusterSettings;
import java.time.Duration;
import java.util.function.UnaryOperator;

/**
 * @param roots folders that mappers know by the same names
 * @param brokerDeadline how long the broker may be away before the driver gives up watching
 * @param keepsHouse whether what no job needs any more is cleared away when the job is done; not worth it where the
 *     cluster ends with the job
 * @param attachCommand what a user types to come back to a job, its id left out; for messages
 * @param countingThreads of the driver's process that count tasks of a continuous job in place of mappers; 0 where
 *     processors are rather the mappers'
 * @param mappersOnly whether mappers count even the smallest tasks of a continuous job
 * @param anew of a job's name or id, what a user does to begin it anew when it cannot go on; for messages
 */
public record DriverSettings(
        ClusterSettings cluster,
        InputRoots roots,
        Duration brokerDeadline,
        boolean keepsHouse,
        String attachCommand,
        int countingThreads,
        boolean mappersOnly,
        UnaryOperator<String> anew) {
    public DriverSettings(
            ClusterSettings cluster,
            InputRoots roots,
            Duration brokerDeadline,
            boolean keepsHouse,
            String attachCommand) {
        this(
                cluster,
                roots,
                brokerDeadline,
                keepsHouse,
                attachCommand,
                0,
                false,
                job -> "end the job with '" + cluster.command("cancel " + job)
                        + "' and start this again, or give another --job NAME");
    }

    public DriverSettings withCountingThreads(int newCountingThreads) {
        return new DriverSettings(
                cluster, roots, brokerDeadline, keepsHouse, attachCommand, newCountingThreads, mappersOnly, anew);
    }

    public DriverSettings withMappersOnly(boolean newMappersOnly) {
        return new DriverSettings(
                cluster, roots, brokerDeadline, keepsHouse, attachCommand, countingThreads, newMappersOnly, anew);
    }

    public DriverSettings withAnew(UnaryOperator<String> newAnew) {
        return new DriverSettings(
                cluster, roots, brokerDeadline, keepsHouse, attachCommand, countingThreads, mappersOnly, newAnew);
    }
}
