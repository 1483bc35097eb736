package dev.millrace.service;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A process for {@link ServiceProcessTest}: prints "up", and ends in the way its first argument names. */
final class DrainingMain {
    private DrainingMain() {}

    public static void main(String[] args) {
        Map<String, String> flags = Map.of("drain-grace", args[1]);
        ServiceHost.runProcess("mapper-1", () -> ServiceSettings.from(flags, Map.of()), host -> new Ending(args[0]));
    }

    private record Ending(String way, CountDownLatch told) implements Service {
        Ending(String way) {
            this(way, new CountDownLatch(1));
        }

        @Override
        public void run(Runnable ready) throws Exception {
            ready.run();
            System.out.println("up");
            switch (way) {
                case "drains" -> told.await();
                case "hangs" -> new CountDownLatch(1).await();
                case "fails" -> throw new IOException("disk\u001b[31m on fire");
                default -> {}
            }
            System.out.println("drained");
        }

        @Override
        public void drain() {
            told.countDown();
        }
    }
}
