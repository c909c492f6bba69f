package org.sandglass.job.train;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.sandglass.job.config.FailureSettings;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs stages until they succeed: after a loss it waits, finds out how many tasks can go on, and tries again, a bounded
 * number of times in the driver's life.
 *
 * <p>Belongs to the driver's thread; only {@link #reached} is called by others.
 */
final class Restarts {

    private static final Logger LOG = LoggerFactory.getLogger(Restarts.class);
    private static final int MAX_DOUBLINGS = 6;

    private final FailureSettings settings;
    private final Width width;
    private final Progress progress;
    private final BiConsumer<String, String> record;
    private final Consumer<Duration> pause;
    private final AtomicLong reached = new AtomicLong(-1);
    private long reachedBefore = -1;
    private int doublings;
    private int count;

    /** How many tasks there are, which may have to change after a loss. */
    interface Width {
        int tasks();

        /** Something was lost: begins with what can be done before {@link #regroup}. */
        default void lost() {}

        /** Finds out how many tasks can go on. */
        void regroup();
    }

    /** A piece of work that a loss may end. */
    interface Attempt<T> {
        T run() throws Gang.Lost;
    }

    /** @param record is told of each restart: what is done again, and why */
    Restarts(FailureSettings settings, Width width, Progress progress, BiConsumer<String, String> record) {
        this(settings, width, progress, record, Restarts::sleep);
    }

    Restarts(
            FailureSettings settings,
            Width width,
            Progress progress,
            BiConsumer<String, String> record,
            Consumer<Duration> pause) {
        this.settings = settings;
        this.width = width;
        this.progress = progress;
        this.record = record;
        this.pause = pause;
    }

    /** An iteration of the run was trained: restarts bring training further, and need not wait longer each time. */
    void reached(long iteration) {
        reached.accumulateAndGet(iteration, Math::max);
    }

    /**
     * Runs it as often as necessary.
     *
     * @param what completes "Cannot …" and "Lost: …"
     * @throws JobFailure if it was lost too often, or too few executors are left
     */
    <T> T run(String what, Attempt<T> attempt) {
        while (true) {
            try {
                return attempt.run();
            } catch (Gang.Lost e) {
                LOG.warn("Lost a stage: {}", what, e);
                prepareAnother(what, e);
            }
        }
    }

    private void prepareAnother(String what, Gang.Lost loss) {
        if (count >= settings.maxRestarts()) {
            throw new JobFailure(
                    ExitCode.CLUSTER,
                    "Cannot " + what + ": gave up after " + count + " restarts (failure.maxRestarts): "
                            + loss.getMessage(),
                    loss);
        }
        count++;
        record.accept(what, String.valueOf(loss.getMessage()));
        progress.note("Lost: " + what + ": " + loss.getMessage() + "; restart " + count + " of at most "
                + settings.maxRestarts());
        long lost = System.nanoTime();
        width.lost();
        pause.accept(backoff());
        int before = width.tasks();
        width.regroup();
        LOG.info("Slots for {} tasks after {} ms", width.tasks(), (System.nanoTime() - lost) / 1_000_000);
        if (width.tasks() != before) {
            progress.note("Going on with " + width.tasks() + " tasks instead of " + before);
        }
    }

    private Duration backoff() {
        long now = reached.get();
        doublings = now > reachedBefore ? 0 : Math.min(doublings + 1, MAX_DOUBLINGS);
        reachedBefore = now;
        return settings.backoff().multipliedBy(1L << doublings);
    }

    private static void sleep(Duration duration) {
        try {
            TimeUnit.MILLISECONDS.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Interrupted while waiting to restart", e);
        }
    }
}
