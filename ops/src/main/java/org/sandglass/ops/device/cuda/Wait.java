package org.sandglass.ops.device.cuda;

/**
 * Every place where the host or a stream waits for work of another stream. {@code EventWaitsTest} leaves out one after the
 * other, which must be noticed.
 */
enum Wait {
    /** The host, before it fills staging memory from which an upload may still be copied. */
    STAGING_FREE,
    /** The host, before it reads what was downloaded. */
    DOWNLOADED,
    /** The host, before it fills an input's pinned memory from which a copy may still be under way. */
    INPUT_STAGING_FREE,
    /** Transfers, before an input's device memory is overwritten that compute may still have to read. */
    INPUT_READ,
    /** Compute, before it reads an input that may still be on its way. */
    INPUT_ARRIVED,
    /** Communication, before it copies a range that compute may still be writing. */
    GRADIENTS_COMPLETE,
    /** The host, before it reads a range that communication may still be copying. */
    GRADIENTS_FETCHED,
    /** Compute, before it reads a range that communication may still be copying. */
    SUMS_STORED,
    /** The host, for a point of the device's queue. */
    EVENT,
    /** The host, for all streams. */
    SYNCHRONIZE,
    /** The host, before it releases memory that queued work may still use. */
    RELEASE
}
