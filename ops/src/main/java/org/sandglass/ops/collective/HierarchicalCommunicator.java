package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * A rank of a group whose large sums go the way of the hosts: shared memory within a host, TCP between their leaders.
 * Everything else takes the flat path, a group of all ranks by TCP.
 */
final class HierarchicalCommunicator implements Communicator {

    /** Smaller buffers take the flat path (Goyal et al., section 4.1). */
    static final int FLAT_BYTES = 256 << 10;

    private final TcpCommunicator flat;
    private final HostProgress hosts;

    HierarchicalCommunicator(TcpCommunicator flat, HostProgress hosts) {
        this.flat = flat;
        this.hosts = hosts;
    }

    @Override
    public int rank() {
        return flat.rank();
    }

    @Override
    public int worldSize() {
        return flat.worldSize();
    }

    @Override
    public PendingOperation allReduce(FloatBuffer buffer) {
        Arguments.checkSummable("all-reduce", buffer);
        return buffer.remaining() < FLAT_BYTES / Float.BYTES ? flat.allReduce(buffer) : hosts.submit(buffer);
    }

    @Override
    public PendingOperation allReduceExactly(FloatBuffer buffer) {
        return flat.allReduceExactly(buffer);
    }

    @Override
    public PendingOperation reduceScatter(FloatBuffer buffer) {
        return flat.reduceScatter(buffer);
    }

    @Override
    public PendingOperation allGather(FloatBuffer buffer) {
        return flat.allGather(buffer);
    }

    @Override
    public PendingOperation broadcast(ByteBuffer buffer, int root) {
        return flat.broadcast(buffer, root);
    }

    @Override
    public void barrier() {
        flat.barrier();
    }

    @Override
    public Optional<String> loss() {
        return flat.loss();
    }

    @Override
    public void close() {
        hosts.close();
        flat.close();
    }
}
