package dev.millrace.driver.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.junit.jupiter.api.Test;

/** The driver's small table against the broker's own, which the driver does not carry. */
final class KafkaReleaseTest {
    @Test
    void namesTheReleaseOfEveryMetadataVersion() {
        assertThat(Arrays.stream(MetadataVersion.VERSIONS)
                        .filter(MetadataVersion::isProduction)
                        .filter(version -> version.isAtLeast(MetadataVersion.IBP_4_0_IV0)))
                .isNotEmpty()
                .allSatisfy(version -> assertThat(KafkaRelease.of(version.featureLevel()))
                        .isEqualTo("Kafka " + version.shortVersion()));
        assertThat(KafkaRelease.of(MetadataVersion.IBP_3_9_IV0.featureLevel())).isEqualTo("Kafka 3.9 or older");
        assertThat(KafkaRelease.of(0)).isEqualTo("Kafka 3.9 or older");
        assertThat(KafkaRelease.of(MetadataVersion.latestTesting().featureLevel() + 1))
                .startsWith("Kafka newer than ");
    }

    @Test
    void whatIsNeededIsTheFirstReleaseWithShareGroups() {
        MetadataVersion needed = MetadataVersion.fromFeatureLevel((short) KafkaRelease.NEEDED_LEVEL);
        assertThat(needed.shortVersion()).isEqualTo(KafkaRelease.NEEDED);
        assertThat(Feature.SHARE_VERSION.defaultLevel(needed)).isOne();
        MetadataVersion before = MetadataVersion.fromFeatureLevel((short) (KafkaRelease.NEEDED_LEVEL - 1));
        assertThat(Feature.SHARE_VERSION.defaultLevel(before)).isZero();
    }
}
