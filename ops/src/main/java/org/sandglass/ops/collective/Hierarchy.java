package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets up what {@link HierarchicalCommunicator} needs on top of a group of all ranks: memory that a host's ranks share,
 * and a group of the hosts' leaders. Every rank does it at the same time; it succeeds on all or on none.
 */
final class Hierarchy {

    private static final Logger LOG = LoggerFactory.getLogger(Hierarchy.class);

    /** How many segments a phase may be ahead of the next. */
    private static final int SLOTS = 4;

    /** Segments that stay in a core's cache. */
    private static final int SEGMENT_BYTES = 256 << 10;

    /** Segments that are worth a message to every other host. */
    private static final int MESSAGE_BYTES = 1 << 20;

    /** What a host's ranks share at most, so that it stays in its last cache. */
    private static final int MEMORY_BYTES = 32 << 20;

    private static final int PATH_BYTES = 512;
    private static final int PAGE = 4096;

    private final HostLayout layout;
    private final TcpCommunicator all;
    private final int host;
    private final int segment;

    private Hierarchy(HostLayout layout, TcpCommunicator all) {
        this.layout = layout;
        this.all = all;
        this.host = layout.host(all.rank());
        int most = MEMORY_BYTES / SLOTS / (layout.mostRanks() + 1);
        int wanted = layout.count() > 1 ? MESSAGE_BYTES : SEGMENT_BYTES;
        this.segment = Math.max(PAGE, Math.min(most, wanted) / PAGE * PAGE) / Float.BYTES;
    }

    /**
     * @param all the group of all ranks, which belongs to the result if there is one
     * @param listener where the others dial this rank, if it leads
     * @throws PeerFailure if some host's ranks cannot share memory, or the leaders cannot connect
     */
    static HierarchicalCommunicator over(
            TcpCommunicator all,
            ServerSocketChannel listener,
            List<InetSocketAddress> addresses,
            byte[] secret,
            CollectiveOptions options) {
        Hierarchy hierarchy = new Hierarchy(new HostLayout(options.hosts()), all);
        HostMemory memory = hierarchy.share();
        TcpCommunicator leaders = hierarchy.connectLeaders(listener, addresses, secret, options);
        try {
            all.barrier();
        } catch (PeerFailure failure) {
            if (leaders != null) {
                leaders.close();
            }
            throw failure;
        }
        return new HierarchicalCommunicator(
                all, HostProgress.start(hierarchy.layout, memory, all, leaders, options.timeout()));
    }

    private HostMemory share() {
        int ranks = layout.ranks(host);
        int bytes = HostMemory.bytes(ranks, SLOTS, segment);
        List<ByteBuffer> paths = new ArrayList<>();
        SharedFile created = null;
        ByteBuffer memory = null;
        try {
            if (ranks == 1) {
                memory = ByteBuffer.allocateDirect(bytes);
            } else if (leads()) {
                created = SharedFile.create(bytes);
            }
        } catch (IOException cause) {
            LOG.error("Rank {} cannot create memory to share on its host", all.rank(), cause);
        }
        try {
            tellPaths(paths, created);
            if (ranks > 1) {
                memory = map(paths.get(host), bytes);
            }
            checkAllShare(memory != null);
        } finally {
            close(created);
        }
        return new HostMemory(Objects.requireNonNull(memory), ranks, SLOTS, segment);
    }

    /** Every leader tells all ranks the path of its file, or that it has none. */
    private void tellPaths(List<ByteBuffer> paths, @Nullable SharedFile own) {
        List<PendingOperation> operations = new ArrayList<>();
        for (int other = 0; other < layout.count(); other++) {
            ByteBuffer path = ByteBuffer.allocateDirect(PATH_BYTES);
            if (other == host && own != null) {
                byte[] bytes = own.path().toString().getBytes(StandardCharsets.UTF_8);
                path.putInt(0, bytes.length).put(Integer.BYTES, bytes);
            }
            paths.add(path);
            operations.add(all.broadcast(path, layout.leader(other)));
        }
        operations.forEach(PendingOperation::await);
    }

    private @Nullable ByteBuffer map(ByteBuffer path, int bytes) {
        byte[] name = new byte[path.getInt(0)];
        if (name.length == 0) {
            return null;
        }
        path.get(Integer.BYTES, name);
        try {
            return SharedFile.map(Path.of(new String(name, StandardCharsets.UTF_8)), bytes);
        } catch (IOException cause) {
            LOG.error("Rank {} cannot map the memory that its host's ranks share", all.rank(), cause);
            return null;
        }
    }

    /** Returns when all ranks have come here. */
    private void checkAllShare(boolean shares) {
        FloatBuffer failures = ByteBuffer.allocateDirect(all.worldSize() * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        failures.put(all.rank(), shares ? 0 : 1);
        all.allReduce(failures).await();
        for (int rank = 0; rank < all.worldSize(); rank++) {
            if (failures.get(rank) != 0) {
                throw new PeerFailure("Cannot share memory on host " + layout.name(layout.host(rank)) + ": "
                        + (rank == all.rank() ? "this rank" : all.name(rank))
                        + " does not reach it, as its log explains; are these ranks in containers of their own? "
                        + "Another algorithm needs no shared memory");
            }
        }
    }

    private @Nullable TcpCommunicator connectLeaders(
            ServerSocketChannel listener, List<InetSocketAddress> addresses, byte[] secret, CollectiveOptions options) {
        if (layout.count() == 1 || !leads()) {
            return null;
        }
        return TcpEndpoint.connectLeaders(listener, layout, host, addresses, secret, options);
    }

    private boolean leads() {
        return all.rank() == layout.leader(host);
    }

    private static void close(@Nullable SharedFile file) {
        if (file != null) {
            try {
                file.close();
            } catch (IOException cause) {
                LOG.warn("Cannot remove {}", file.path(), cause);
            }
        }
    }
}
