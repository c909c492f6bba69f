package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.sandglass.ops.device.Device;

/**
 * Points of one stream for whoever may wait for them, from a ring that is used over and over: of a point so old that its place
 * was taken, the wait is for the newer one, which implies it.
 */
final class Fences {
    private static final int RING = 64;

    private final Streams streams;
    private final Fence[] fences = new Fence[RING];
    private final Device.Event[] events = new Device.Event[RING];
    private int next;

    Fences(Streams streams, Wait why) {
        this.streams = streams;
        for (int i = 0; i < RING; i++) {
            Fence fence = streams.fence();
            fences[i] = fence;
            events[i] = new Device.Event() {
                @Override
                public void await() {
                    streams.hold(why, fence);
                }

                @Override
                public boolean isDone() {
                    return streams.isPast(fence);
                }
            };
        }
    }

    /** Gives up all points; nobody may wait for one any more. */
    void close() {
        for (Fence fence : fences) {
            streams.release(fence);
        }
    }

    /** Marks what has been queued on the stream so far. */
    Device.Event mark(CUstream_st stream) {
        next = (next + 1) % RING;
        streams.mark(fences[next], stream);
        return events[next];
    }
}
