package dev.millrace.driver.continuous;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Times at which all that is counted is all that was there: what was there when a barrier was asked for is told, then nothing
 * more until that is counted. All that were asked for by then are one: whoever waits asks again and again, and one that is
 * under way comes too early for them. The driver's thread.
 */
final class Barriers {
    private static final long LOOKED_NANOS = 1_000_000_000;
    /** One that waits for so long says for what. */
    private static final long HELD_UP_NANOS = 10_000_000_000L;

    private final DocumentSource source;
    private final SourcePartitions partitions;
    private final Consumer<String> notice;
    private final List<Long> asked = new ArrayList<>();
    /** Under way, as one; empty where none is. */
    private final List<Long> underWay = new ArrayList<>();

    private long since, looked;
    private boolean isHeldUpTold, draining;
    /** Its topic is gone, so it takes what was read of that. */
    private boolean isCut;

    Barriers(DocumentSource source, SourcePartitions partitions, Consumer<String> notice) {
        this.source = source;
        this.partitions = partitions;
        this.notice = notice;
    }

    void ask(long number) {
        asked.add(number);
    }

    /** Whether nothing more is to be told. */
    boolean isDraining() {
        return draining;
    }

    boolean isEmpty() {
        return asked.isEmpty() && underWay.isEmpty();
    }

    /**
     * To be called in each turn.
     *
     * @param isQuiet whether all that was told is counted
     * @return those that are reached with that
     */
    List<Long> reached(BooleanSupplier isQuiet) {
        if (underWay.isEmpty() && !asked.isEmpty()) {
            begin();
        }
        if (!underWay.isEmpty() && !draining) {
            look();
        }
        if (!draining || !isQuiet.getAsBoolean()) {
            return List.of();
        }
        List<Long> reached = List.copyOf(underWay);
        underWay.clear();
        draining = false;
        return reached;
    }

    private void begin() {
        partitions.growNow();
        isCut = !partitions.isThere();
        source.beginBarrier(isCut ? partitions.positions() : partitions.writtenEnds());
        underWay.addAll(asked);
        asked.clear();
        since = System.nanoTime();
        looked = since;
        isHeldUpTold = false;
    }

    private void look() {
        draining = source.isPastBarrier(partitions.positions());
        long now = System.nanoTime();
        if (draining || now - looked <= LOOKED_NANOS) {
            return;
        }
        looked = now;
        if (!isCut && !partitions.isThere()) {
            isCut = true;
            source.beginBarrier(partitions.positions()); // nothing more can be read of it
        } else if (!isHeldUpTold && now - since > HELD_UP_NANOS) {
            isHeldUpTold = true;
            if (!isCut) {
                partitions.heldUpBy().forEach(this::tell);
            }
            String other = source.heldUpBy();
            if (other != null) {
                tell(other);
            }
        }
    }

    private void tell(String waitedFor) {
        notice.accept("a snapshot waits for " + waitedFor);
    }
}
