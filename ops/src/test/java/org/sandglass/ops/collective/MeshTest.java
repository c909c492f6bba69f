package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where two ranks cannot connect, all ranks say which two. */
@Timeout(60)
class MeshTest {

    private static final int RANKS = 5;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<TcpEndpoint> endpoints = TcpGroup.endpoints(RANKS);
    private final List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);

    @AfterEach
    void stop() {
        endpoints.forEach(TcpEndpoint::close);
        threads.shutdownNow();
    }

    @Test
    void shouldNameThePairOnAllRanksWhereAConnectionIsRefused() throws Exception {
        InetSocketAddress closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
        }
        assertPairNamed(closed, Duration.ofSeconds(20), Duration.ofSeconds(8), "Connection refused");
    }

    @Test
    void shouldNameThePairOnAllRanksWhereAConnectionIsSwallowed() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = new InetSocketAddress(silent.getInetAddress(), silent.getLocalPort());
            assertPairNamed(
                    address, Duration.ofSeconds(3), Duration.ofSeconds(4), "it has not connected within 3000 ms");
        }
    }

    @Test
    void shouldNameTheRankThatNeverComes() throws Exception {
        CollectiveOptions options = new CollectiveOptions(Algorithm.AUTO, Duration.ofSeconds(2), 7);
        List<Future<Communicator>> ranks = new ArrayList<>();
        for (int rank = 0; rank < RANKS - 1; rank++) {
            ranks.add(connect(rank, addresses, options));
        }
        for (Future<Communicator> rank : ranks) {
            assertThat(failure(rank)).containsPattern("Cannot connect rank [0-3] at .* with rank 4 at .*");
        }
    }

    /**
     * Rank 3 believes that rank 1 listens where it does not; the others are right. Whichever of the two gives up first
     * knows the reason, and tells all others, the second of the two among them, that it is so.
     */
    private void assertPairNamed(InetSocketAddress wrong, Duration timeout, Duration limit, String reason)
            throws Exception {
        CollectiveOptions options = new CollectiveOptions(Algorithm.AUTO, timeout, 7);
        List<InetSocketAddress> mistaken = new ArrayList<>(addresses);
        mistaken.set(1, wrong);
        long start = System.nanoTime();
        List<Future<Communicator>> ranks = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            ranks.add(connect(rank, rank == 3 ? mistaken : addresses, options));
        }
        List<String> messages = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            messages.add(failure(ranks.get(rank)));
            assertThat(messages.get(rank))
                    .as("rank %d", rank)
                    .containsPattern(
                            "Cannot connect rank (3 at .*:\\d+ with rank 1|1 at .*:\\d+ with rank 3) at .*:\\d+: ");
        }
        assertThat(List.of(messages.get(1), messages.get(3)))
                .anySatisfy(message -> assertThat(message).contains(reason));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(limit);
    }

    private Future<Communicator> connect(int rank, List<InetSocketAddress> seen, CollectiveOptions options) {
        return threads.submit(() -> endpoints.get(rank).connect(rank, seen, TcpGroup.SECRET, options));
    }

    private static String failure(Future<Communicator> rank) throws Exception {
        try {
            rank.get(30, TimeUnit.SECONDS);
            throw new AssertionError("it has connected");
        } catch (ExecutionException failure) {
            assertThat(failure).hasCauseInstanceOf(PeerFailure.class);
            return String.valueOf(failure.getMessage());
        }
    }
}
