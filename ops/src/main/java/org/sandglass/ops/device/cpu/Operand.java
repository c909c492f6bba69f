package org.sandglass.ops.device.cpu;

import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.plan.Place;

/** A tensor that steps read and write: its shape and layout, and its place. */
record Operand(memory.desc layout, Place place) {

    /** The same elements seen through another descriptor. */
    Operand as(memory.desc other) {
        return new Operand(other, place);
    }
}
