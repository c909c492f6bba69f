package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;

/**
 * Brings every sample, still encoded, to the task that uses it, in the order of use: a Spark shuffle whose partitions are
 * fetched and sorted in {@linkplain SectionedShuffle sections}. What a section takes is bounded by {@value #SECTION_BYTES}
 * bytes as far as images are about equally large, and where they are not by Spark's external sorter, which spills.
 *
 * <p>The methods that return an RDD only describe the exchange; {@link #run}, or the job that consumes the RDD, runs it.
 * Values are for
 * {@link ShardIterator}.
 */
public final class Exchange {

    /** What a task sorts at a time, about. */
    static final long SECTION_BYTES = 32L << 20;

    /** What a record takes in the memory of Spark's sorter beside the encoded image. */
    private static final long RECORD_BYTES = 96;

    private Exchange() {}

    /** For training: partition = task of the deal, sorted by iteration, worker, slot ({@link EpochPlan#key}). */
    public static JavaPairRDD<Long, byte[]> shuffle(SampleTable table, EpochPlan plan, WorkerDeal deal) {
        return shuffle(table, plan, deal, sections(table, deal.tasks()));
    }

    /** The same, read from the table by at most {@code readers} tasks, for slots that others leave. */
    public static JavaPairRDD<Long, byte[]> shuffleAside(
            SampleTable table, EpochPlan plan, WorkerDeal deal, int readers) {
        return shuffle(table, table.rows().coalesce(readers), plan, deal, sections(table, deal.tasks()));
    }

    static JavaPairRDD<Long, byte[]> shuffle(SampleTable table, EpochPlan plan, WorkerDeal deal, int sections) {
        return shuffle(table, table.rows(), plan, deal, sections);
    }

    /**
     * Runs the map stage of an exchange, or what is missing of it, in a job of its own: the job that consumes the RDD
     * then finds it done.
     */
    public static void run(JavaPairRDD<Long, byte[]> exchange) {
        // A partition whose samples are not asked for fetches nothing.
        exchange.mapPartitions(samples -> Collections.emptyIterator()).collectPartitions(new int[] {0});
    }

    private static JavaPairRDD<Long, byte[]> shuffle(
            SampleTable table, JavaRDD<Row> rows, EpochPlan plan, WorkerDeal deal, int sections) {
        if (plan.samples() != table.samples() || plan.workers() != deal.workers()) {
            throw new IllegalArgumentException(
                    "Cannot exchange: plan, table and deal differ: samples=%d %d workers=%d %d"
                            .formatted(plan.samples(), table.samples(), plan.workers(), deal.workers()));
        }
        return exchange(table, rows, plan::keys, SectionPartitioner.byWorker(plan, deal, sections));
    }

    /**
     * For training from the hosts' packs, in which nothing travels: every task finds out for itself which samples are
     * its own, and reads them from the pack of its host, which must be whole.
     */
    public static JavaPairRDD<Long, byte[]> references(
            JavaSparkContext spark, PackOrder pack, EpochPlan plan, WorkerDeal deal) {
        PackPlan packPlan = pack.plan();
        List<Integer> tasks = IntStream.range(0, deal.tasks()).boxed().collect(Collectors.toCollection(ArrayList::new));
        return spark.parallelize(tasks, deal.tasks())
                .mapPartitionsToPair(task -> new PackedSamples(packPlan, plan, deal, task.next()));
    }

    /** For evaluation: ids in order, cut into even ranges; with more tasks than samples some partitions are empty. */
    public static JavaPairRDD<Long, byte[]> inOrder(SampleTable table, int tasks) {
        return inOrder(table, tasks, sections(table, tasks));
    }

    static JavaPairRDD<Long, byte[]> inOrder(SampleTable table, int tasks, int sections) {
        return exchange(
                table,
                table.rows(),
                () -> SampleKeys.once(id -> id),
                SectionPartitioner.byRange(new EvenBlocks(table.samples(), tasks), sections));
    }

    /** How many parts a task's share is to be cut into. */
    static int sections(SampleTable table, int tasks) {
        return sections(table.imageBytes(), table.samples(), tasks);
    }

    static int sections(long imageBytes, long samples, int tasks) {
        long share = (imageBytes + samples * RECORD_BYTES) / tasks;
        return Math.toIntExact(share / SECTION_BYTES + 1);
    }

    private static JavaPairRDD<Long, byte[]> exchange(
            SampleTable table, JavaRDD<Row> rows, SamplePacker.KeySource keys, SectionPartitioner partitioner) {
        return SectionedShuffle.of(
                rows.mapPartitionsToPair(new SamplePacker(table.index(), table.classes(), keys)), partitioner);
    }
}
