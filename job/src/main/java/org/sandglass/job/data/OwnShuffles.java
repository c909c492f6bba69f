package org.sandglass.job.data;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.sandglass.ops.random.CounterRandom;

/**
 * The pitfall of data shuffling (Goyal et al., section 3), to be measured: every worker shuffles the whole set on its own
 * and takes as many samples from the beginning of its order as its share is. Some samples are then used several times in
 * an epoch, and others not at all; with many workers, 1/e of them.
 */
final class OwnShuffles implements SampleKeys {

    private final EpochPlan plan;
    private final KeyedPermutation[] orders;

    OwnShuffles(EpochPlan plan) {
        this.plan = plan;
        this.orders = IntStream.range(0, plan.workers())
                .mapToObj(worker -> KeyedPermutation.of(
                        plan.samples(),
                        CounterRandom.of(CounterRandom.Purpose.PERMUTATION, plan.seed(), plan.epoch(), worker)))
                .toArray(KeyedPermutation[]::new);
    }

    @Override
    public long[] keysOf(long id) {
        long[] keys = new long[plan.workers()];
        int count = 0;
        for (int worker = 0; worker < orders.length; worker++) {
            long key = key(id, worker);
            if (key >= 0) {
                keys[count++] = key;
            }
        }
        return Arrays.copyOf(keys, count);
    }

    /** The sample that a worker uses there. */
    long idAt(long iteration, int worker, int slot) {
        return orders[worker].element(iteration * plan.perWorkerBatchSize() + slot);
    }

    @Override
    public boolean isAt(long id, long key) {
        return key(id, plan.workerOfKey(key)) == key;
    }

    /** Where a worker uses the sample; −1 if it does not. */
    private long key(long id, int worker) {
        long place = orders[worker].position(id);
        long iteration = place / plan.perWorkerBatchSize();
        int slot = (int) (place % plan.perWorkerBatchSize());
        boolean used = iteration < plan.iterations() && slot < plan.samplesOf(iteration, worker);
        return used ? plan.key(iteration, worker, slot) : -1;
    }
}
