package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.GradientListener;

/**
 * A piece of forward or backward with nothing left to decide, which queues work.
 *
 * @param layer the operation that it belongs to
 * @param announces whether it queues nothing and tells the listener of a gradient
 */
record Step(String layer, boolean announces, Work work) {

    Step(String layer, Work work) {
        this(layer, false, work);
    }

    /** What a step queues. */
    @FunctionalInterface
    interface Work {
        void run(GradientListener listener);
    }
}
