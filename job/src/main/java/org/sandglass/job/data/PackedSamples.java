package org.sandglass.job.data;

import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import scala.Tuple2;

/** A task's share of an epoch in the order of use, out of its host's pack. */
final class PackedSamples implements Iterator<Tuple2<Long, byte[]>> {

    private final EpochPlan plan;
    private final EpochPlan.Order order;
    private final HostPack pack;
    private final int firstWorker;
    private final int endWorker;
    private long iteration;
    private int worker;
    private int slot;

    /** @throws UncheckedIOException if this host's pack is not whole */
    PackedSamples(PackPlan packPlan, EpochPlan plan, WorkerDeal deal, int task) {
        this.plan = plan;
        this.order = plan.order();
        HostPack opened = HostPack.open(packPlan);
        if (opened == null) {
            throw new UncheckedIOException(
                    new java.io.IOException("No whole pack on this host: " + packPlan.path() + " (a new executor?)"));
        }
        this.pack = opened;
        this.firstWorker = deal.firstWorker(task);
        this.endWorker = firstWorker + deal.workersOf(task);
        this.worker = firstWorker;
        skipEmpty();
    }

    @Override
    public boolean hasNext() {
        return iteration < plan.iterations();
    }

    @Override
    public Tuple2<Long, byte[]> next() {
        if (!hasNext()) {
            throw new NoSuchElementException("No more samples");
        }
        byte[] packed = pack.read(order.idAt(iteration, worker, slot));
        Tuple2<Long, byte[]> sample = new Tuple2<>(plan.key(iteration, worker, slot), packed);
        slot++;
        skipEmpty();
        return sample;
    }

    /** To the next worker that has a sample left. */
    private void skipEmpty() {
        while (iteration < plan.iterations() && slot >= plan.samplesOf(iteration, worker)) {
            slot = 0;
            worker++;
            if (worker == endWorker) {
                worker = firstWorker;
                iteration++;
            }
        }
    }
}
