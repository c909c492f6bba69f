package org.sandglass.job.train;

import java.io.Serial;
import java.util.Iterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Writes the checkpoint of an epoch, by rank 0, while nothing else goes on: for a checkpoint whose writing in the background
 * came to nothing. Without the state in any executor's memory, it writes none.
 *
 * @param epoch completed
 * @param checkpoints URI of the directory of checkpoints
 */
record CheckpointWork(int epoch, String checkpoints) implements WorkerStage.Work {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWork.class);

    @Override
    public TaskOutcome run(Worker worker, Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = worker.communicator().rank();
        SnapshotWriter writer = worker.snapshotWriter();
        writer.await();
        if (rank != 0) {
            return TaskOutcome.finished(rank);
        }
        if (worker.stamp().equals(Stamp.NONE)) {
            LOG.warn("No executor has the state after epoch {} any more", epoch);
            return TaskOutcome.finished(rank);
        }
        worker.snapshot().capture(worker, worker.stamp(), worker.progress());
        WrittenCheckpoint written = SnapshotWriter.checkpoint(worker.snapshot(), checkpoints, epoch);
        return written.problem() == null
                ? TaskOutcome.stored(rank, written)
                : TaskOutcome.lost(rank, written.problem());
    }
}
