package org.sandglass.ops.device.cuda;

import java.time.Duration;

/** How far the communication stream has come with what was queued; for several threads under one lock. */
final class QueueProgress {
    private static final int RING = 64;

    private final Streams streams;
    private final Fence[] fences = new Fence[RING];
    private long queued;
    private long passed;
    private long since;

    QueueProgress(Streams streams) {
        this.streams = streams;
        for (int i = 0; i < RING; i++) {
            fences[i] = streams.fence();
        }
    }

    /** Marks what has been queued so far. */
    void queued() {
        if (passed == queued) {
            since = System.nanoTime();
        }
        queued++;
        streams.mark(fences[(int) (queued % RING)], streams.communication());
    }

    /** Whether all that was queued is done. */
    boolean isIdle() {
        look();
        return passed == queued;
    }

    /** Whether something is queued, and nothing has been passed for so long. */
    boolean stalledFor(Duration time) {
        look();
        return passed < queued && System.nanoTime() - since > time.toNanos();
    }

    private void look() {
        for (long i = queued; i > passed && i > queued - RING; i--) {
            if (streams.isPast(fences[(int) (i % RING)])) {
                passed = i;
                since = System.nanoTime();
            }
        }
    }

    void close() {
        for (Fence fence : fences) {
            streams.release(fence);
        }
    }
}
