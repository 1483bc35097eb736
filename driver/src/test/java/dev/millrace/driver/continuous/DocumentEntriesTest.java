package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DocumentEntriesTest {
    private final DocumentEntries entries = new DocumentEntries();

    @Test
    void holdsWhatAMapHoldsAfterAnySteps() {
        for (long seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            int ids = 1 << random.nextInt(14);
            DocumentEntries tried = new DocumentEntries();
            Map<String, byte[]> map = new HashMap<>();
            for (int step = 0; step < 30_000; step++) {
                String id = "doc-\u00e9-" + random.nextInt(ids);
                if (random.nextInt(3) == 0) {
                    tried.remove(id);
                    map.remove(id);
                } else {
                    byte[] entry = new byte[random.nextInt(1_000) == 0 ? 300_000 : random.nextInt(300)];
                    random.nextBytes(entry);
                    tried.put(id, entry);
                    map.put(id, entry);
                }
                assertThat(tried.get(id)).isEqualTo(map.get(id));
            }
            assertThat(tried.size()).isEqualTo(map.size());
            assertThat(tried.ids()).containsExactlyInAnyOrderElementsOf(map.keySet());
            map.forEach((id, entry) -> assertThat(tried.get(id)).isEqualTo(entry));
        }
    }

    @Test
    void ofEntriesReplacedAgainAndAgainOnlyTheLastTakeMemory() {
        // One in ten stays for ever, so that every page holds some that live.
        for (int i = 0; i < 1_000_000; i++) {
            entries.put(i % 10 == 0 ? "stays-" + i / 10 % 10_000 : "changes", new byte[90]);
        }
        assertThat(entries.size()).isEqualTo(10_001);
        assertThat(entries.memoryBytes()).isLessThan(4 * 10_001 * 130);
    }

    @Test
    void oneThatOnlyGrowsTakesLittleMoreThanItHolds() {
        long held = 0;
        for (int i = 0; i < 500_000; i++) {
            String id = "document-" + i;
            entries.put(id, new byte[130]);
            held += id.length() + 130;
        }
        assertThat(entries.memoryBytes()).isLessThan(held * 5 / 4);
    }

    /** They did, at 1,048,576 documents and twice as many, and the collector stopped everything for 70 and 120 ms. */
    @Test
    void tablesDoNotDoubleAtOnce() {
        int window = 20_000;
        long before = 0;
        for (int i = 0; i < 1_000_000; i++) {
            entries.put("document-" + i, new byte[0]);
            if (i % window == 0) {
                long now = entries.memoryBytes();
                if (i > 400_000) {
                    assertThat(now - before).as("bytes more at document %s", i).isLessThan(2 << 20);
                }
                before = now;
            }
        }
        assertThat(before).isGreaterThan(256 * 8192 * 8); // they have doubled meanwhile
    }

    @Test
    void whatIsRemovedGivesItsMemoryBack() {
        for (int i = 0; i < 200_000; i++) {
            entries.put("document-" + i, new byte[130]);
        }
        for (int i = 0; i < 200_000; i++) {
            entries.remove("document-" + i);
        }
        entries.remove("never there");
        assertThat(entries.size()).isZero();
        assertThat(entries.ids()).isEqualTo(List.of());
        assertThat(entries.memoryBytes()).isLessThan(5 << 20); // the tables
    }
}
