package org.sandglass.job.data;

import java.io.Serializable;
import java.util.Objects;

/**
 * Which sample is used when, and by whom, in one epoch: a pure function of (samples, workers, perWorkerBatchSize, seed,
 * epoch), whatever the number of tasks.
 *
 * <p>A keyed permutation gives every sample id in [0, samples) its position. With k workers of n samples, position p
 * belongs to iteration ⌊p/kn⌋, worker (p mod kn) mod k, slot (p mod kn) div k (paper §3, data shuffling: one random
 * permutation of the whole set per epoch, divided among the workers). The last iteration may be short; its samples are
 * dealt evenly too, and a worker may be left without any.
 *
 * @param workers k
 * @param perWorkerBatchSize n
 * @param epoch counted from 0 or from 1, as the caller likes: only a key of the permutation
 * @param ownShuffles whether workers shuffle on their own instead, which is a pitfall: {@link OwnShuffles}
 */
public record EpochPlan(long samples, int workers, int perWorkerBatchSize, long seed, int epoch, boolean ownShuffles)
        implements Serializable {

    /** @throws IllegalArgumentException if samples, workers or perWorkerBatchSize is not positive */
    public EpochPlan {
        if (samples <= 0 || workers <= 0 || perWorkerBatchSize <= 0) {
            throw new IllegalArgumentException("Cannot plan an epoch: samples=%d workers=%d perWorkerBatchSize=%d"
                    .formatted(samples, workers, perWorkerBatchSize));
        }
    }

    /** One permutation for all workers. */
    public EpochPlan(long samples, int workers, int perWorkerBatchSize, long seed, int epoch) {
        this(samples, workers, perWorkerBatchSize, seed, epoch, false);
    }

    /** kn: the samples of every iteration but perhaps the last. */
    public long globalBatchSize() {
        return (long) workers * perWorkerBatchSize;
    }

    public long iterations() {
        return (samples - 1) / globalBatchSize() + 1;
    }

    public long samplesIn(long iteration) {
        Objects.checkIndex(iteration, iterations());
        return Math.min(globalBatchSize(), samples - iteration * globalBatchSize());
    }

    public int samplesOf(long iteration, int worker) {
        Objects.checkIndex(worker, workers);
        long inIteration = samplesIn(iteration);
        return (int) (inIteration / workers + (worker < inIteration % workers ? 1 : 0));
    }

    /** How many workers have at least one sample in an iteration. */
    public int activeWorkers(long iteration) {
        return (int) Math.min(workers, samplesIn(iteration));
    }

    /** Where sample {@code id} stands in this epoch's order; for many ids at once see {@link #keys}. */
    public long position(long id) {
        return permutation().position(id);
    }

    /** Which sample stands at a position: the inverse of {@link #position}. */
    public long idAt(long position) {
        return permutation().element(position);
    }

    public long iterationOf(long position) {
        return position / globalBatchSize();
    }

    public int workerOf(long position) {
        return (int) (position % globalBatchSize() % workers);
    }

    public int slotOf(long position) {
        return (int) (position % globalBatchSize() / workers);
    }

    /** The sort key of a slot: in the order iteration, worker, slot. */
    public long key(long iteration, int worker, int slot) {
        return iteration * globalBatchSize() + (long) worker * perWorkerBatchSize + slot;
    }

    public int workerOfKey(long key) {
        return (int) (key % globalBatchSize() / perWorkerBatchSize);
    }

    KeyedPermutation permutation() {
        return KeyedPermutation.of(samples, seed, epoch);
    }

    /** Which sample stands where. */
    interface Order {
        long idAt(long iteration, int worker, int slot);
    }

    /** The inverse of {@link #keys}, with the permutation set up once. */
    Order order() {
        if (ownShuffles) {
            return new OwnShuffles(this)::idAt;
        }
        KeyedPermutation permutation = permutation();
        return (iteration, worker, slot) ->
                permutation.element(iteration * globalBatchSize() + (long) slot * workers + worker);
    }

    /** From sample ids to sort keys, with the permutation set up once. */
    SampleKeys keys() {
        if (ownShuffles) {
            return new OwnShuffles(this);
        }
        KeyedPermutation permutation = permutation();
        return SampleKeys.once(id -> {
            long position = permutation.position(id);
            return key(iterationOf(position), workerOf(position), slotOf(position));
        });
    }
}
