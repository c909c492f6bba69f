package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forms the connections of a group: every rank dials the ranks below it and listens for those above.
 *
 * <p>Ranks that are connected say so to each other ({@link RollCall}); who cannot connect says with whom, and all fail
 * naming that pair. Whoever does not complete the {@link Handshake} within a second is dropped and forgotten. What a rank dials is tried
 * again for a few seconds when it is refused. Belongs to one thread, whose interruption ends it.
 */
final class Mesh implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Mesh.class);
    private static final long STRANGER_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long RETRY_NANOS = Duration.ofMillis(100).toNanos();
    private static final long REFUSED_NANOS = Duration.ofSeconds(3).toNanos();
    private static final long POLL_MILLIS = 50;

    /** How long a rank waits for others to say which pair cannot connect, before it names a rank itself. */
    private static final long NEWS_NANOS = Duration.ofMillis(500).toNanos();

    private static final int STRANGERS = 512;
    private static final int WARNINGS = 10;

    /** What became of the connection with a rank. */
    private static final class Peer {
        private @Nullable Connection connection;
        private long nextDial = System.nanoTime();
        private long firstRefusal;
        private @Nullable String refusal;
    }

    /** Two ranks cannot connect. */
    private static final class Unconnected extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Verdict pair;

        Unconnected(Verdict pair, String detail) {
            super("Cannot connect " + detail);
            this.pair = pair;
        }
    }

    /** A connection that has not proved itself. */
    private static final class Visit {
        private final SocketChannel channel;
        private final Handshake handshake;
        private final boolean dialed;
        private final long start = System.nanoTime();

        Visit(SocketChannel channel, Handshake handshake, boolean dialed) {
            this.channel = channel;
            this.handshake = handshake;
            this.dialed = dialed;
        }
    }

    private final ServerSocketChannel listener;
    private final List<InetSocketAddress> addresses;
    private final Membership me;
    private final Duration timeout;
    private final Selector selector;
    private final List<Peer> peers = new ArrayList<>();
    private final List<Visit> visits = new ArrayList<>();
    private final RollCall rollCall;
    private int refused;

    /** Ranks that have gone without a word, one of them at least: until when another may say why. */
    private @Nullable String departure;

    private int departed;
    private long departureDeadline;

    Mesh(ServerSocketChannel listener, List<InetSocketAddress> addresses, Membership me, Duration timeout)
            throws IOException {
        this.listener = listener;
        this.addresses = addresses;
        this.me = me;
        this.timeout = timeout;
        this.selector = Selector.open();
        this.rollCall = new RollCall(addresses.size());
        addresses.forEach(address -> peers.add(new Peer()));
    }

    /**
     * Connects; returns the connections by rank, null at this rank.
     *
     * @throws PeerFailure if two ranks cannot connect in time, naming both
     */
    List<@Nullable Connection> form() throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        try {
            while (missing() >= 0 || rollCall.awaited() >= 0) {
                turn(deadline);
            }
        } catch (Unconnected failure) {
            if (!Thread.currentThread().isInterrupted()) {
                rollCall.tell(failure.pair);
            }
            throw new PeerFailure(String.valueOf(failure.getMessage()), failure);
        }
        if (refused > 0) {
            LOG.warn("Refused {} connections from strangers while rank {} connected", refused, me.rank());
        }
        return release();
    }

    private void turn(long deadline) throws IOException, Unconnected {
        long now = System.nanoTime();
        checkPatience(now - deadline, now);
        dial(now);
        if (missing() < 0) {
            rollCall.announce();
        }
        selector.select(POLL_MILLIS);
        for (SelectionKey key : selector.selectedKeys()) {
            if (key.attachment() instanceof Visit visit) {
                attend(visit, key);
            } else if (key.attachment() instanceof Integer rank) {
                hear(rank);
            } else {
                accept();
            }
        }
        selector.selectedKeys().clear();
        dropTheSilent(System.nanoTime());
    }

    private void checkPatience(long lateness, long now) throws Unconnected {
        if (Thread.currentThread().isInterrupted()) {
            throw failure(Math.max(missing(), rollCall.awaited()), "interrupted");
        }
        if (lateness > 0 && missing() >= 0) {
            throw failure(missing(), "it has not connected within " + timeout.toMillis() + " ms");
        }
        if (lateness > NEWS_NANOS) {
            throw failure(rollCall.awaited(), "it has not connected with all others in time");
        }
        if (departure != null && now - departureDeadline > 0) {
            throw failure(missing() >= 0 ? missing() : departed, "rank " + departed + " " + departure);
        }
    }

    private void hear(int rank) throws Unconnected {
        try {
            Verdict pair = rollCall.hear(rank);
            if (pair != null) {
                throw new Unconnected(
                        pair, name(pair.rank()) + " with " + name(pair.other()) + ": rank " + rank + " reports so");
            }
        } catch (IOException | Refusal cause) {
            if (departure == null) {
                departure = String.valueOf(cause.getMessage());
                departed = rank;
                departureDeadline = System.nanoTime() + NEWS_NANOS;
            }
        }
    }

    /** Closes what has not been handed out. */
    @Override
    public void close() throws IOException {
        for (Peer peer : peers) {
            if (peer.connection != null) {
                peer.connection.socket().close();
            }
        }
        for (Visit visit : visits) {
            visit.channel.close();
        }
        selector.close();
    }

    private List<@Nullable Connection> release() throws IOException {
        List<@Nullable Connection> connections = new ArrayList<>();
        for (Peer peer : peers) {
            connections.add(peer.connection);
            peer.connection = null;
        }
        for (SelectionKey key : selector.keys()) {
            key.cancel();
        }
        selector.selectNow();
        return connections;
    }

    /** The lowest rank that is not connected yet, or -1. */
    private int missing() {
        for (int rank = 0; rank < peers.size(); rank++) {
            if (rank != me.rank() && peers.get(rank).connection == null) {
                return rank;
            }
        }
        return -1;
    }

    private void dial(long now) throws IOException, Unconnected {
        for (int rank = 0; rank < me.rank(); rank++) {
            Peer peer = peers.get(rank);
            if (peer.connection != null || now - peer.nextDial < 0) {
                continue;
            }
            peer.nextDial = now + timeout.toNanos();
            Visit visit = new Visit(SocketChannel.open(), Handshake.dialer(me, rank), true);
            visits.add(visit);
            try {
                visit.channel.configureBlocking(false);
                boolean connected = visit.channel.connect(address(rank));
                SelectionKey key = visit.channel.register(selector, SelectionKey.OP_CONNECT, visit);
                if (connected) {
                    attend(visit, key);
                }
            } catch (IOException cause) {
                drop(visit, String.valueOf(cause.getMessage()));
            }
        }
    }

    private InetSocketAddress address(int rank) {
        InetSocketAddress address = addresses.get(rank);
        return address.isUnresolved() ? new InetSocketAddress(address.getHostString(), address.getPort()) : address;
    }

    private void accept() throws IOException, Unconnected {
        for (SocketChannel channel = listener.accept(); channel != null; channel = listener.accept()) {
            if (visits.size() >= STRANGERS) {
                drop(visits.get(0), "made room for others");
            }
            channel.configureBlocking(false);
            Visit visit = new Visit(channel, Handshake.listener(me), false);
            visits.add(visit);
            channel.register(selector, SelectionKey.OP_READ, visit);
        }
    }

    private void attend(Visit visit, SelectionKey key) throws Unconnected {
        try {
            if (!visit.channel.isConnected()) {
                if (!visit.channel.finishConnect()) {
                    return;
                }
            }
            converse(visit, key);
        } catch (IOException | Refusal cause) {
            drop(visit, String.valueOf(cause.getMessage()));
        }
    }

    private void converse(Visit visit, SelectionKey key) throws IOException, Refusal {
        Handshake handshake = visit.handshake;
        while (true) {
            visit.channel.write(handshake.outgoing());
            if (handshake.outgoing().hasRemaining()) {
                key.interestOps(SelectionKey.OP_WRITE);
                return;
            }
            if (handshake.complete()) {
                welcome(visit, key);
                return;
            }
            if (visit.channel.read(handshake.incoming()) < 0) {
                throw new Refusal("has closed the connection during the handshake");
            }
            if (handshake.incoming().hasRemaining()) {
                key.interestOps(SelectionKey.OP_READ);
                return;
            }
            handshake.advance();
            if (handshake.recognised()) {
                checkAbsent(handshake.peer());
            }
        }
    }

    private void checkAbsent(int rank) throws Refusal {
        if (peers.get(rank).connection != null) {
            throw new Refusal("claims a rank that is connected already");
        }
    }

    private void welcome(Visit visit, SelectionKey key) throws IOException, Refusal {
        checkAbsent(visit.handshake.peer());
        visit.channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        visit.channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        Session session = visit.handshake.session();
        peers.get(visit.handshake.peer()).connection = new Connection(visit.channel, me.encrypted() ? session : null);
        rollCall.add(visit.handshake.peer(), key, session);
        visits.remove(visit);
    }

    private void dropTheSilent(long now) throws Unconnected {
        for (Visit visit : List.copyOf(visits)) {
            if (!visit.dialed && now - visit.start > STRANGER_NANOS) {
                drop(visit, "has not proved itself within a second");
            }
        }
    }

    private void drop(Visit visit, String reason) throws Unconnected {
        visits.remove(visit);
        try {
            visit.channel.close();
        } catch (IOException cause) {
            LOG.debug("Cannot close a connection", cause);
        }
        if (visit.dialed) {
            retry(visit.handshake.peer(), reason);
        } else {
            refused++;
            if (refused <= WARNINGS) {
                LOG.warn("Refused a connection to rank {}: it {}", me.rank(), reason);
            }
        }
    }

    private void retry(int rank, String reason) throws Unconnected {
        Peer peer = peers.get(rank);
        long now = System.nanoTime();
        if (peer.refusal == null) {
            peer.firstRefusal = now;
        }
        peer.refusal = reason;
        peer.nextDial = now + RETRY_NANOS;
        if (now - peer.firstRefusal > REFUSED_NANOS) {
            throw failure(rank, "no connection after several tries");
        }
    }

    private Unconnected failure(int rank, String reason) {
        String refusal = peers.get(rank).refusal;
        return new Unconnected(
                new Verdict(me.rank(), rank),
                name(me.rank()) + " with " + name(rank) + ": " + reason
                        + (refusal == null ? "" : "; the last one: " + refusal));
    }

    private String name(int rank) {
        return "rank " + rank + " at " + addresses.get(rank);
    }
}
