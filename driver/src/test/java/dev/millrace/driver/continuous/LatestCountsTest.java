package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LatestCountsTest {
    private final LatestCounts counts = new LatestCounts();

    private boolean set(String word, long count) {
        return counts.set(word.getBytes(StandardCharsets.UTF_8), count);
    }

    @Test
    void theCountThatCameLastIsTheOne() {
        assertThat(set("mill", 2)).isTrue();
        assertThat(set("race", 2)).isTrue();
        assertThat(set("mill", 2)).isFalse();
        assertThat(set("race", 3)).isTrue();
        assertThat(set("wheel", 1)).isTrue();
        assertThat(set("wheel", 0)).isTrue();
        assertThat(counts.words()).isEqualTo(2);
        assertThat(counts.tokens()).isEqualTo(5);
        assertThat(counts.top(1)).isEqualTo(List.of(new LiveTable.WordCount("race", 3)));
        assertThat(counts.top(0)).isEmpty();
    }

    /** They were kept for good, so that 'top --follow' of a job whose words come and go ended without memory. */
    @Test
    void wordsThatCameToZeroAreForgotten() {
        for (int i = 0; i < 100_000; i++) {
            set("word" + i, 1);
            set("word" + (i - 100), 0);
        }
        assertThat(counts.words()).isEqualTo(100);
        assertThat(counts.held()).isLessThan(20_000);
        assertThat(counts.tokens()).isEqualTo(100);
        assertThat(set("word0", 0)).isFalse();
        assertThat(set("word99999", 1)).isFalse();
    }

    /** 'top --top 999999999' took memory for so many, though there were three. */
    @Test
    void moreWordsThanThereAreMayBeAskedFor() {
        set("mill", 2);
        set("race", 2);
        assertThat(counts.top(Integer.MAX_VALUE))
                .containsExactly(new LiveTable.WordCount("mill", 2), new LiveTable.WordCount("race", 2));
    }
}
