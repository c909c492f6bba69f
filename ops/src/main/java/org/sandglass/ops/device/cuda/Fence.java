package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.cudart.CUevent_st;

/** A point of a stream that others can wait for; marked anew, it is a later one. */
final class Fence {
    private final CUevent_st event;

    Fence(CUevent_st event) {
        this.event = event;
    }

    CUevent_st event() {
        return event;
    }
}
