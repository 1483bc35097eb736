package dev.millrace.driver.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** 'count' as a process, over a fake cluster: the first argument says what that does, the others are options. */
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
            case "few" -> {}
            default -> {
                run.cluster.counts = new LinkedHashMap<>();
                for (int i = 0; i < 200_000; i++) {
                    run.cluster.counts.put("word" + i, 1L);
                }
            }
        }
        Wiring wiring = run.wiring();
        List<String> command = new ArrayList<>(List.of("count", "--format", "tsv", "docs"));
        command.addAll(List.of(args).subList(1, args.length));
        System.exit(new MillraceCli(wiring, Terminal.ofProcess()).run(command.toArray(new String[0])));
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
