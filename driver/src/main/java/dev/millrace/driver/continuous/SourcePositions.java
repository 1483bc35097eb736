package dev.millrace.driver.continuous;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How far sources have been read, and which of what was read is in no task that is issued: a driver that takes over reads on
 * from the first of that. What could not be read may hold a position for long; then it is known as well up to where all else
 * is in tasks, and which positions are not, so that of what is read again these alone are taken. By name, and any other number
 * that a source wants to find again. The driver's thread.
 */
final class SourcePositions {
    /**
     * Behind the name of a source that is to be read again for what could not be read: up to where all else is in tasks, and,
     * with its position, each that is not; and up to where all else is but for those that are not named.
     */
    private static final String DONE_BELOW = "#below", OPEN = "#open@", ALL_DONE_BELOW = "#all-below";
    /** Of a job; each is named with every position that is written. Behind so many, all is read again. */
    private static final int MOST_KEPT = 1_000;

    private final Map<String, Source> sources = new HashMap<>();

    private static final class Source {
        private long next;
        /** Positions, in the order in which they came, which is the order of the source. */
        private final Set<Long> held = new LinkedHashSet<>();
        /** Those of them of which nothing was told yet. */
        private final Set<Long> announced = new HashSet<>();
        /** Those of them that could not be read, and, in their order, those that are none of these. */
        private final Set<Long> kept = new HashSet<>(), underWay = new LinkedHashSet<>();

        /** What an earlier driver had in tasks, but for what it names; and but for what it does not name as well. */
        private long doneBefore, allDoneBefore;

        private final Set<Long> openBefore = new TreeSet<>();

        private void hold(String name, long position) {
            if (position < next) {
                throw new IllegalArgumentException(
                        "position " + position + " of " + name + " comes behind " + (next - 1));
            }
            next = position + 1;
            held.add(position);
            underWay.add(position);
        }

        private void release(long position) {
            held.remove(position);
            underWay.remove(position);
            kept.remove(position);
        }

        private long resumeAt() {
            return held.isEmpty() ? next : held.iterator().next();
        }

        /**
         * All below is in tasks, but for {@link #open}.
         *
         * @param mostKept how many may be named that could not be read
         */
        private long doneBelow(int mostKept) {
            int passed = 0;
            for (long position : held) {
                if (position >= doneBefore && (!kept.contains(position) || passed >= mostKept)) {
                    return position;
                }
                passed++;
            }
            return Math.max(next, doneBefore);
        }

        /** All below is in tasks, but for what could not be read. */
        private long allDoneBelow() {
            for (long position : underWay) {
                if (position >= doneBefore) {
                    return position;
                }
            }
            return Math.max(next, Math.max(doneBefore, allDoneBefore));
        }

        private List<Long> open(long doneBelow) {
            List<Long> open = new ArrayList<>();
            for (long position : held) {
                if (position >= doneBelow) {
                    break;
                }
                open.add(position);
            }
            for (long position : openBefore) {
                if (position >= next) {
                    open.add(position);
                }
            }
            return open;
        }
    }

    private Source source(String name) {
        return sources.computeIfAbsent(name, added -> new Source());
    }

    /** Takes what an earlier driver has {@link #written}. */
    void restore(Map<String, Long> written) {
        written.forEach((name, value) -> {
            int done = name.indexOf(DONE_BELOW), all = name.indexOf(ALL_DONE_BELOW), open = name.indexOf(OPEN);
            if (done >= 0) {
                source(name.substring(0, done)).doneBefore = value;
            } else if (all >= 0) {
                source(name.substring(0, all)).allDoneBefore = value;
            } else if (open >= 0) {
                source(name.substring(0, open)).openBefore.add(value);
            } else {
                source(name).next = value;
            }
        });
    }

    /** What the next driver goes on by. */
    Map<String, Long> written() {
        long keeping = sources.values().stream()
                .filter(source -> !source.kept.isEmpty())
                .count();
        int mostKept = (int) (MOST_KEPT / Math.max(keeping, 1));
        Map<String, Long> written = new HashMap<>();
        sources.forEach((name, source) -> {
            long from = source.resumeAt(), below = source.doneBelow(mostKept), all = source.allDoneBelow();
            written.put(name, from);
            if (below > from) {
                written.put(name + DONE_BELOW, below);
                source.open(below).forEach(open -> written.put(name + OPEN + open, open));
            }
            if (all > below) {
                written.put(name + ALL_DONE_BELOW, all);
            }
        });
        return written;
    }

    // ---- what a source says

    /**
     * There is a change that is told later, unless it is {@link #passOver passed over}.
     *
     * @throws IllegalArgumentException if it is not behind all that the source has said before
     */
    void announce(String name, long position) {
        Source source = source(name);
        source.hold(name, position);
        source.announced.add(position);
    }

    /**
     * The change there waits for a task.
     *
     * @throws IllegalArgumentException if it was not announced, and is not behind all that the source has said before
     */
    void told(String name, long position) {
        Source source = source(name);
        if (!source.announced.remove(position)) {
            source.hold(name, position);
        }
        if (source.doneBefore <= position && position < source.allDoneBefore) {
            source.allDoneBefore = 0; // an older version may take the place of what was done
        }
    }

    /** Nothing comes of what was announced. */
    void passOver(String name, long position) {
        Source source = announced(name, position);
        source.announced.remove(position);
        source.release(position);
    }

    /** What was announced cannot be told for now; who takes over may have to do without it. */
    void keep(String name, long position) {
        Source source = announced(name, position);
        source.underWay.remove(position);
        source.kept.add(position);
    }

    private Source announced(String name, long position) {
        Source source = sources.get(name);
        if (source == null || !source.announced.contains(position)) {
            throw new IllegalArgumentException("nothing was announced at position " + position + " of " + name);
        }
        return source;
    }

    /** The change there is in a task, or a newer one has taken its place. */
    void release(String name, long position) {
        source(name).release(position);
    }

    /**
     * A source without changes of its own between has been read so far.
     *
     * @return whether that is further than what was known
     */
    boolean readUpTo(String name, long next) {
        boolean isNew = !sources.containsKey(name);
        Source source = source(name);
        boolean isFurther = isNew || next > source.next;
        source.next = Math.max(source.next, next);
        return isFurther;
    }

    /** To be written, and found again by {@link #next}. */
    void remember(String name, long value) {
        source(name).next = value;
    }

    /** There is something at a position, behind all that was told, where nothing had been. */
    void unread(String name, long position) {
        Source source = source(name);
        source.next = Math.min(source.next, position);
        source.doneBefore = Math.min(source.doneBefore, position);
        source.allDoneBefore = Math.min(source.allDoneBefore, position);
    }

    // ---- what is known

    /** Whether a name is known that begins so. */
    boolean isKnown(String beginning) {
        return sources.keySet().stream().anyMatch(name -> name.startsWith(beginning));
    }

    /** Where to read a source from; null where it was never read. */
    @Nullable
    Long next(String name) {
        Source source = sources.get(name);
        return source == null ? null : source.next;
    }

    /** Below which position all is in tasks, but for what could not be read; null where the source was never read. */
    @Nullable
    Long doneBelow(String name) {
        Source source = sources.get(name);
        return source == null ? null : source.allDoneBelow();
    }

    /**
     * Below which position all was read, or was in tasks of an earlier driver, but for what could not be read; 0 where
     * the source was never read.
     */
    long dealtWithBelow(String name) {
        Source source = sources.get(name);
        return source == null ? 0 : Math.max(source.next, Math.max(source.doneBefore, source.allDoneBefore));
    }

    /** Whether a source was read up to there, and all of it is in tasks, but for what could not be read. */
    boolean isInTasks(String name, long end) {
        Source source = sources.get(name);
        return source != null && source.next >= end && source.underWay.stream().allMatch(position -> position >= end);
    }

    /** Whether an earlier driver had in a task what is read again for the sake of what it could not read. */
    boolean wasDone(String name, long position) {
        Source source = sources.get(name);
        return source != null && position < source.doneBefore && !source.openBefore.contains(position);
    }
}
