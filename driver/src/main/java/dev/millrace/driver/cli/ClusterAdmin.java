package dev.millrace.driver.cli;

import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/**
 * What {@code init} and {@code doctor} do with a cluster. One thread. Methods throw
 * {@link dev.millrace.job.MillraceException} with the exit code.
 */
public interface ClusterAdmin extends AutoCloseable {
    /** Makes the client that administers a cluster; the options have {@code bootstrapServers}. */
    @FunctionalInterface
    interface Opener {
        ClusterAdmin open(ClusterOptions options);
    }

    /**
     * How topics are made that are not there yet.
     *
     * @param partitions of the pairs topic, or 0 for the default
     * @param replicationFactor of all topics, or 0 for the broker's default
     */
    record TopicPlan(int partitions, int replicationFactor) {}

    /**
     * Makes the topics and group settings that are missing, and leaves those alone that are there.
     *
     * @param report is told in one line each what was made or found
     */
    void init(TopicPlan plan, Consumer<String> report);

    /**
     * Looks at all that Millrace asks of a cluster, in the order in which to repair it. Changes nothing, but that it
     * takes a transactional id for each role, {@code PREFIX.ROLE.doctor-probe}, which nobody else uses.
     *
     * @param roles whose permissions this user is to have
     */
    List<Finding> diagnose(Collection<ClusterRole> roles);

    @Override
    void close();
}
