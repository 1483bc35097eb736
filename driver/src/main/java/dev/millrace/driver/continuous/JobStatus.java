package dev.millrace.driver.continuous;

import dev.millrace.job.Event;
import dev.millrace.job.JobSpec;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What the driver tells of how its job does. Counted is what reducers have published, so they are asked now and then how far
 * behind they are. Pure: time comes in as an argument, in milliseconds of any clock.
 */
final class JobStatus {
    /** Between two times that reducers are asked, at least. */
    private static final long ECHO_MILLIS = 5_000;
    /** Reducers that keep up have answered by then. */
    private static final long ANSWERED_MILLIS = 2_000;

    private final JobSpec spec;
    private final DocumentTracker tracker;
    private final ChangeRate rate = new ChangeRate();
    private final ReducersAsked echo = new ReducersAsked();
    /** The watermark when reducers were asked last. */
    private long echoed;

    private boolean heldUp;
    private Event.@Nullable ContinuousStatus said;
    private long saidMillis;

    JobStatus(JobSpec spec, DocumentTracker tracker) {
        this.spec = spec;
        this.tracker = tracker;
    }

    /** The number of a mark that reducers are to be asked with now; empty where it is not time, or nothing is new. */
    OptionalLong ask(long nowMillis) {
        boolean isDue = echo.isAnswered() && tracker.watermark() > echoed && echo.askedMillis(nowMillis) > ECHO_MILLIS;
        if (!isDue && !echo.isLate(nowMillis)) {
            return OptionalLong.empty();
        }
        echoed = tracker.watermark();
        return OptionalLong.of(echo.ask(spec.partitions(), nowMillis));
    }

    void answered(Event.PartitionBarrier reached) {
        echo.answered(reached);
    }

    /**
     * To be called about once a second.
     *
     * @param heldUpMillis how long what was produced has waited to be read; 0 where nothing has
     */
    ContinuousStatus now(long nowMillis, long heldUpMillis) {
        heldUp = heldUpMillis > 0;
        long fresh = Math.max(tracker.freshnessMillis(nowMillis), heldUp ? heldUpMillis : -1);
        return new ContinuousStatus(
                tracker.documents(),
                tracker.total().tokens(),
                tracker.changes(),
                rate.perSecond(tracker.changes(), nowMillis),
                tracker.waiting(),
                tracker.openTasks(),
                tracker.unreadable().size(),
                isReducedLate(nowMillis) ? Math.max(echo.behindMillis(nowMillis), fresh) : fresh);
    }

    private boolean isReducedLate(long nowMillis) {
        return echo.behindMillis(nowMillis) > ANSWERED_MILLIS;
    }

    /**
     * What is to be said; null where the same was, and not long ago: whoever asks how the job does must find something, and
     * tell from its age whether this driver runs.
     *
     * @param atMillis time of day, which may be set back
     */
    Event.@Nullable ContinuousStatus toSay(ContinuousStatus status, long nowMillis, long atMillis) {
        Event.ContinuousStatus last = said;
        Event.ContinuousStatus event = event(status, nowMillis, atMillis);
        if (last != null
                && event(status, nowMillis, last.atMillis()).equals(last)
                && nowMillis - saidMillis < DriverStatus.REPEATED_MILLIS) {
            return null;
        }
        said = event;
        saidMillis = nowMillis;
        return event;
    }

    private Event.ContinuousStatus event(ContinuousStatus status, long nowMillis, long atMillis) {
        return new Event.ContinuousStatus(
                spec.id(),
                atMillis,
                status.documents(),
                status.tokens(),
                status.changes(),
                status.changesPerSecond(),
                status.waiting(),
                status.openTasks(),
                status.unreadable(),
                status.freshnessMillis(),
                tracker.isBehind() || heldUp || isReducedLate(nowMillis));
    }
}
