package org.sandglass.ops.device;

import org.sandglass.ops.tensor.DataType;

/**
 * How a graph is to be compiled.
 *
 * @param mode whether batch norm uses the batch's statistics and backward is possible
 * @param batchSize samples of a microbatch
 * @param precision type of images inside the network and their gradients, and of what convolutions multiply; master
 *     weights, their gradients, sums, statistics, vectors and loss are fp32 always (mixed precision training)
 * @param inputGradient whether backward also computes the gradient of the graph's input
 */
public record CompileOptions(Mode mode, int batchSize, DataType precision, boolean inputGradient) {

    /** What an executable is for. */
    public enum Mode {
        TRAINING,
        EVALUATION
    }

    public CompileOptions {
        if (batchSize <= 0) {
            throw new IllegalArgumentException("Cannot compile: batchSize must be positive: " + batchSize);
        }
        if (inputGradient && mode == Mode.EVALUATION) {
            throw new IllegalArgumentException("Cannot compile: evaluation has no backward");
        }
    }

    public static CompileOptions training(int batchSize) {
        return training(batchSize, DataType.F32);
    }

    public static CompileOptions training(int batchSize, DataType precision) {
        return new CompileOptions(Mode.TRAINING, batchSize, precision, false);
    }

    public static CompileOptions evaluation(int batchSize) {
        return evaluation(batchSize, DataType.F32);
    }

    public static CompileOptions evaluation(int batchSize, DataType precision) {
        return new CompileOptions(Mode.EVALUATION, batchSize, precision, false);
    }
}
