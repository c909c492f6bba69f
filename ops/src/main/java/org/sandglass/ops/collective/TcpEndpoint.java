package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a rank listens for its peers: opened before the rendezvous, so that its port can be announced there, and used
 * for one {@link #connect}.
 *
 * <p>Belongs to one thread; {@link #close} may come from any.
 */
public final class TcpEndpoint implements AutoCloseable {

    private static final int BACKLOG = 512;

    private final ServerSocketChannel listener;
    private final int port;

    private TcpEndpoint(ServerSocketChannel listener) throws IOException {
        this.listener = listener;
        this.port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    /**
     * Listens on a port that the system chooses.
     *
     * @throws PeerFailure if it cannot
     */
    public static TcpEndpoint open(InetAddress bind) {
        try {
            return new TcpEndpoint(ServerSocketChannel.open().bind(new InetSocketAddress(bind, 0), BACKLOG));
        } catch (IOException cause) {
            throw new PeerFailure("Cannot listen on " + bind.getHostAddress() + ": " + cause.getMessage(), cause);
        }
    }

    public int port() {
        return port;
    }

    /**
     * Connects with every other rank; returns when all ranks have done so. Closes this endpoint.
     *
     * @param ranks where each rank listens; as many as there are ranks
     * @param secret at least 32 bytes that nobody but the ranks knows; made anew for every attempt
     * @throws PeerFailure if a rank does not come before the deadline, naming it
     */
    public Communicator connect(int rank, List<InetSocketAddress> ranks, byte[] secret, CollectiveOptions options) {
        try (this) {
            return connectAll(rank, ranks, secret, options);
        }
    }

    /**
     * As {@link #connect}, and connects the lowest rank of each host with those of the other hosts.
     *
     * @param between the leaders' algorithm
     * @throws PeerFailure if a rank does not come before the deadline, naming it
     */
    public HostGroups connectHosts(
            int rank, List<InetSocketAddress> ranks, byte[] secret, CollectiveOptions options, Algorithm between) {
        try (this) {
            HostLayout layout = new HostLayout(options.hosts());
            Communicator all = connectAll(rank, ranks, secret, options);
            try {
                all.barrier();
                int host = layout.host(rank);
                boolean connects = layout.count() > 1 && layout.leader(host) == rank;
                Communicator leaders = connects
                        ? connectLeaders(listener, layout, host, ranks, secret, options.withAlgorithm(between))
                        : InProcess.single();
                return new HostGroups(layout, all, leaders);
            } catch (RuntimeException failure) {
                all.close();
                throw failure;
            }
        }
    }

    /** Connects a host's leader with those of the other hosts; there are some. */
    static TcpCommunicator connectLeaders(
            ServerSocketChannel listener,
            HostLayout layout,
            int host,
            List<InetSocketAddress> ranks,
            byte[] secret,
            CollectiveOptions options) {
        List<InetSocketAddress> leaders = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int other = 0; other < layout.count(); other++) {
            leaders.add(ranks.get(layout.leader(other)));
            names.add(TcpCommunicator.name(layout.leader(other), ranks));
        }
        Membership membership = new Membership(host, layout.count(), ~options.attempt(), options.encrypt(), secret);
        return TcpCommunicator.connect(listener, leaders, names, membership, options);
    }

    private Communicator connectAll(int rank, List<InetSocketAddress> ranks, byte[] secret, CollectiveOptions options) {
        checkAvailable(options, ranks.size());
        Membership membership = new Membership(rank, ranks.size(), options.attempt(), options.encrypt(), secret);
        return ranks.size() == 1 ? InProcess.single() : connect(ranks, membership, secret, options);
    }

    private Communicator connect(
            List<InetSocketAddress> ranks, Membership membership, byte[] secret, CollectiveOptions options) {
        TcpCommunicator flat = TcpCommunicator.connect(listener, ranks, membership, options);
        if (options.algorithm() != Algorithm.HIERARCHICAL || new HostLayout(options.hosts()).mostRanks() == 1) {
            return flat;
        }
        try {
            return Hierarchy.over(flat, listener, ranks, secret, options);
        } catch (RuntimeException failure) {
            flat.close();
            throw failure;
        }
    }

    private static void checkAvailable(CollectiveOptions options, int ranks) {
        if (!options.hosts().isEmpty() && options.hosts().size() != ranks) {
            throw new IllegalArgumentException("Cannot connect: there are " + ranks + " ranks, but the hosts of "
                    + options.hosts().size() + ": " + options.hosts());
        }
        if (options.algorithm() == Algorithm.HIERARCHICAL && options.hosts().isEmpty()) {
            throw new IllegalArgumentException("Cannot connect: algorithm=HIERARCHICAL needs the hosts of the ranks");
        }
    }

    /** Stops listening; communicators that it has connected live on. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException cause) {
            throw new PeerFailure("Cannot close the listening socket: " + cause.getMessage(), cause);
        }
    }
}
