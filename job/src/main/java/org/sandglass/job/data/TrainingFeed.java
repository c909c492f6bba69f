package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.sandglass.ops.random.CounterRandom;
import scala.Tuple2;

/** The microbatches of a task's workers in the order of use: every iteration, and in it every worker of the task. */
final class TrainingFeed implements SampleFeed {

    private final Iterator<Tuple2<Long, byte[]>> samples;
    private final EpochPlan plan;
    private final SampleKeys keys;
    private final int firstWorker;
    private final int workers;
    private long iteration;
    private int worker;

    /** @param fromIteration where to begin; the samples before it are checked and dropped */
    TrainingFeed(
            Iterator<Tuple2<Long, byte[]>> samples, EpochPlan plan, WorkerDeal deal, int task, long fromIteration) {
        if (plan.workers() != deal.workers()) {
            throw new IllegalArgumentException(
                    "Cannot feed: plan and deal differ: workers=%d %d".formatted(plan.workers(), deal.workers()));
        }
        Objects.checkIndex(fromIteration, plan.iterations() + 1);
        this.samples = samples;
        this.plan = plan;
        this.keys = plan.keys();
        this.firstWorker = deal.firstWorker(Objects.checkIndex(task, deal.tasks()));
        this.workers = deal.workersOf(task);
        while (iteration < fromIteration) {
            next();
        }
    }

    @Override
    public boolean hasNext() {
        return iteration < plan.iterations();
    }

    @Override
    public Draft next() {
        if (!hasNext()) {
            throw new NoSuchElementException("No more iterations");
        }
        long nowIteration = iteration;
        int nowWorker = firstWorker + worker;
        int count = plan.samplesOf(nowIteration, nowWorker);
        List<EncodedSample> batch = new ArrayList<>(count);
        for (int slot = 0; slot < count; slot++) {
            batch.add(expect(nowIteration, nowWorker, slot));
        }
        worker = (worker + 1) % workers;
        iteration += worker == 0 ? 1 : 0;
        if (!hasNext() && samples.hasNext()) {
            throw new IllegalStateException(
                    "Cannot train: the exchange brought more samples than task of worker %d uses".formatted(firstWorker)
                            + ": next has key " + samples.next()._1());
        }
        return new Draft(nowIteration, nowWorker, batch);
    }

    @Override
    public CounterRandom random(long id) {
        return CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, plan.seed(), plan.epoch(), id);
    }

    private EncodedSample expect(long nowIteration, int nowWorker, int slot) {
        if (!samples.hasNext()) {
            throw wrong(nowIteration, nowWorker, slot, "it is missing");
        }
        Tuple2<Long, byte[]> arrived = samples.next();
        long key = arrived._1();
        EncodedSample sample = EncodedSample.unpack(arrived._2());
        if (key != plan.key(nowIteration, nowWorker, slot)) {
            throw wrong(nowIteration, nowWorker, slot, "sample %d with key %d came".formatted(sample.id(), key));
        }
        if (sample.id() < 0 || sample.id() >= plan.samples() || !keys.isAt(sample.id(), key)) {
            throw wrong(nowIteration, nowWorker, slot, "sample %d does not belong there".formatted(sample.id()));
        }
        return sample;
    }

    private static IllegalStateException wrong(long iteration, int worker, int slot, String reason) {
        return new IllegalStateException(
                "Cannot train: the exchange brought a wrong sample for iteration %d, worker %d, slot %d: %s"
                        .formatted(iteration, worker, slot, reason));
    }
}
