package org.sandglass.ops.device.cpu;

import org.sandglass.ops.device.GradientListener;

/** A piece of forward or backward with nothing left to decide. */
@FunctionalInterface
interface Step {
    void run(GradientListener listener);
}
