package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing waits for ever, and what ends is said to whom it concerns. */
@Timeout(60)
class FailureTest {

    private static final int ELEMENTS = 2_000_000;

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"RING", "HALVING_DOUBLING"})
    void shouldNameTheRankThatNeverStarts(Algorithm algorithm) throws Exception {
        CollectiveOptions options = new CollectiveOptions(algorithm, Duration.ofMillis(1500), 7);
        try (TcpGroup group = TcpGroup.of(4, options)) {
            List<Future<Integer>> waits = new ArrayList<>();
            long start = System.nanoTime();
            for (int rank : new int[] {0, 1, 3}) {
                waits.add(group.run(rank, FailureTest::allReduce));
            }
            for (Future<Integer> wait : waits) {
                assertThatThrownBy(() -> wait.get(20, TimeUnit.SECONDS))
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOf(PeerFailure.class)
                        .hasMessageMatching(
                                "Cannot complete all-reduce of 2000000 elements \\(operation 1\\) on rank "
                                        + "[013]: rank 2 at .*127.0.0.1:\\d+ (has not started it within 1500 ms|was too late.*)");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
        }
    }

    @Test
    void shouldFailEverywhereWhenARankClosesInTheMiddle() throws Exception {
        try (TcpGroup group = TcpGroup.of(4, TcpGroup.options(Algorithm.AUTO, 64 << 10))) {
            List<Future<Integer>> waits = new ArrayList<>();
            for (int rank : new int[] {0, 2, 3}) {
                waits.add(group.run(rank, FailureTest::allReduce));
            }
            group.communicators().get(1).close();
            for (Future<Integer> wait : waits) {
                assertThatThrownBy(() -> wait.get(5, TimeUnit.SECONDS))
                        .cause()
                        .isInstanceOf(PeerFailure.class)
                        .hasMessageContaining(": rank 1 at ")
                        .hasMessageContaining("has closed its communicator");
            }
        }
    }

    @Test
    void shouldFailWhatIsInFlightWhenItIsClosed() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 64 << 10))) {
            Communicator communicator = group.communicators().get(0);
            PendingOperation operation = communicator.allReduce(Buffers.direct(ELEMENTS));
            communicator.close();
            assertThat(operation.done()).isTrue();
            assertThatThrownBy(operation::await)
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining("this rank has closed its communicator");
            assertThatThrownBy(() -> communicator.allReduce(Buffers.direct(1)).await())
                    .isInstanceOf(PeerFailure.class);
        }
    }

    @Test
    void shouldLetSlowRanksFinishWhatAClosingRankHasCompleted() throws Exception {
        for (int round = 0; round < 20; round++) {
            try (TcpGroup group = TcpGroup.of(4, TcpGroup.options(Algorithm.AUTO, 4096))) {
                List<FloatBuffer> sums = group.run(communicator -> {
                    FloatBuffer buffer = Buffers.integers(10_000, communicator.rank(), 0);
                    communicator.allReduce(buffer).await();
                    communicator.close();
                    return buffer;
                });
                assertThat(sums).allMatch(sum -> sum.equals(sums.get(0)));
            }
        }
    }

    @Test
    void shouldFailAtOnceWhatIsInFlightWhenTheOnlyPeerCloses() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
            TcpCommunicator waiting = (TcpCommunicator) group.communicators().get(1);
            long before = waiting.payloadBytesSent();
            PendingOperation operation = waiting.allReduce(Buffers.direct(ELEMENTS));
            await().atMost(Duration.ofSeconds(20)).until(() -> waiting.payloadBytesSent() > before);
            long start = System.nanoTime();
            group.communicators().get(0).close();
            assertThatThrownBy(operation::await)
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining(": rank 0 at ")
                    .hasMessageContaining("has closed its communicator");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void shouldCompleteWhatTheOnlyPeerHasCompletedBeforeItClosed() throws Exception {
        for (int round = 0; round < 20; round++) {
            try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
                Communicator slow = group.communicators().get(1);
                FloatBuffer sum = Buffers.integers(10_000, 1, 0);
                PendingOperation first = slow.allReduce(sum);
                Communicator quick = group.communicators().get(0);
                FloatBuffer expected = Buffers.integers(10_000, 0, 0);
                quick.allReduce(expected).await();
                quick.close();
                first.await();
                assertThat(sum).isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldCompleteWhatARankSentInAdvanceBeforeItClosed() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
            ByteBuffer sent = ByteBuffer.allocateDirect(10_000).put(9_999, (byte) 7);
            Communicator root = group.communicators().get(0);
            root.broadcast(sent, 0).await();
            root.close();
            Communicator late = group.communicators().get(1);
            ByteBuffer received = ByteBuffer.allocateDirect(10_000);
            PendingOperation first = late.broadcast(received, 0);
            PendingOperation second = late.allReduce(Buffers.direct(10));
            first.await();
            assertThat(received).isEqualTo(sent);
            assertThatThrownBy(second::await)
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining(": rank 0 at ")
                    .hasMessageContaining("has closed its communicator");
        }
    }

    @Test
    void shouldRefuseToStartWithARankThatHasLeft() throws Exception {
        try (TcpGroup group = TcpGroup.of(3, TcpGroup.options(Algorithm.AUTO, 4096))) {
            group.communicators().get(2).close();
            assertThatThrownBy(() -> group.run(0, FailureTest::allReduce).get(5, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining("rank 2 at ")
                    .hasMessageContaining("has closed its communicator");
        }
    }

    @Test
    void shouldNoticeThatRanksDisagree() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
            Future<Integer> sum = group.run(0, FailureTest::allReduce);
            Future<Integer> copy = group.run(1, communicator -> {
                communicator
                        .broadcast(ByteBuffer.allocateDirect(ELEMENTS * Float.BYTES), 0)
                        .await();
                return communicator.rank();
            });
            for (Future<Integer> wait : List.of(sum, copy)) {
                assertThatThrownBy(() -> wait.get(5, TimeUnit.SECONDS))
                        .cause()
                        .isInstanceOf(PeerFailure.class)
                        .hasMessageContaining("broke the protocol");
            }
        }
    }

    @Test
    void shouldEndAnInterruptedWait() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
            CountDownLatch waiting = new CountDownLatch(1);
            Future<Boolean> wait = group.run(0, communicator -> {
                PendingOperation operation = communicator.allReduce(Buffers.direct(10));
                Thread self = Thread.currentThread();
                new Thread(() -> {
                            waiting.countDown();
                            self.interrupt();
                        })
                        .start();
                assertThatThrownBy(operation::await)
                        .isInstanceOf(PeerFailure.class)
                        .hasMessageContaining("interrupted");
                return Thread.interrupted();
            });
            waiting.await();
            assertThat(wait.get(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void shouldRefuseBuffersThatItCannotUse() throws Exception {
        try (TcpGroup group = TcpGroup.of(2, TcpGroup.options(Algorithm.AUTO, 4096))) {
            Communicator communicator = group.communicators().get(0);
            assertThatThrownBy(() -> communicator.allReduce(FloatBuffer.allocate(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("Cannot all-reduce: the buffer must be direct");
            assertThatThrownBy(() ->
                            communicator.allReduce(ByteBuffer.allocateDirect(4).asFloatBuffer()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> communicator.broadcast(ByteBuffer.allocateDirect(3), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("root=2");
        }
    }

    private static int allReduce(Communicator communicator) {
        communicator
                .allReduce(Buffers.integers(ELEMENTS, communicator.rank(), 0))
                .await();
        return communicator.rank();
    }
}
