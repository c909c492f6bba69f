package org.sandglass.job.train;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.job.checkpoint.SnapshotStore;
import org.sandglass.job.checkpoint.StoredFile;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a worker's snapshots, and the checkpoints of epochs, to the file system in the background, one at a time. A snapshot
 * that cannot be written is lost with a warning: training does not depend on it. Of a checkpoint the driver is told. Used by
 * the worker's task.
 */
final class SnapshotWriter {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotWriter.class);

    /** How often the driver is told of a checkpoint, if it does not answer. */
    private static final int DELIVERIES = 3;

    private volatile CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
    private volatile boolean needed;

    /** Whether nothing is being written, nor has to be written again, so that the snapshot may be overwritten. */
    boolean idle() {
        return last.isDone() && !needed;
    }

    /** Waits until nothing is being written, and gives up what could not be. */
    void await() {
        last.join();
        needed = false;
    }

    /**
     * Begins to write; the caller sees to it that this is {@link #idle}, and leaves the snapshot alone until it is again.
     *
     * @param uri of the directory of snapshots
     */
    void write(Worker worker, Snapshot snapshot, EpochPlan plan, String uri) {
        if (!idle()) {
            throw new IllegalStateException("Cannot write a snapshot: the one before is still being written");
        }
        String writer = worker.run().substring(0, 8) + "-" + snapshot.stamp().attempt();
        last = CompletableFuture.runAsync(
                () -> {
                    try {
                        store(worker, snapshot, plan, uri, writer);
                    } catch (IOException | RuntimeException | Error e) {
                        LOG.warn(
                                "Cannot write the snapshot of iteration {}",
                                snapshot.stamp().iterations(),
                                e);
                    }
                },
                SnapshotWriter::start);
    }

    /**
     * Begins to write an epoch's checkpoint and to tell the driver; until that is done, and for longer if it fails, the
     * snapshot is left alone.
     *
     * @param snapshot the state after the epoch
     * @param uri of the directory of checkpoints
     * @param epoch completed
     */
    void writeCheckpoint(Snapshot snapshot, String uri, int epoch) {
        if (!idle()) {
            throw new IllegalStateException("Cannot write a checkpoint: a snapshot is still being written");
        }
        needed = true;
        last = CompletableFuture.runAsync(
                () -> {
                    WrittenCheckpoint written = checkpoint(snapshot, uri, epoch);
                    boolean delivered = false;
                    for (int i = 0; i < DELIVERIES && !delivered; i++) {
                        delivered = ProgressPlugin.deliver(written);
                    }
                    needed = !delivered || written.problem() != null;
                },
                SnapshotWriter::start);
    }

    /** Writes an epoch's checkpoint now. */
    static WrittenCheckpoint checkpoint(Snapshot snapshot, String uri, int epoch) {
        long attempt = snapshot.stamp().attempt();
        try {
            List<NamedTensor> model = snapshot.modelTensors();
            List<StoredFile> files = new CheckpointStore(WorkerState.hadoop(), uri)
                    .writeFiles(epoch, model, snapshot.optimizerTensors());
            return new WrittenCheckpoint(epoch, attempt, Safetensors.sha256(model), files, null);
        } catch (RuntimeException | Error e) {
            // The driver waits for this answer, whatever it is.
            LOG.error("Cannot write the checkpoint of epoch {}", epoch, e);
            return new WrittenCheckpoint(epoch, attempt, null, List.of(), String.valueOf(e.getMessage()));
        }
    }

    private static void start(Runnable writing) {
        Thread thread = new Thread(writing, "sandglass-snapshot");
        thread.setDaemon(true);
        thread.start();
    }

    private static void store(Worker worker, Snapshot snapshot, EpochPlan plan, String uri, String writer)
            throws IOException {
        List<NamedTensor> model = snapshot.modelTensors();
        AuditReport audit = snapshot.progress().audit();
        CheckpointManifest description = new CheckpointManifest(
                plan.epoch(),
                snapshot.stamp().iterations(),
                worker.recipe().model().name(),
                worker.classes(),
                List.of(),
                worker.recipe().augmentation().size(),
                worker.recipe().render(),
                Safetensors.sha256(model),
                Map.of(
                        "tableSamples", plan.samples(),
                        "samples", audit.samples(),
                        "skipped", audit.skipped(),
                        "checksum", audit.checksum()),
                Instant.now().toString(),
                List.of());
        new SnapshotStore(WorkerState.hadoop(), uri)
                .write(
                        writer,
                        description,
                        model,
                        snapshot.optimizerTensors(),
                        snapshot.progress().toJson());
    }
}
