package org.sandglass.ops.collective;

/**
 * A collective operation under way. Thread-safe.
 *
 * <p>Once awaited, it may come to stand for the next operation on the same buffer, as MPI's requests do: so that nothing
 * is allocated for operations that recur.
 */
public interface PendingOperation {

    /** Whether it is complete or has failed. */
    boolean done();

    /**
     * Waits for the operation; meanwhile the calling thread does what there is to do for it.
     *
     * @throws PeerFailure if a peer was lost or the deadline passed, naming rank, host and operation
     */
    void await();
}
