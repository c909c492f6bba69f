package org.sandglass.job.config;

import java.util.OptionalInt;
import org.sandglass.ops.tensor.DataType;

/**
 * How long and how wide a run is.
 *
 * @param workers k: the number of microbatches, each with batch-norm statistics of its own, in a minibatch
 * @param perWorkerBatchSize n: samples of one worker in one iteration
 * @param lossScale by what the gradient of a sample's loss is multiplied at first where a network is computed in f16
 * @param tf32 whether a GPU's f32 products may round their factors to TensorFloat-32
 * @param cudaGraphs whether a GPU's steps are captured as CUDA graphs
 * @param tasks Spark tasks that the workers are dealt to; empty takes what the cluster has
 */
public record TrainingSettings(
        int workers,
        int perWorkerBatchSize,
        int epochs,
        long seed,
        DeviceChoice device,
        DataType precision,
        double lossScale,
        boolean tf32,
        boolean cudaGraphs,
        OptionalInt tasks) {

    TrainingSettings withSeed(long other) {
        return new TrainingSettings(
                workers, perWorkerBatchSize, epochs, other, device, precision, lossScale, tf32, cudaGraphs, tasks);
    }

    /** kn, samples in one iteration. */
    public long globalBatchSize() {
        return (long) workers * perWorkerBatchSize;
    }
}
