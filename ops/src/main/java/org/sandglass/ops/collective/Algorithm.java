package org.sandglass.ops.collective;

/** How an all-reduce goes about its work (Goyal et al., section 4.2). */
public enum Algorithm {
    /** Halving/doubling where the number of ranks is a power of two, otherwise the ring. */
    AUTO,
    /** The bucket algorithm: 2·(p − 1) steps between neighbours, for any number of ranks. */
    RING,
    /** Recursive halving and doubling: 2·log₂ p steps; takes the ring where p is no power of two. */
    HALVING_DOUBLING
}
