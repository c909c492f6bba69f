package org.sandglass.job.train;

import java.io.Serial;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.SampleLocator;
import scala.Tuple2;

/**
 * Trains one epoch.
 *
 * @param plan which samples the epoch's minibatches are made of
 * @param locator names samples in errors
 * @param checkpoints URI of the directory that the state is written into, in the background, when the epoch has ended
 * @param snapshots URI of the directory for states within the epoch
 */
record EpochWork(EpochPlan plan, SampleLocator locator, String checkpoints, String snapshots)
        implements WorkerStage.Work {

    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public TaskOutcome run(Worker worker, Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = worker.communicator().rank();
        long attempt = worker.stamp().attempt();
        TrainingLoop loop = new TrainingLoop(worker, plan, locator, new EpochSnapshots(worker, plan, snapshots));
        if (!loop.run(samples)) {
            return TaskOutcome.diverged(rank, loop.divergence(), rank == 0 ? loop.logged() : List.of());
        }
        if (!WorkerState.isFinite(worker)) {
            return TaskOutcome.diverged(
                    rank,
                    "Training diverged: a weight is no longer a number after epoch " + (plan.epoch() + 1)
                            + "; lower learningRate.reference, or warm up for longer",
                    rank == 0 ? loop.logged() : List.of());
        }
        int completed = plan.epoch() + 1;
        worker.declareState(new Stamp(completed * plan.iterations(), attempt), EpochProgress.NONE);
        long crc = WorkerState.crc(worker);
        if (rank != 0) {
            return finished(loop, rank, crc, null, null);
        }
        SnapshotWriter writer = worker.snapshotWriter();
        writer.await();
        worker.snapshot().capture(worker, worker.stamp(), EpochProgress.NONE);
        if (ProgressPlugin.isLoaded()) {
            writer.writeCheckpoint(worker.snapshot(), checkpoints, completed);
            return finished(
                    loop, rank, crc, new TaskOutcome.Writer(SparkEnv.get().executorId(), attempt), null);
        }
        WrittenCheckpoint written = SnapshotWriter.checkpoint(worker.snapshot(), checkpoints, completed);
        return written.problem() == null
                ? finished(loop, rank, crc, null, written)
                : TaskOutcome.lost(rank, written.problem());
    }

    private static TaskOutcome finished(
            TrainingLoop loop,
            int rank,
            long crc,
            TaskOutcome.@Nullable Writer writer,
            @Nullable WrittenCheckpoint written) {
        return new TaskOutcome(
                rank,
                TaskOutcome.Status.FINISHED,
                null,
                null,
                loop.audit(),
                rank == 0 ? loop.logged() : List.of(),
                loop.totals(),
                loop.exposedCommunication(),
                loop.trainingSeconds(),
                loop.exchangeSeconds(),
                crc,
                written == null ? null : written.weightsSha256(),
                written == null ? List.of() : written.files(),
                writer,
                null,
                ProcessMemory.peakBytes());
    }
}
