package org.sandglass.job.train;

import java.io.Serial;
import java.util.Iterator;
import java.util.List;
import org.sandglass.job.checkpoint.StoredFile;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Trains one epoch.
 *
 * @param plan which samples the epoch's minibatches are made of
 * @param locator names samples in errors
 * @param checkpoints URI of the directory to write the state into when the epoch has ended
 * @param snapshots URI of the directory for states within the epoch
 */
record EpochWork(EpochPlan plan, SampleLocator locator, String checkpoints, String snapshots)
        implements WorkerStage.Work {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(EpochWork.class);

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
            return finished(worker, loop, crc, null, List.of());
        }
        worker.snapshotWriter().await();
        List<NamedTensor> model = WorkerState.model(worker);
        try {
            List<StoredFile> files = WorkerState.store(worker, model, checkpoints, completed);
            return finished(worker, loop, crc, Safetensors.sha256(model), files);
        } catch (JobFailure e) {
            LOG.error("Cannot write the checkpoint of epoch {}", completed, e);
            return TaskOutcome.lost(rank, String.valueOf(e.getMessage()));
        }
    }

    private static TaskOutcome finished(
            Worker worker,
            TrainingLoop loop,
            long crc,
            @org.jspecify.annotations.Nullable String sha256,
            List<StoredFile> files) {
        int rank = worker.communicator().rank();
        return new TaskOutcome(
                rank,
                TaskOutcome.Status.FINISHED,
                null,
                null,
                loop.audit(),
                rank == 0 ? loop.logged() : List.of(),
                loop.totals(),
                loop.exposedCommunication(),
                crc,
                sha256,
                files,
                ProcessMemory.peakBytes());
    }
}
