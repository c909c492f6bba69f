package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * What Spark's UI shows of a stage while it runs and afterwards: accumulators of samples and of the sum of their losses,
 * of the tasks that succeeded.
 */
record StageTotals(LongAccumulator samples, DoubleAccumulator lossSum) implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    /** New accumulators, for one stage. */
    static StageTotals of(SparkContext spark) {
        return new StageTotals(spark.longAccumulator("samples"), spark.doubleAccumulator("sum of losses"));
    }

    void add(long count, double loss) {
        samples.add(count);
        lossSum.add(loss);
    }
}
