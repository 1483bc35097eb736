package dev.millrace.driver.doctor;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Kafka's releases by metadata version. No request returns a broker's release; the newest {@code metadata.version} that
 * it supports is the nearest thing to it, and leaves only the patch release open.
 */
final class KafkaRelease {
    /** 4.2-IV0: share groups for production (KIP-932), with the acquire mode of KIP-1206. */
    static final int NEEDED_LEVEL = 28;

    static final String NEEDED = "4.2";

    /** The last metadata version of each release. */
    private static final NavigableMap<Integer, String> LAST_LEVELS =
            new TreeMap<>(Map.of(25, "4.0", 27, "4.1", 29, "4.2", 30, "4.3", 33, "4.4"));

    private static final int LAST_OF_3 = 21;

    private KafkaRelease() {}

    /** @param level newest metadata version that a broker supports; 0 if it names none */
    static String of(int level) {
        if (level <= LAST_OF_3) {
            return "Kafka 3.9 or older";
        }
        Map.Entry<Integer, String> release = LAST_LEVELS.ceilingEntry(level);
        return release == null
                ? "Kafka newer than " + LAST_LEVELS.lastEntry().getValue()
                : "Kafka " + release.getValue();
    }
}
