package org.sandglass.job.data;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.apache.spark.Partition;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.rdd.ShuffledRDD;
import scala.Tuple2;
import scala.collection.IterableOnce;
import scala.collection.Iterator;
import scala.collection.Iterator$;
import scala.math.Ordering$;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction0;

/**
 * A shuffle with one partition a task, which Spark holds as several, its sections: the task fetches and sorts them one
 * after another, each when the one before it is used up. So its first sample comes as soon as the first section is there,
 * and what it sorts fits into memory however large its share of the table is.
 *
 * <p>Nothing is fetched before the first sample is asked for.
 */
final class SectionedShuffle extends ShuffledRDD<Long, byte[], byte[]> {

    private static final long serialVersionUID = 1L;

    private final int tasks;
    private final int sections;

    private SectionedShuffle(JavaPairRDD<Long, byte[]> samples, SectionPartitioner partitioner) {
        super(samples.rdd(), partitioner, tag(Long.class), tag(byte[].class), tag(byte[].class));
        this.tasks = partitioner.tasks();
        this.sections = partitioner.sections();
        setKeyOrdering(Ordering$.MODULE$.comparatorToOrdering(Comparator.<Long>naturalOrder()));
    }

    static JavaPairRDD<Long, byte[]> of(JavaPairRDD<Long, byte[]> samples, SectionPartitioner partitioner) {
        return JavaPairRDD.fromRDD(new SectionedShuffle(samples, partitioner), tag(Long.class), tag(byte[].class));
    }

    @Override
    public Partition[] getPartitions() {
        return IntStream.range(0, tasks).mapToObj(Part::new).toArray(Partition[]::new);
    }

    @Override
    public Iterator<Tuple2<Long, byte[]>> compute(Partition task, TaskContext context) {
        int first = task.index() * sections;
        return new From(first, first + sections, context).andOn();
    }

    private Iterator<Tuple2<Long, byte[]>> section(int index, TaskContext context) {
        return super.compute(new Part(index), context);
    }

    private static <T> ClassTag<T> tag(Class<T> of) {
        return ClassTag$.MODULE$.apply(of);
    }

    private record Part(int index) implements Partition {}

    /** The sections from one on, none of which is touched before it is needed. */
    private final class From extends AbstractFunction0<IterableOnce<Tuple2<Long, byte[]>>> {

        private final int section;
        private final int end;
        private final TaskContext context;

        From(int section, int end, TaskContext context) {
            this.section = section;
            this.end = end;
            this.context = context;
        }

        Iterator<Tuple2<Long, byte[]>> andOn() {
            return Iterator$.MODULE$.<Tuple2<Long, byte[]>>empty().$plus$plus(this);
        }

        @Override
        public Iterator<Tuple2<Long, byte[]>> apply() {
            Iterator<Tuple2<Long, byte[]>> now = section(section, context);
            return section + 1 < end ? now.$plus$plus(new From(section + 1, end, context)) : now;
        }
    }
}
