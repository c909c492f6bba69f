package org.sandglass.ops.collective;

/** A collective operation under way. Thread-safe. */
public interface PendingOperation {

    /** Whether it is complete or has failed. */
    boolean done();

    /**
     * Waits for the operation.
     *
     * @throws PeerFailure if a peer was lost or the deadline passed, naming rank, host and operation
     */
    void await();
}
