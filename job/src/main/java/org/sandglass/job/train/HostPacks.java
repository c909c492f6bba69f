package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.sandglass.job.data.PackOrder;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/**
 * The driver's side of the hosts' packs: a task in every slot, all at once, so that every host has one, completes or
 * deletes its host's pack. Used by one thread.
 */
final class HostPacks {

    private static final Logger LOG = LoggerFactory.getLogger(HostPacks.class);

    private final JavaSparkContext spark;
    private final PackOrder order;
    private final Gang gang;

    /** What a task came to; travels as text. */
    private static final String DONE = "";

    HostPacks(JavaSparkContext spark, PackOrder order, Gang gang) {
        this.spark = spark;
        this.order = order;
        this.gang = gang;
    }

    PackOrder order() {
        return order;
    }

    /**
     * Returns when every host that has executors has a whole pack.
     *
     * @throws Gang.Lost if executors were lost on the way
     * @throws JobFailure if a host has no room for it, or the table is wrong
     */
    void complete(String description) throws Gang.Lost {
        run(new Stage(order, Action.COMPLETE), description);
    }

    /** Deletes the packs that nobody else uses; where that fails they stay. */
    void delete() {
        try {
            run(new Stage(order, Action.DELETE), "delete the hosts' packs");
        } catch (Gang.Lost | RuntimeException e) {
            LOG.warn("Cannot delete the packs of {}: they stay on their hosts", order.plan(), e);
        }
    }

    private void run(Stage stage, String description) throws Gang.Lost {
        List<Integer> slots = IntStream.range(0, gang.slots()).boxed().collect(Collectors.toCollection(ArrayList::new));
        ClassTag<String> tag = ClassTag$.MODULE$.apply(String.class);
        List<String> ended = gang.jobs(description, () -> JavaRDD.fromRDD(
                        spark.parallelize(slots, slots.size()).rdd().barrier().mapPartitions(stage, false, tag), tag)
                .collect());
        ended.stream().filter(text -> !text.equals(DONE)).findFirst().ifPresent(HostPacks::fail);
    }

    private static void fail(String text) {
        int space = text.indexOf(' ');
        throw new JobFailure(ExitCode.valueOf(text.substring(0, space)), text.substring(space + 1));
    }

    private enum Action {
        COMPLETE,
        DELETE
    }

    /** In a task. Errors are returned: those that a barrier task throws reach the driver without their cause. */
    private static final class Stage
            extends AbstractFunction1<scala.collection.Iterator<Integer>, scala.collection.Iterator<String>>
            implements Serializable {

        @Serial
        private static final long serialVersionUID = 1L;

        private final PackOrder order;
        private final Action action;

        Stage(PackOrder order, Action action) {
            this.order = order;
            this.action = action;
        }

        @Override
        public scala.collection.Iterator<String> apply(scala.collection.Iterator<Integer> slot) {
            return scala.collection.Iterator$.MODULE$.single(outcome());
        }

        private String outcome() {
            try {
                switch (action) {
                    case COMPLETE ->
                        order.complete(
                                WorkerState.hadoop(), () -> TaskContext.get().isInterrupted());
                    case DELETE -> order.delete();
                }
                return DONE;
            } catch (JobFailure e) {
                LOG.error("Cannot {} a pack", action, e);
                return e.exitCode().name() + " " + e.getMessage();
            }
        }
    }
}
