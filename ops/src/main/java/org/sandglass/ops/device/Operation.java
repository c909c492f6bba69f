package org.sandglass.ops.device;

/**
 * One operation of a {@link Graph}: the whole contract of what a {@link Device} must be able to compute.
 *
 * <p>Semantics are PyTorch's for the operation of the same name. Devices are free to fuse neighbours, to choose memory
 * layouts and to overwrite values that nobody needs any more.
 */
public sealed interface Operation {

    Value input();

    Value output();

    /** Square-window cross-correlation without bias; weight (out, in, k, k). */
    record Convolution(Value input, Parameter weight, int stride, int padding, Value output) implements Operation {}

    /**
     * Batch normalisation over the samples of one microbatch, never more (Goyal et al., section 2.3).
     *
     * <p>Training normalises with the biased batch variance and reports the unbiased one to the statistics, as PyTorch
     * does. Evaluation normalises with the running statistics.
     */
    record BatchNorm(
            Value input, Parameter scale, Parameter shift, BatchStatistics statistics, double epsilon, Value output)
            implements Operation {}

    record Relu(Value input, Value output) implements Operation {}

    /** {@code input + shortcut}, of equal shapes. */
    record Add(Value input, Value shortcut, Value output) implements Operation {}

    /** Maximum over square windows; padding never wins. */
    record MaxPool(Value input, int window, int stride, int padding, Value output) implements Operation {}

    /** Mean over height and width: (c, h, w) to (c). */
    record GlobalAveragePool(Value input, Value output) implements Operation {}

    /** {@code weight · input + bias}; weight (out, in). */
    record Linear(Value input, Parameter weight, Parameter bias, Value output) implements Operation {}
}
