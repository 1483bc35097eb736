package dev.millrace.driver.cli;

/** What a process does on a cluster, and so which permissions its user needs. */
public enum ClusterRole {
    /** Makes the topics, by {@code init}. */
    SETUP,
    DRIVER,
    MAPPER,
    REDUCER
}
