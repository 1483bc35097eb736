package dev.millrace.driver.continuous;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class FoundQueueTest {
    private static final int MEBI = 1 << 20;
    private final FoundQueue queue = new FoundQueue();

    /** Puts from another thread, which waits then. */
    private CompletableFuture<Boolean> putWaiting(int bytes) throws InterruptedException {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                done.complete(queue.put(bytes, driver -> {}));
            } catch (InterruptedException e) {
                done.completeExceptionally(e);
            }
        });
        thread.start();
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(done).isNotDone();
            Thread.onSpinWait();
        }
        return done;
    }

    @Test
    void bytesAreBounded() throws Exception {
        assertThat(queue.put(40 * MEBI, driver -> {})).isTrue();
        assertThat(queue.put(24 * MEBI, driver -> {})).isFalse();
        CompletableFuture<Boolean> more = putWaiting(1);
        Objects.requireNonNull(queue.poll());
        assertThat(more.get(20, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void oneThatIsLargerThanTheBoundGoesInAlone() throws Exception {
        queue.put(1, driver -> {});
        CompletableFuture<Boolean> large = putWaiting(100 * MEBI);
        Objects.requireNonNull(queue.poll());
        assertThat(large.get(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void numberIsBounded() throws Exception {
        for (int i = 0; i < FoundQueue.MOST; i++) {
            queue.put(0, driver -> {});
        }
        CompletableFuture<Boolean> more = putWaiting(0);
        Objects.requireNonNull(queue.poll());
        assertThat(more.get(20, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void closingEndsWhoWaits() throws Exception {
        queue.put(64 * MEBI, driver -> {});
        CompletableFuture<Boolean> more = putWaiting(1);
        queue.close();
        assertThat(more)
                .failsWithin(20, TimeUnit.SECONDS)
                .withThrowableThat()
                .withCauseInstanceOf(InterruptedException.class);
    }
}
