package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.GradientListener;

/**
 * A piece of forward or backward with nothing left to decide, which queues work.
 *
 * @param layer the operation that it belongs to
 */
record Step(String layer, Work work) {

    /** What a step queues. */
    @FunctionalInterface
    interface Work {
        void run(GradientListener listener);
    }
}
