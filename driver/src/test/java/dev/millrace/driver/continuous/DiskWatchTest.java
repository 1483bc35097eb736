package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class DiskWatchTest {
    private final ToldDocuments told = new ToldDocuments();
    private final DiskWatch watch = new DiskWatch();
    private long nanos = 77;

    private void tell(int seconds) {
        for (int i = 0; i < seconds; i++) {
            watch.tell(told, nanos);
            nanos += 1_000_000_000;
        }
    }

    @Test
    void whatIsSilentIsToldOnceAndWithdrawnWhenItAnswers() {
        watch.at(Path.of("/a"));
        tell(30);
        assertThat(told.log).isEmpty();
        tell(60);
        watch.at(Path.of("/a"));
        tell(30);
        assertThat(told.log).containsExactly("/a (no answer) unreadable", "/a (no answer) readable");
    }

    @Test
    void whatIsSlowHasAnswered() {
        for (int i = 0; i < 10; i++) {
            watch.at(Path.of("/a"));
            tell(20);
        }
        watch.away();
        tell(60);
        assertThat(told.log).isEmpty();
    }

    /** After a stop of the whole process every call looks as if it had taken for as long. */
    @Test
    void aDriverThatStoodStillItselfBlamesNobody() {
        watch.at(Path.of("/a"));
        tell(20);
        nanos += 3_600_000_000_000L;
        tell(30);
        assertThat(told.log).isEmpty();
        tell(1);
        assertThat(told.log).containsExactly("/a (no answer) unreadable");
    }
}
