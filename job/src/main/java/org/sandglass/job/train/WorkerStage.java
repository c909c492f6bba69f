package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.device.cuda.CudaFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import scala.Tuple2;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/**
 * A barrier stage: one gang of tasks that finds itself, agrees on the state, and does one piece of work.
 *
 * <p>A task never throws for what it can name: it closes its connections, so that its peers stop within moments, and
 * returns an outcome that says what happened. What Spark reports as a failed stage is then a lost executor.
 */
final class WorkerStage
        extends AbstractFunction1<scala.collection.Iterator<Tuple2<Long, byte[]>>, scala.collection.Iterator<String>>
        implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(WorkerStage.class);

    /** What the tasks of a stage do once they stand together. */
    interface Work extends Serializable {
        TaskOutcome run(Worker worker, Iterator<Tuple2<Long, byte[]>> samples);
    }

    private final StageOrder order;
    private final Work work;
    private final StageTotals totals;

    private WorkerStage(StageOrder order, Work work, StageTotals totals) {
        this.order = order;
        this.work = work;
        this.totals = totals;
    }

    /** Runs the stage over the partitions of {@code samples}; returns outcomes in the order of the ranks. */
    static List<TaskOutcome> run(JavaPairRDD<Long, byte[]> samples, StageOrder order, Work work) {
        ClassTag<String> tag = ClassTag$.MODULE$.apply(String.class);
        RDD<Tuple2<Long, byte[]>> rdd = samples.rdd();
        WorkerStage stage = new WorkerStage(order, work, StageTotals.of(rdd.context()));
        JavaRDD<String> outcomes = JavaRDD.fromRDD(rdd.barrier().mapPartitions(stage, false, tag), tag);
        return outcomes.collect().stream().map(TaskOutcome::fromJson).toList();
    }

    @Override
    public scala.collection.Iterator<String> apply(scala.collection.Iterator<Tuple2<Long, byte[]>> samples) {
        BarrierTaskContext context = BarrierTaskContext.get();
        MDC.put("rank", String.valueOf(context.partitionId()));
        try {
            TaskOutcome outcome = outcome(context, new JavaIterator<>(samples));
            return scala.collection.Iterator$.MODULE$.single(outcome.toJson());
        } finally {
            // The thread is Spark's, and goes on to other tasks.
            MDC.remove("rank");
            TrainingLoop.forgetPlace();
        }
    }

    private TaskOutcome outcome(BarrierTaskContext context, Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = context.partitionId();
        LOG.info("Rank {} starts, attempt {}", rank, order.attempt());
        Worker worker;
        try {
            worker = acquire(context);
        } catch (JobFailure e) {
            LOG.error("Rank {} cannot start", rank, e);
            refuse(context, e);
            String host = SparkEnv.get().blockManager().blockManagerId().host();
            return TaskOutcome.failed(rank, new JobFailure(e.exitCode(), "Host " + host + ": " + e.getMessage(), e));
        }
        KillWatch watch = KillWatch.start(context, worker::interrupt);
        try {
            worker.countInto(totals);
            Rendezvous.meet(context, order, worker);
            TaskOutcome outcome = work.run(worker, samples);
            if (outcome.status() != TaskOutcome.Status.FINISHED) {
                worker.leaveGroup();
            }
            return outcome;
        } catch (JobFailure e) {
            LOG.error("Rank {} failed", rank, e);
            worker.leaveGroup();
            return TaskOutcome.failed(rank, e);
        } catch (PeerFailure e) {
            LOG.error("Rank {} lost a peer", rank, e);
            worker.leaveGroup();
            return TaskOutcome.lost(rank, String.valueOf(e.getMessage()));
        } catch (CudaFailure e) {
            LOG.error("Rank {} failed", rank, e);
            return e.endsProcess() ? BrokenGpu.lost(rank, worker, e) : BrokenGpu.failed(rank, worker, e);
        } catch (IllegalStateException | IllegalArgumentException e) {
            // A defect: it would happen again, so it is reported instead of being tried again.
            LOG.error("Rank {} failed", rank, e);
            worker.leaveGroup();
            return TaskOutcome.failed(
                    rank, new JobFailure(ExitCode.OTHER, "Unexpected error at rank " + rank + ": " + e));
        } catch (Throwable e) {
            // Spark throws checked exceptions without declaring them: when samples cannot be fetched, for example.
            worker.leaveGroup();
            throw e;
        } finally {
            watch.close();
            WorkerPool.release(worker);
        }
    }

    private void refuse(BarrierTaskContext context, JobFailure reason) {
        try {
            Rendezvous.refuse(context, order, String.valueOf(reason.getMessage()));
        } catch (PeerFailure e) {
            LOG.warn("Cannot tell the other ranks", e);
        }
    }

    private Worker acquire(BarrierTaskContext context) {
        try {
            return WorkerPool.acquire(order, context);
        } catch (LinkageError e) {
            throw new JobFailure(
                    ExitCode.CLUSTER,
                    "Cannot load native libraries: " + e + "; sandglass doctor shows which executors can",
                    e);
        }
    }

    /** A Scala iterator, seen from Java without classes that differ between Scala's versions. */
    private record JavaIterator<T>(scala.collection.Iterator<T> iterator) implements Iterator<T> {
        @Override
        public boolean hasNext() {
            return iterator.hasNext();
        }

        @Override
        public T next() {
            return iterator.next();
        }
    }
}
