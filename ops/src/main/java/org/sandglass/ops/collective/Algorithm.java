package org.sandglass.ops.collective;

/** How an all-reduce goes about its work (Goyal et al., section 4). */
public enum Algorithm {
    /**
     * Halving/doubling where the number of ranks is a power of two and the p-th part of the buffer less than a MiB (small sums
     * by doubling alone), otherwise the ring.
     */
    AUTO,
    /** The bucket algorithm: 2·(p − 1) steps between neighbours, for any number of ranks. */
    RING,
    /** Recursive halving and doubling: 2·log₂ p steps; binary blocks where p is no power of two. */
    HALVING_DOUBLING,
    /**
     * Three phases: ranks of one host sum through shared memory, one leader per host takes part in a sum over TCP, and
     * shares the result. Needs {@link CollectiveOptions#hosts}.
     */
    HIERARCHICAL
}
