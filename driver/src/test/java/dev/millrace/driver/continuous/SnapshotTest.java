package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.job.DocumentEntry;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.PartitionTotal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SnapshotTest {
    private static final DocumentEntry WORDLESS = new DocumentEntry("1", 0, 0, List.of());

    private static @Nullable String disagreement(
            long told, Map<String, DocumentEntry> documents, PartitionTotal counted) {
        return Snapshot.disagreement(
                new Event.BarrierReached(new JobId(7), 1, 9, told, PartitionTotal.ZERO, List.of()),
                documents,
                counted,
                0,
                0);
    }

    /** A document without words is in no sum, so a receipt that lacked it was written as if it were whole. */
    @Test
    void aDocumentWithoutWordsIsMissedToo() {
        assertThat(disagreement(2, Map.of("a", WORDLESS, "b", WORDLESS), PartitionTotal.ZERO))
                .isNull();
        assertThat(disagreement(2, Map.of("a", WORDLESS), PartitionTotal.ZERO)).contains("in 2 documents", " in 1, ");
    }

    @Test
    void countsThatDoNotAddUpAreTold() {
        assertThat(disagreement(0, Map.of(), new PartitionTotal(1, 2))).isNotNull();
    }
}
