package org.sandglass.ops.collective;

import org.jspecify.annotations.Nullable;

/** What the operations of a group share that travel as bfloat16. Belongs to the thread that makes progress. */
final class BrainFloatWire {

    private final int segmentBytes;
    private final @Nullable Staging[] outgoing;
    private final BrainFloats codec = new BrainFloats();

    BrainFloatWire(int ranks, int segmentBytes) {
        this.segmentBytes = segmentBytes;
        this.outgoing = new Staging[ranks];
    }

    BrainFloats codec() {
        return codec;
    }

    /** Where the frame is encoded that is on its way to a peer. */
    Staging outgoing(int peer) {
        Staging staging = outgoing[peer];
        if (staging == null) {
            staging = new Staging(segmentBytes);
            outgoing[peer] = staging;
        }
        return staging;
    }
}
