package org.sandglass.ops.device.cpu;

/** Turns one operation, or one with the ReLU that follows it, into steps. */
@FunctionalInterface
interface Lowering {

    /**
     * Emits what computes the output value.
     *
     * @return what emits the gradients of inputs and parameters; in training it runs once, in the reverse order of the
     *     operations
     */
    Runnable lower(Program program);
}
