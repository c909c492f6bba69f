package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * A fixed group of ranks that compute together.
 *
 * <p>Every rank starts the same operations with the same lengths in the same order; several may be in flight. Operations
 * are started by one thread; they complete in background threads. Each has the communicator's timeout as deadline.
 * After a {@link PeerFailure} the communicator is of no more use than to be closed. The order of additions depends on
 * the group alone, so that equal inputs give equal bits.
 */
public interface Communicator extends AutoCloseable {

    int rank();

    int worldSize();

    /**
     * Starts summing {@code buffer}'s remaining elements over all ranks, in place.
     *
     * @param buffer direct, native order; not to be touched until the operation is complete; position is left alone
     */
    PendingOperation allReduce(FloatBuffer buffer);

    /**
     * As {@link #allReduce}, but nothing is rounded on the way, whatever {@link CollectiveOptions#wire}: for counts. Here
     * for communicators that never round.
     */
    default PendingOperation allReduceExactly(FloatBuffer buffer) {
        return allReduce(buffer);
    }

    /**
     * Starts summing {@code buffer}'s remaining elements over all ranks such that every rank has a part of the sum: at
     * the end rank r's {@link Chunk} r holds it, and the rest of its buffer nothing of use.
     *
     * @param buffer direct, native order; not to be touched until the operation is complete; position is left alone
     */
    PendingOperation reduceScatter(FloatBuffer buffer);

    /**
     * Starts sharing: rank r's {@link Chunk} r of {@code buffer}'s remaining elements is copied to every rank.
     *
     * @param buffer direct, native order; not to be touched until the operation is complete; position is left alone
     */
    PendingOperation allGather(FloatBuffer buffer);

    /**
     * Starts copying {@code root}'s remaining bytes to every rank.
     *
     * @param buffer direct; not to be touched until the operation is complete; position is left alone
     */
    PendingOperation broadcast(ByteBuffer buffer, int root);

    /** Waits until every rank has called it. */
    void barrier();

    /** Why nothing can be summed any more: a peer is lost, or the group closed; empty while it can. Thread-safe. */
    Optional<String> loss();

    /** Any thread may call this. Closes all connections; operations in flight fail here and, within moments, at every peer. */
    @Override
    void close();
}
