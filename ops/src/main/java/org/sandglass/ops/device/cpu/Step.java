package org.sandglass.ops.device.cpu;

import org.sandglass.ops.device.GradientListener;

/**
 * A piece of forward or backward with nothing left to decide.
 *
 * @param layer the operation that it belongs to
 * @param kind what it computes, in the words of {@link org.sandglass.ops.device.StepTime}
 * @param implementation oneDNN's name for the code, or {@code java}
 * @param flops of a convolution, otherwise 0
 */
record Step(String layer, String kind, String implementation, double flops, Work work) {

    /** What a step does. */
    @FunctionalInterface
    interface Work {
        void run(GradientListener listener);
    }
}
