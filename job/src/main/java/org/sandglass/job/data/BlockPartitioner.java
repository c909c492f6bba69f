package org.sandglass.job.data;

import java.util.Objects;
import org.apache.spark.Partitioner;

/** Sends the key of a sample to the task that uses it. */
final class BlockPartitioner extends Partitioner {

    private static final long serialVersionUID = 1L;

    private final long keysPerRound;
    private final long keysPerItem;
    private final EvenBlocks blocks;

    private BlockPartitioner(long keysPerRound, long keysPerItem, EvenBlocks blocks) {
        this.keysPerRound = keysPerRound;
        this.keysPerItem = keysPerItem;
        this.blocks = blocks;
    }

    /** To the task that runs the worker of the key. */
    static BlockPartitioner byWorker(EpochPlan plan, WorkerDeal deal) {
        return new BlockPartitioner(
                plan.globalBatchSize(), plan.perWorkerBatchSize(), new EvenBlocks(deal.workers(), deal.tasks()));
    }

    /** Keys are [0, samples) themselves, cut into even ranges. */
    static BlockPartitioner byRange(EvenBlocks ranges) {
        return new BlockPartitioner(Long.MAX_VALUE, 1, ranges);
    }

    @Override
    public int numPartitions() {
        return blocks.blocks();
    }

    @Override
    public int getPartition(Object key) {
        return blocks.blockOf((Long) key % keysPerRound / keysPerItem);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BlockPartitioner that
                && keysPerRound == that.keysPerRound
                && keysPerItem == that.keysPerItem
                && blocks.equals(that.blocks);
    }

    @Override
    public int hashCode() {
        return Objects.hash(keysPerRound, keysPerItem, blocks);
    }
}
