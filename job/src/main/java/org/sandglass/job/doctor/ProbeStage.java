package org.sandglass.job.doctor;

import java.io.Serial;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/** A barrier stage whose tasks report on their executors. */
final class ProbeStage extends AbstractFunction1<scala.collection.Iterator<Integer>, scala.collection.Iterator<String>>
        implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    private final ProbeOrder order;

    private ProbeStage(ProbeOrder order) {
        this.order = order;
    }

    /** Runs the stage; returns reports in the order of the ranks. */
    static List<ExecutorReport> run(JavaSparkContext spark, int tasks, ProbeOrder order) {
        ClassTag<String> tag = ClassTag$.MODULE$.apply(String.class);
        JavaRDD<Integer> ranks =
                spark.parallelize(IntStream.range(0, tasks).boxed().toList(), tasks);
        return JavaRDD.fromRDD(ranks.rdd().barrier().mapPartitions(new ProbeStage(order), false, tag), tag)
                .collect()
                .stream()
                .map(ExecutorReport::fromJson)
                .toList();
    }

    @Override
    public scala.collection.Iterator<String> apply(scala.collection.Iterator<Integer> ranks) {
        String report =
                new ExecutorProbe(BarrierTaskContext.get(), order).report().toJson();
        return scala.collection.Iterator$.MODULE$.single(report);
    }
}
