package dev.millrace.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class OmissionsTest {
    @Test
    void whatIsWrittenIsRead() {
        Omissions some = new Omissions(
                new TreeMap<>(Map.of(3, "a.rst: no", 12, "b.rst: neither")), List.of("c is a link, passed over"));
        assertThat(Omissions.of(some.text())).isEqualTo(some);
        Omissions none = new Omissions(new TreeMap<>(), List.of());
        assertThat(none.text()).isEmpty();
        assertThat(Omissions.of("")).isEqualTo(none);
    }

    /** A record that names a million tasks with reasons fits no message, and none of the driver's writes would go out. */
    @Test
    void tasksWithoutEndFitIntoARecord() {
        TreeMap<Integer, String> all = new TreeMap<>();
        for (int i = 0; i < 100_000; i++) {
            all.put(i, "task " + i + " (texts:folder/of/some/length/" + i + ".txt): no such root");
        }
        Omissions many = new Omissions(all, List.of());
        assertThat(many.text()).hasSizeLessThan(4 << 20);
        assertThat(Omissions.of(many.text()).skipped().keySet()).isEqualTo(all.keySet());
        assertThat(Omissions.of(many.text()).skipped())
                .containsEntry(999, all.get(999))
                .containsEntry(1000, "task 1000");
    }

    @Test
    void everythingHasALineOfItsOwn() {
        Omissions odd = new Omissions(new TreeMap<>(Map.of(3, "a\n4\tb")), List.of("c\td\r\ne"));
        assertThat(Omissions.of(odd.text()))
                .isEqualTo(new Omissions(new TreeMap<>(Map.of(3, "a 4 b")), List.of("c d e")));
    }
}
