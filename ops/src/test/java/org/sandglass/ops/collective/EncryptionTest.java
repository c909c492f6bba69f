package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encrypted groups over real sockets, and somebody on the path. */
@Timeout(60)
class EncryptionTest {

    private static final CollectiveOptions OPTIONS = new CollectiveOptions(Algorithm.RING, Duration.ofSeconds(10), 7)
            .withSegmentBytes(4096)
            .withEncryption(true);
    private static final int ELEMENTS = 20_000;

    /** What the dialer says before its first record. */
    private static final int HANDSHAKE_BYTES = Handshake.HELLO_BYTES + Handshake.MAC_BYTES + Verdict.BYTES;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    static LongStream seeds() {
        return LongStream.range(0, 12);
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @ParameterizedTest(name = "{0} ranks, segments of {1}")
    @CsvSource({"2, 4096", "3, 262144", "4, 65536", "5, 1024"})
    void shouldSumExactlyOverEncryptedConnections(int ranks, int segmentBytes) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, OPTIONS.withSegmentBytes(segmentBytes))) {
            for (int elements : new int[] {1, 1000, 250_007}) {
                List<FloatBuffer> sums = group.run(communicator -> {
                    List<FloatBuffer> buffers = new ArrayList<>();
                    List<PendingOperation> operations = new ArrayList<>();
                    for (int instance = 0; instance < 5; instance++) {
                        buffers.add(Buffers.integers(elements, communicator.rank(), instance));
                        operations.add(communicator.allReduce(buffers.get(instance)));
                    }
                    operations.forEach(PendingOperation::await);
                    return buffers.get(4);
                });
                float[] expected = new float[elements];
                for (int rank = 0; rank < ranks; rank++) {
                    for (int i = 0; i < elements; i++) {
                        expected[i] += Buffers.integer(i, rank, 4);
                    }
                }
                sums.forEach(sum -> assertThat(Buffers.array(sum)).isEqualTo(expected));
            }
        }
    }

    @ParameterizedTest(name = "encrypted: {0}")
    @ValueSource(booleans = {true, false})
    void shouldHideWhatIsSummedFromWhoListensOnThePath(boolean encrypted) throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        try (ManInTheMiddle listener =
                middle(endpoints, (bytes, length, offset, target) -> ManInTheMiddle.pass(bytes, length, target))) {
            List<Future<Communicator>> ranks = connect(endpoints, listener, OPTIONS.withEncryption(encrypted));
            List<Future<FloatBuffer>> sums = new ArrayList<>();
            for (Future<Communicator> rank : ranks) {
                sums.add(threads.submit(() -> sum(rank.get())));
            }
            for (Future<FloatBuffer> sum : sums) {
                sum.get(20, TimeUnit.SECONDS);
            }
            byte[] part = new byte[16 * Float.BYTES];
            ByteBuffer.wrap(part)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .put(0, sums.get(0).get(), 100, 16);
            assertThat(contains(listener.heard(), part)).isEqualTo(!encrypted);
            assertThat(contains(listener.heard(), TcpGroup.SECRET)).isFalse();
            for (Future<Communicator> rank : ranks) {
                rank.get().close();
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldNoticeAnAlteredBit(long seed) throws Exception {
        Random random = new Random(seed);
        long victim = (long) HANDSHAKE_BYTES + random.nextInt(30_000);
        byte mask = (byte) (1 << random.nextInt(8));
        assertNoticed((bytes, length, offset, target) -> {
            if (victim >= offset && victim < offset + length) {
                bytes[(int) (victim - offset)] ^= mask;
            }
            return ManInTheMiddle.pass(bytes, length, target);
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldNoticeRepeatedBytes(long seed) throws Exception {
        long place = (long) HANDSHAKE_BYTES + new Random(seed).nextInt(30_000);
        assertNoticed((bytes, length, offset, target) -> {
            ManInTheMiddle.pass(bytes, length, target);
            boolean here = place >= offset && place < offset + length;
            return !here || ManInTheMiddle.pass(bytes, length, target);
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldNoticeACut(long seed) throws Exception {
        long place = (long) HANDSHAKE_BYTES + new Random(seed).nextInt(30_000);
        assertNoticed((bytes, length, offset, target) -> {
            int passed = (int) Math.max(0, Math.min(length, place - offset));
            return ManInTheMiddle.pass(bytes, passed, target) && passed == length;
        });
    }

    @Test
    void shouldRefuseARankThatDoesNotEncrypt() {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        CollectiveOptions hasty = new CollectiveOptions(Algorithm.AUTO, Duration.ofMillis(1500), 7);
        Future<Communicator> encrypts = threads.submit(
                () -> endpoints.get(0).connect(0, addresses, TcpGroup.SECRET, hasty.withEncryption(true)));
        assertThatThrownBy(() -> endpoints.get(1).connect(1, addresses, TcpGroup.SECRET, hasty))
                .isInstanceOf(PeerFailure.class)
                .hasMessageStartingWith("Cannot connect rank 1 at ");
        assertThatThrownBy(() -> encrypts.get(10, TimeUnit.SECONDS)).cause().isInstanceOf(PeerFailure.class);
    }

    /** Whoever changes what is said ends the group, and both ends name each other. */
    private void assertNoticed(ManInTheMiddle.Change change) throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(2);
        try (ManInTheMiddle middle = middle(endpoints, change)) {
            List<Future<Communicator>> ranks = connect(endpoints, middle, OPTIONS);
            List<Future<FloatBuffer>> sums = new ArrayList<>();
            for (Future<Communicator> rank : ranks) {
                sums.add(threads.submit(() -> {
                    Communicator communicator = rank.get();
                    sum(communicator);
                    return sum(communicator);
                }));
            }
            for (int rank = 0; rank < 2; rank++) {
                Future<FloatBuffer> sum = sums.get(rank);
                int other = 1 - rank;
                assertThatThrownBy(() -> sum.get(20, TimeUnit.SECONDS))
                        .rootCause()
                        .hasMessageMatching(
                                "(was lost|has fallen silent|has not started|has not sent).*|.*as rank " + other
                                        + " reports|what came over its connection .*|its connection has ended.*|Connection reset.*|Broken pipe");
                assertThatThrownBy(() -> sum.get(20, TimeUnit.SECONDS))
                        .hasStackTraceContaining("on rank " + rank + ": ")
                        .hasStackTraceContaining("rank " + other + " ");
            }
        }
    }

    private static ManInTheMiddle middle(List<TcpEndpoint> endpoints, ManInTheMiddle.Change change) throws Exception {
        return new ManInTheMiddle(TcpGroup.addresses(endpoints).get(0), change);
    }

    private List<Future<Communicator>> connect(
            List<TcpEndpoint> endpoints, ManInTheMiddle middle, CollectiveOptions options) {
        List<InetSocketAddress> direct = TcpGroup.addresses(endpoints);
        List<InetSocketAddress> indirect = List.of(middle.address(), direct.get(1));
        return List.of(
                threads.submit(() -> endpoints.get(0).connect(0, direct, TcpGroup.SECRET, options)),
                threads.submit(() -> endpoints.get(1).connect(1, indirect, TcpGroup.SECRET, options)));
    }

    private static FloatBuffer sum(Communicator communicator) {
        FloatBuffer buffer = Buffers.integers(ELEMENTS, communicator.rank(), 0);
        communicator.allReduce(buffer).await();
        return buffer;
    }

    private static boolean contains(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return true;
            }
        }
        return false;
    }
}
