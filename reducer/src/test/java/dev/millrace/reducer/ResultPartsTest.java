package dev.millrace.reducer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

final class ResultPartsTest {
    private final List<Integer> written = new ArrayList<>();
    private final ResultParts parts = new ResultParts(part -> written.add(part.size()));

    private void add(int counts, int wordBytes) {
        ProducerRecord<byte[], byte[]> count = new ProducerRecord<>("results", 0, new byte[wordBytes], new byte[8]);
        for (int i = 0; i < counts; i++) {
            parts.add(count);
        }
    }

    @Test
    void manyCountsGoOutInParts() {
        add(600_000, 8);
        assertThat(written).containsExactly(250_000, 250_000);
        assertThat(parts.last()).hasSize(100_000);
    }

    /** What has a limit of its own went out together with what had just not reached this one. */
    @Test
    void thereIsRoomForWhatComesLast() {
        add(200_000, 8);
        parts.makeRoom(40_000, 1 << 20);
        assertThat(written).isEmpty();
        parts.makeRoom(60_000, 1 << 20);
        assertThat(written).containsExactly(200_000);
        parts.makeRoom(300_000, 32 << 20);
        assertThat(written).as("nothing is there to go out before").hasSize(1);
    }

    /** 70 MB took longer than a transaction may, on a slow broker, and then again without end. */
    @Test
    void countsOfLongWordsGoOutInSmallerParts() {
        add(250_000, 280);
        assertThat(written)
                .isNotEmpty()
                .allSatisfy(counts -> assertThat(counts * 280).isBetween(16 << 20, (16 << 20) + 280));
        assertThat(parts.last()).hasSizeLessThan((16 << 20) / 280);
    }
}
