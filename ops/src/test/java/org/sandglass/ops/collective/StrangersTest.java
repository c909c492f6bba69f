package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever does not know the secret is dropped within a second, and the group forms all the same. */
@Timeout(60)
class StrangersTest {

    private static final long ATTEMPT = 7;
    private static final CollectiveOptions OPTIONS = TcpGroup.options(Algorithm.AUTO, 4096);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void shouldFormDespiteStrangersOfAllKinds() throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(3);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        List<Future<Communicator>> early = List.of(
                connect(endpoints, addresses, 0, TcpGroup.SECRET), connect(endpoints, addresses, 1, TcpGroup.SECRET));
        InetSocketAddress target = addresses.get(0);
        Random random = new Random(5);

        List<Future<Duration>> dropped = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            dropped.add(threads.submit(() -> untilDropped(target, noise)));
        }
        dropped.add(threads.submit(() -> untilDropped(target, new byte[0])));
        dropped.add(threads.submit(() -> untilDropped(target, hello(2, 3, ATTEMPT))));
        dropped.add(threads.submit(() -> untilDropped(target, hello(2, 3, ATTEMPT - 1))));
        dropped.add(threads.submit(() -> untilDropped(target, hello(3, 4, ATTEMPT))));
        dropped.add(threads.submit(
                () -> untilDropped(target, "GET / HTTP/1.1\r\n\r\n".repeat(9).getBytes(StandardCharsets.UTF_8))));
        for (Future<Duration> drop : dropped) {
            assertThat(drop.get(10, TimeUnit.SECONDS)).isLessThan(Duration.ofMillis(1800));
        }

        List<Future<Communicator>> all = new ArrayList<>(early);
        all.add(connect(endpoints, addresses, 2, TcpGroup.SECRET));
        for (Future<Communicator> future : all) {
            future.get(10, TimeUnit.SECONDS);
        }
        assertSums(all);
    }

    @ParameterizedTest(name = "with a rank''s hello and a false proof: {0}")
    @ValueSource(booleans = {false, true})
    void shouldAllocateLittleForAStranger(boolean hello) throws Exception {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        CompletableFuture<Long> thread = new CompletableFuture<>();
        Future<Communicator> forming = threads.submit(() -> {
            thread.complete(Thread.currentThread().getId());
            return endpoints.get(0).connect(0, addresses, TcpGroup.SECRET, OPTIONS);
        });
        byte[] bytes = hello
                ? hello(1, 2, ATTEMPT)
                : "GET / HTTP/1.1\r\n\r\n".repeat(9).getBytes(StandardCharsets.UTF_8);
        int strangers = 100;
        visit(addresses.get(0), bytes, strangers);
        long before = bean.getThreadAllocatedBytes(thread.get());
        visit(addresses.get(0), bytes, strangers);

        long each = (bean.getThreadAllocatedBytes(thread.get()) - before) / strangers;
        System.out.println("StrangersTest: a stranger costs " + each + " bytes"
                + (hello ? ", with a rank's hello and a false proof" : ""));
        assertThat(each).isLessThan(4096);
        forming.cancel(true);
    }

    /** Strangers, one after the other, that hear what is answered and go. */
    private static void visit(InetSocketAddress target, byte[] bytes, int strangers) throws IOException {
        for (int i = 0; i < strangers; i++) {
            try (Socket socket = new Socket(target.getAddress(), target.getPort())) {
                socket.getOutputStream().write(bytes);
                byte[] challenge = new byte[Handshake.NONCE_BYTES + Handshake.MAC_BYTES];
                if (socket.getInputStream().read(challenge) > 0) {
                    socket.getOutputStream().write(challenge, 0, Handshake.MAC_BYTES);
                    assertThat(socket.getInputStream().read()).isNegative();
                }
            } catch (SocketException reset) {
                assertThat(reset).hasMessageContaining("reset");
            }
        }
    }

    @Test
    void shouldRefuseASecondConnectionOfTheSameRank() throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(3);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        Future<Communicator> forming = connect(endpoints, addresses, 0, TcpGroup.SECRET);
        Membership two = new Membership(2, 3, ATTEMPT, false, TcpGroup.SECRET);
        try (Socket first = new Socket(
                        addresses.get(0).getAddress(), addresses.get(0).getPort());
                Socket second = new Socket(
                        addresses.get(0).getAddress(), addresses.get(0).getPort())) {
            recognise(first, Handshake.dialer(two, 0));
            assertThatThrownBy(() -> recognise(second, Handshake.dialer(two, 0)))
                    .isInstanceOf(IOException.class);
            first.setSoTimeout(100);
            assertThatThrownBy(() -> first.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
        forming.cancel(true);
    }

    @Test
    void shouldNotConnectWithAnotherSecret() {
        byte[] other = TcpGroup.SECRET.clone();
        other[31]++;
        assertNoGroup(other, ATTEMPT, "does not know the secret");
    }

    @Test
    void shouldNotConnectWithAnotherAttempt() {
        assertNoGroup(TcpGroup.SECRET, ATTEMPT + 1, "has closed the connection during the handshake");
    }

    @Test
    void shouldNameTheRankThatDoesNotCome() {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        CollectiveOptions hasty = new CollectiveOptions(Algorithm.AUTO, Duration.ofMillis(500), ATTEMPT);
        assertThatThrownBy(() -> endpoints.get(0).connect(0, TcpGroup.addresses(endpoints), TcpGroup.SECRET, hasty))
                .isInstanceOf(PeerFailure.class)
                .hasMessageMatching(
                        "Cannot connect rank 0 at .*:\\d+ with rank 1 at .*:\\d+: it has not connected within 500 ms");
    }

    @Test
    void shouldNameTheRankThatIsGone() {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        endpoints.get(0).close();
        long start = System.nanoTime();
        assertThatThrownBy(() -> endpoints.get(1).connect(1, TcpGroup.addresses(endpoints), TcpGroup.SECRET, OPTIONS))
                .isInstanceOf(PeerFailure.class)
                .hasMessageMatching("(?s)Cannot connect rank 1 at .* with rank 0 at .*")
                .hasMessageContaining("Connection refused");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldEndAConnectionWhoseRankSendsNoise(long seed) throws Exception {
        byte[] noise = new byte[1 + new Random(seed).nextInt(5000)];
        new Random(seed).nextBytes(noise);
        assertEnded(noise);
    }

    @Test
    void shouldEndAConnectionWithATruncatedFrame() throws Exception {
        byte[] frame = encode(new Frame(Frame.Kind.DATA, 4, 0, 0));
        assertEnded(java.util.Arrays.copyOf(frame, 10));
        assertEnded(frame);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 5000, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldEndAConnectionWithAWrongLength(int length) throws Exception {
        assertEnded(encode(new Frame(Frame.Kind.DATA, length, 0, 0)));
    }

    @Test
    void shouldEndAConnectionWithFramesOfAFarFuture() throws Exception {
        assertEnded(encode(new Frame(Frame.Kind.DATA, 4, 1L << 40, 0)));
        assertEnded(encode(new Frame(Frame.Kind.STARTED, 0, Inbound.AHEAD + 1, 0)));
    }

    @Test
    void shouldNotKeepMoreOfTheFutureThanPromised() throws Exception {
        ByteBuffer flood = ByteBuffer.allocate(20 * (Frame.BYTES + 4096));
        for (int i = 0; i < 20; i++) {
            flood.put(encode(new Frame(Frame.Kind.DATA, 4096, 1, 0))).position((i + 1) * (Frame.BYTES + 4096));
        }
        assertEnded(flood.array());
    }

    private Future<Communicator> connect(
            List<TcpEndpoint> endpoints, List<InetSocketAddress> addresses, int rank, byte[] secret) {
        return threads.submit(() -> endpoints.get(rank).connect(rank, addresses, secret, OPTIONS));
    }

    private void assertSums(List<Future<Communicator>> group) throws Exception {
        List<Future<Float>> sums = new ArrayList<>();
        for (Future<Communicator> member : group) {
            Communicator communicator = member.get(10, TimeUnit.SECONDS);
            sums.add(threads.submit(() -> {
                var buffer = Buffers.direct(1).put(0, 1 + communicator.rank());
                communicator.allReduce(buffer).await();
                return buffer.get(0);
            }));
        }
        for (Future<Float> sum : sums) {
            assertThat(sum.get(10, TimeUnit.SECONDS)).isEqualTo(group.size() * (group.size() + 1) / 2f);
        }
        for (Future<Communicator> member : group) {
            member.get().close();
        }
    }

    private void assertNoGroup(byte[] secretOfRank1, long attemptOfRank1, String reason) {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        Duration timeout = Duration.ofMillis(1500);
        Future<Communicator> honest = threads.submit(() -> endpoints
                .get(0)
                .connect(0, addresses, TcpGroup.SECRET, new CollectiveOptions(Algorithm.AUTO, timeout, ATTEMPT)));
        assertThatThrownBy(() -> endpoints
                        .get(1)
                        .connect(
                                1,
                                addresses,
                                secretOfRank1,
                                new CollectiveOptions(Algorithm.AUTO, timeout, attemptOfRank1)))
                .isInstanceOf(PeerFailure.class)
                .hasMessageMatching("(?s)Cannot connect rank 1 at .* with rank 0 at .*")
                .hasMessageContaining(reason);
        assertThatThrownBy(() -> honest.get(10, TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(PeerFailure.class)
                .hasMessageMatching("(?s)Cannot connect rank 0 at .* with rank 1 at .*");
    }

    /** A rank that is recognised, and then sends what it should not, must end the group soon. */
    private void assertEnded(byte[] bytes) throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        Future<Communicator> honest = connect(endpoints, addresses, 0, TcpGroup.SECRET);
        try (Socket socket =
                new Socket(addresses.get(0).getAddress(), addresses.get(0).getPort())) {
            Handshake handshake = Handshake.dialer(new Membership(1, 2, ATTEMPT, false, TcpGroup.SECRET), 0);
            recognise(socket, handshake);
            socket.getOutputStream().write(Verdict.CONNECTED.encode(handshake.session()));
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            assertThatThrownBy(() -> honest.get(5, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageMatching("Cannot complete barrier \\(operation 0\\) on rank 0: rank 1 at .*"
                            + "(broke the protocol|was lost).*");
        } finally {
            endpoints.get(1).close();
        }
    }

    private static void recognise(Socket socket, Handshake handshake) throws Exception {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        while (true) {
            byte[] out = new byte[handshake.outgoing().remaining()];
            handshake.outgoing().get(out);
            socket.getOutputStream().write(out);
            if (handshake.complete()) {
                return;
            }
            byte[] answer = new byte[handshake.incoming().remaining()];
            in.readFully(answer);
            handshake.incoming().put(answer);
            handshake.advance();
        }
    }

    private static Duration untilDropped(InetSocketAddress target, byte[] bytes) throws IOException {
        try (Socket socket = new Socket(target.getAddress(), target.getPort())) {
            long start = System.nanoTime();
            try {
                socket.getOutputStream().write(bytes);
                socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
            } catch (IOException reset) {
                return Duration.ofNanos(System.nanoTime() - start);
            }
            return Duration.ofNanos(System.nanoTime() - start);
        }
    }

    private static byte[] hello(int rank, int ranks, long attempt) {
        return Handshake.dialer(new Membership(rank, ranks, attempt, false, new byte[32]), 0)
                .outgoing()
                .array();
    }

    private static byte[] encode(Frame frame) {
        ByteBuffer bytes = ByteBuffer.allocate(Frame.BYTES);
        frame.encode(bytes);
        return bytes.array();
    }
}
