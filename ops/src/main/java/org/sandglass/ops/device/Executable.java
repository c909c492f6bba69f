package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * A graph compiled for one device, mode and batch size: primitives built, memory planned, nothing left to decide.
 *
 * <p>Calls queue work in the order of the calls; those that return numbers wait for it. An executable belongs to one
 * thread. Executables compiled on one device may share scratch memory: the values of one are void once another has run.
 */
public interface Executable extends AutoCloseable {

    CompileOptions options();

    /**
     * Sets the input.
     *
     * @param images batchSize × channels × height × width, fp32, normalised; direct or heap
     * @param labels batchSize class indices; a negative label marks a sample that counts for nothing
     */
    void load(FloatBuffer images, int[] labels);

    /**
     * Sets the input, which is {@link LevelImages#toNumbers} bit for bit; a device of its own makes it there.
     *
     * @param images batchSize of them
     * @param labels as above
     */
    default void load(LevelImages images, int[] labels) {
        load(images.toNumbers(), labels);
    }

    /**
     * Computes all values. In training each batch norm <em>adds</em> its batch mean and unbiased variance to the
     * gradient vector.
     */
    void forward();

    /**
     * Says by what the gradient of a sample's loss is multiplied, from the next backward on, inside a network that is computed
     * in f16, where what is less than 6e-8 is lost and what is more than 65504 is not finite. What is added to the gradient
     * vector is divided by it again. Without meaning in other precisions.
     *
     * @param scale rounded down to a power of two, which takes nothing from the gradients' precision
     */
    default void scaleSamples(double scale) {}

    /**
     * Softmax cross-entropy and backward, <em>adding</em> to the gradient vector the gradient of {@code lossScale} times
     * the sum of the samples' losses. Every worker scales by 1 / (global count): Goyal et al., section 3, gradient
     * aggregation.
     */
    void backward(double lossScale, GradientListener listener);

    /**
     * Backward from a given gradient of the output instead of a loss.
     *
     * @param outputGradient batchSize × the output's shape
     */
    void backwardFrom(FloatBuffer outputGradient, GradientListener listener);

    /** Loss and counts of what forward computed, for a graph whose output is a vector of logits. */
    BatchResult result();

    /** Copies the output, batchSize × its shape, plain order, fp32. */
    void output(FloatBuffer target);

    /** Copies the input's gradient, batchSize × channels × height × width, if it was asked for. */
    void inputGradient(FloatBuffer target);

    /**
     * Bytes of scratch memory that the steps need: values, gradients, workspaces. All of it is planned when the graph is
     * compiled; a device holds as much as the most demanding of its executables needs.
     */
    long plannedBytes();

    /**
     * Runs what was loaded forward and, in training, backward, {@code repetitions} times, and tells the time of every step
     * in order. Leaves behind what as many passes do: sums in the gradient vector.
     *
     * @throws UnsupportedOperationException if the device cannot time its steps
     */
    List<StepTime> profile(int repetitions);

    @Override
    void close();
}
