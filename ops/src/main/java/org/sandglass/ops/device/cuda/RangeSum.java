package org.sandglass.ops.device.cuda;

import org.bytedeco.javacpp.Pointer;

/**
 * What GPUs do among themselves with a range of a vector, on their communication streams, before the host sums it with others'
 * and after. All ranks call it for the same ranges in the same order.
 */
interface RangeSum {
    /** Nothing: every GPU's host sums for itself. */
    RangeSum NONE = new RangeSum() {
        @Override
        public void gather(Pointer range, long elements) {}

        @Override
        public boolean onHost() {
            return true;
        }

        @Override
        public void spread(Pointer range, long elements) {}
    };

    /** Queues what comes before the host's turn. */
    void gather(Pointer range, long elements);

    /** Whether the host has a turn: what was gathered is copied to it, and its sum from it. */
    boolean onHost();

    /** Queues what comes after the host's turn. */
    void spread(Pointer range, long elements);
}
