package dev.millrace.driver.cli;

import java.util.LinkedHashMap;
import java.util.concurrent.CountDownLatch;

/** The command line as a process of its own, over a fake cluster. The first argument says what that cluster does. */
final class ProcessMain {
    private ProcessMain() {}

    public static void main(String[] args) {
        Run run = new Run();
        switch (args[0]) {
            case "forever" ->
                run.cluster.during = listener -> {
                    System.err.println("running");
                    run.cluster.forever = true;
                };
            case "deaf" ->
                run.cluster.during = listener -> {
                    System.err.println("running");
                    waitDeafly();
                };
            default -> {
                run.cluster.counts = new LinkedHashMap<>();
                for (int i = 0; i < 200_000; i++) {
                    run.cluster.counts.put("word" + i, 1L);
                }
            }
        }
        Wiring wiring = run.wiring();
        System.exit(new MillraceCli(wiring, Terminal.ofProcess()).run("count", "--format", "tsv", "docs"));
    }

    private static void waitDeafly() {
        while (true) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                System.err.println("heard");
            }
        }
    }
}
