package dev.millrace.driver.cli;

import dev.millrace.job.ExitCode;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What may end a command before its work is done: Ctrl-C, a request to terminate, and the time limit. The first of them
 * interrupts the thread that made this; a second signal ends the process there and then. Where the work can come to an end
 * that loses less, the first signal asks for that, and the others are the first and second of those. Closing it lets signals end
 * the process as they did before, and leaves the thread without a pending interrupt.
 */
final class Interrupts implements AutoCloseable {
    /** Why the thread was interrupted. */
    enum Cause {
        SIGNAL,
        TIME_LIMIT
    }

    private final Thread worker = Thread.currentThread();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Signals signals;
    private @Nullable Cause cause;
    /** Of the first interrupt, whether or not it ended the work. */
    private @Nullable Cause first;

    private boolean ended, done;
    private BooleanSupplier gently = () -> false;

    /** @param limit after which the work is given up; null for none */
    Interrupts(Signals signals, @Nullable Duration limit) {
        this.signals = signals;
        signals.handle(this::signalled);
        if (limit != null) {
            Thread timer = new Thread(() -> awaitLimit(limit), "time-limit");
            timer.setDaemon(true);
            timer.start();
        }
    }

    /** Leads signals to a handler. */
    interface Signals {
        /** @param handler called on any thread for each SIGINT and SIGTERM; null for what happens by default */
        void handle(@Nullable Runnable handler);
    }

    /** Null as long as nothing interrupted the work. */
    synchronized @Nullable Cause cause() {
        return cause;
    }

    /**
     * From now on a signal asks the work to come to its end before one interrupts it.
     *
     * @param end on any thread; false where that is no use
     */
    synchronized void askFirst(BooleanSupplier end) {
        gently = end;
    }

    /** The work has ended: an interrupt that comes while clients are closed is not why. */
    synchronized void ended() {
        ended = true;
    }

    private void signalled() {
        if (!isAsked() && !interrupt(Cause.SIGNAL)) {
            Runtime.getRuntime().halt(ExitCode.INTERRUPTED.code());
        }
    }

    private void awaitLimit(Duration limit) {
        try {
            if (!closed.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                interrupt(Cause.TIME_LIMIT);
            }
        } catch (InterruptedException e) {
            // Nobody has this thread but this class, which does not interrupt it.
            throw new AssertionError(e);
        }
    }

    private synchronized boolean isAsked() {
        return !done && !ended && gently.getAsBoolean();
    }

    /** False where it had been interrupted before. */
    private synchronized boolean interrupt(Cause why) {
        if (done || first == Cause.SIGNAL) {
            return false;
        }
        boolean isFirst = first == null;
        first = isFirst ? why : first;
        cause = ended ? cause : first;
        worker.interrupt();
        return isFirst;
    }

    @Override
    public void close() {
        signals.handle(null);
        closed.countDown();
        synchronized (this) {
            done = true;
            // An interrupt that came when the work was done must not hit what follows.
            Thread.interrupted();
        }
    }

    /**
     * The signals of this process. They go by {@code sun.misc.Signal}, which every JDK has and no other class can do:
     * a shutdown hook sees the first Ctrl-C but not the second. It is reached by reflection since the compiler's warning
     * about it cannot be turned off.
     */
    static Signals ofProcess() {
        return handler -> {
            for (String name : new String[] {"INT", "TERM"}) {
                try {
                    Class<?> signal = Class.forName("sun.misc.Signal");
                    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
                    Object target = handler == null
                            ? handlerType.getField("SIG_DFL").get(null)
                            : Proxy.newProxyInstance(
                                    handlerType.getClassLoader(), new Class<?>[] {handlerType}, calling(handler));
                    signal.getMethod("handle", signal, handlerType)
                            .invoke(null, signal.getConstructor(String.class).newInstance(name), target);
                } catch (ReflectiveOperationException e) {
                    // Taken by the JVM's user (-Xrs) or not there: then a signal ends the process as ever.
                    return;
                }
            }
        };
    }

    private static InvocationHandler calling(Runnable handler) {
        return (proxy, method, args) -> {
            switch (method.getName()) {
                case "handle" -> handler.run();
                case "hashCode" -> {
                    return System.identityHashCode(proxy);
                }
                case "equals" -> {
                    return args != null && proxy == args[0];
                }
                default -> {
                    return "signal handler";
                }
            }
            return null;
        };
    }
}
