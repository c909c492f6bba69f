package org.sandglass.job.train;

import java.util.OptionalInt;
import org.sandglass.job.data.EpochPlan;

/**
 * When the state of an epoch under way is copied, and where to: the memory of two executors, on two hosts where there are
 * two ({@link Rendezvous} chooses them), and the file system, in the background, by rank 0.
 *
 * <p>Rank 0 decides when, and its decision travels with the gradients, so that every rank takes part in the same one.
 */
final class EpochSnapshots {

    private static final long AUTO_NANOS = 60_000_000_000L;

    private final Worker worker;
    private final EpochPlan plan;
    private final String uri;
    private final OptionalInt everyIterations;
    private long attempt;
    private long lastIteration;
    private long lastNanos;

    /** @param uri of the directory of snapshots */
    EpochSnapshots(Worker worker, EpochPlan plan, String uri) {
        this.worker = worker;
        this.plan = plan;
        this.uri = uri;
        this.everyIterations = worker.recipe().checkpoint().everyIterations();
    }

    /** Training starts with the state that the worker has: it is held in memory from now on. */
    void begin() {
        Stamp start = worker.stamp();
        attempt = start.attempt();
        lastIteration = start.iterations() - plan.epoch() * plan.iterations();
        lastNanos = System.nanoTime();
        if (!worker.snapshotWriter().idle()) {
            return;
        }
        if (worker.keepsSnapshots()) {
            worker.snapshot().capture(worker, start, worker.progress());
        } else {
            worker.snapshot().forget();
        }
    }

    /** The number of the stage. */
    long attempt() {
        return attempt;
    }

    /** Whether rank 0 wants a snapshot after {@code iteration}; never after the last one, which has its checkpoint. */
    boolean isDue(long iteration) {
        long done = iteration + 1;
        if (done >= plan.iterations() || !worker.snapshotWriter().idle()) {
            return false;
        }
        return everyIterations.isPresent()
                ? everyIterations.getAsInt() > 0 && done - lastIteration >= everyIterations.getAsInt()
                : System.nanoTime() - lastNanos >= AUTO_NANOS;
    }

    /** Takes one after {@code iteration}. */
    void take(long iteration, EpochProgress progress) {
        lastIteration = iteration + 1;
        lastNanos = System.nanoTime();
        if (!worker.keepsSnapshots() || !worker.snapshotWriter().idle()) {
            return;
        }
        Stamp stamp = new Stamp(plan.epoch() * plan.iterations() + lastIteration, attempt);
        worker.snapshot().capture(worker, stamp, progress);
        if (worker.communicator().rank() == 0) {
            worker.snapshotWriter().write(worker, worker.snapshot(), plan, uri);
        }
    }
}
