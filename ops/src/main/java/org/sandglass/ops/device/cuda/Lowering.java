package org.sandglass.ops.device.cuda;

/** Turns one operation, or some that are computed as one, into steps. */
@FunctionalInterface
interface Lowering {

    /**
     * Emits what computes the output value.
     *
     * @return what emits the gradients of inputs and parameters; in training it runs once, in the reverse order of the
     *     lowerings
     */
    Runnable lower(Program program);
}
