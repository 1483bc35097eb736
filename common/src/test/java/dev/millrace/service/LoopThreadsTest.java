package dev.millrace.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.job.ExitCode;
import dev.millrace.job.MillraceException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoopThreadsTest {
    /** Is ready when it is told to be, and ends when it is drained or is told to fail. */
    private static final class TestLoop implements LoopThreads.Loop {
        private final String worker;
        private final CountDownLatch getReady = new CountDownLatch(1), drained = new CountDownLatch(1);
        private final CompletableFuture<String> thread = new CompletableFuture<>(),
                saidReady = new CompletableFuture<>();
        private volatile @Nullable Throwable failure;

        TestLoop(String worker) {
            this.worker = worker;
        }

        void fail(Throwable cause) {
            failure = cause;
            drained.countDown();
        }

        @Override
        public String worker() {
            return worker;
        }

        @Override
        public void run(Runnable ready) {
            thread.complete(Thread.currentThread().getName());
            try {
                getReady.await();
                ready.run();
                saidReady.complete("");
                drained.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure != null) {
                throw (RuntimeException) failure;
            }
        }

        @Override
        public void drain() {
            drained.countDown();
        }
    }

    private final TestLoop first = new TestLoop("r/1"), second = new TestLoop("r/2");
    private final LoopThreads threads = new LoopThreads(List.of(first, second));

    private CompletableFuture<Void> run(Runnable ready) {
        return CompletableFuture.runAsync(() -> threads.run(ready), work -> new Thread(work, "service").start());
    }

    @Test
    void workersAreNamedByTheirSlot() {
        assertThat(LoopThreads.workers("reducer-1", 3)).containsExactly("reducer-1/1", "reducer-1/2", "reducer-1/3");
    }

    @Test
    void isReadyOnceAllAreAndEndsOnceAllHave() {
        AtomicInteger ready = new AtomicInteger();
        CompletableFuture<Void> end = run(ready::incrementAndGet);
        first.getReady.countDown();
        first.saidReady.join();
        assertThat(ready).hasValue(0);
        second.getReady.countDown();
        second.saidReady.join();
        assertThat(ready).hasValue(1);
        assertThat(first.thread.join()).isEqualTo("r/1");
        assertThat(second.thread.join()).isEqualTo("r/2");
        first.drain();
        assertThat(end).isNotDone();
        threads.drain();
        end.join();
    }

    @Test
    void aLoopThatFailsDrainsTheOthersAndIsReported() {
        CompletableFuture<Void> end = run(() -> {});
        first.getReady.countDown();
        second.getReady.countDown();
        MillraceException gone = new MillraceException(ExitCode.BROKER, "gone");
        second.fail(gone);
        assertThatThrownBy(end::join).hasCause(gone);
        assertThat(first.drained.getCount()).isZero();
    }

    @Test
    void anErrorOfOneLoopIsThrownWithoutWaitingForTheOthers() {
        CompletableFuture<Void> end = run(() -> {});
        second.getReady.countDown();
        second.fail(new OutOfMemoryError("test"));
        assertThatThrownBy(end::join).hasCauseInstanceOf(OutOfMemoryError.class);
        first.getReady.countDown();
        first.drain();
    }
}
