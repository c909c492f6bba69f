package org.sandglass.job.data;

import org.apache.spark.api.java.JavaPairRDD;

/**
 * Brings every sample, still encoded, to the task that uses it, in the order of use: a Spark shuffle, sorted within
 * partitions. Memory is bounded by Spark's external sorter, which spills.
 *
 * <p>Both methods only describe the exchange; the job that consumes the RDD runs it, as its map stage. Values are for
 * {@link ShardIterator}.
 */
public final class Exchange {

    private Exchange() {}

    /** For training: partition = task of the deal, sorted by iteration, worker, slot ({@link EpochPlan#key}). */
    public static JavaPairRDD<Long, byte[]> shuffle(SampleTable table, EpochPlan plan, WorkerDeal deal) {
        if (plan.samples() != table.samples() || plan.workers() != deal.workers()) {
            throw new IllegalArgumentException(
                    "Cannot exchange: plan, table and deal differ: samples=%d %d workers=%d %d"
                            .formatted(plan.samples(), table.samples(), plan.workers(), deal.workers()));
        }
        return exchange(table, plan::keys, BlockPartitioner.byWorker(plan, deal));
    }

    /** For evaluation: ids in order, cut into even ranges; with more tasks than samples some partitions are empty. */
    public static JavaPairRDD<Long, byte[]> inOrder(SampleTable table, int tasks) {
        return exchange(
                table,
                () -> SampleKeys.once(id -> id),
                BlockPartitioner.byRange(new EvenBlocks(table.samples(), tasks)));
    }

    private static JavaPairRDD<Long, byte[]> exchange(
            SampleTable table, SamplePacker.KeySource keys, BlockPartitioner partitioner) {
        return table.rows()
                .mapPartitionsToPair(new SamplePacker(table.index(), table.classes(), keys))
                .repartitionAndSortWithinPartitions(partitioner);
    }
}
