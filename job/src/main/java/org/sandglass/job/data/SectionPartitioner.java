package org.sandglass.job.data;

import java.io.Serializable;
import org.apache.spark.Partitioner;

/**
 * Sends the key of a sample to a section of the share of the task that uses it: partition = task · sections + section,
 * and keys rise from section to section.
 */
final class SectionPartitioner extends Partitioner {

    private static final long serialVersionUID = 1L;

    private final Cut cut;

    /** Where a key belongs. */
    private sealed interface Cut extends Serializable {
        int tasks();

        int sections();

        int task(long key);

        int section(long key);
    }

    /** By the worker of a key, then by its iteration. */
    private record ByWorker(long keysPerIteration, long keysPerWorker, EvenBlocks workers, EvenBlocks iterations)
            implements Cut {

        @Override
        public int tasks() {
            return workers.blocks();
        }

        @Override
        public int sections() {
            return iterations.blocks();
        }

        @Override
        public int task(long key) {
            return workers.blockOf(key % keysPerIteration / keysPerWorker);
        }

        @Override
        public int section(long key) {
            return iterations.blockOf(key / keysPerIteration);
        }
    }

    /** Even ranges of keys, each cut into even ranges. */
    private record ByRange(EvenBlocks ranges, int sections) implements Cut {

        @Override
        public int tasks() {
            return ranges.blocks();
        }

        @Override
        public int task(long key) {
            return ranges.blockOf(key);
        }

        @Override
        public int section(long key) {
            int task = task(key);
            return new EvenBlocks(ranges.length(task), sections).blockOf(key - ranges.first(task));
        }
    }

    private SectionPartitioner(Cut cut) {
        this.cut = cut;
    }

    /** To the task that runs the worker of the key; a section is a range of iterations. */
    static SectionPartitioner byWorker(EpochPlan plan, WorkerDeal deal, int sections) {
        return new SectionPartitioner(new ByWorker(
                plan.globalBatchSize(),
                plan.perWorkerBatchSize(),
                new EvenBlocks(deal.workers(), deal.tasks()),
                new EvenBlocks(plan.iterations(), (int) Math.min(sections, plan.iterations()))));
    }

    /** Keys are [0, samples) themselves, cut into even ranges. */
    static SectionPartitioner byRange(EvenBlocks ranges, int sections) {
        return new SectionPartitioner(new ByRange(ranges, sections));
    }

    int tasks() {
        return cut.tasks();
    }

    int sections() {
        return cut.sections();
    }

    @Override
    public int numPartitions() {
        return Math.multiplyExact(cut.tasks(), cut.sections());
    }

    @Override
    public int getPartition(Object key) {
        long number = (Long) key;
        return cut.task(number) * cut.sections() + cut.section(number);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SectionPartitioner that && cut.equals(that.cut);
    }

    @Override
    public int hashCode() {
        return cut.hashCode();
    }
}
