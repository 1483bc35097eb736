package dev.millrace.driver.continuous;

import java.lang.reflect.Proxy;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FolderHintsTest {
    @TempDir
    Path folder;

    /** The driver, which wakes the scanner at a barrier, waited with it for a file system that did not answer. */
    @Test
    void aFolderThatCannotBeWatchedYetKeepsNobodyFromWaking() throws Exception {
        CountDownLatch asked = new CountDownLatch(1), answered = new CountDownLatch(1);
        Path silent = (Path) Proxy.newProxyInstance(
                Path.class.getClassLoader(), new Class<?>[] {Path.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("register")) {
                        asked.countDown();
                        answered.await();
                    }
                    return method.invoke(folder, arguments);
                });
        try (FolderHints hints = FolderHints.of(FileSystems.getDefault())) {
            Thread scanner = new Thread(() -> hints.watch(new FolderWalk.Folder(silent, "", "", null, null)));
            scanner.start();
            asked.await();
            hints.wake();
            answered.countDown();
            scanner.join();
        }
    }
}
