package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InProcessTest {

    @Test
    void shouldLeaveASingleRanksBufferAsItIs() {
        try (Communicator single = InProcess.single()) {
            FloatBuffer buffer = Buffers.integers(10, 0, 0);
            assertThat(single.allReduce(buffer).done()).isTrue();
            single.barrier();
            single.broadcast(ByteBuffer.allocateDirect(3), 0).await();
            assertThat(single.worldSize()).isEqualTo(1);
            assertThat(single.rank()).isZero();
            assertThat(buffer).isEqualTo(Buffers.integers(10, 0, 0));
        }
    }

    @Test
    void shouldNeedNoPeersForASingleRank() {
        TcpEndpoint endpoint = TcpEndpoint.open(InetAddress.getLoopbackAddress());
        List<InetSocketAddress> alone = TcpGroup.addresses(List.of(endpoint));
        try (Communicator single =
                endpoint.connect(0, alone, TcpGroup.SECRET, TcpGroup.options(Algorithm.AUTO, 4096))) {
            single.barrier();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void shouldSumAndCopyOnceAllRanksHaveStarted(int ranks) {
        List<Communicator> group = InProcess.group(ranks);
        List<FloatBuffer> sums = new ArrayList<>();
        List<ByteBuffer> copies = new ArrayList<>();
        List<PendingOperation> operations = new ArrayList<>();
        for (Communicator communicator : group) {
            FloatBuffer buffer = Buffers.integers(5000, communicator.rank(), 0);
            sums.add(buffer.position(100).limit(4900));
            copies.add(ByteBuffer.allocateDirect(4).putInt(0, communicator.rank()));
            operations.add(communicator.allReduce(buffer));
            operations.add(communicator.broadcast(copies.get(communicator.rank()), 1));
            assertThat(operations.get(0).done()).isEqualTo(communicator.rank() == ranks - 1);
        }
        operations.forEach(PendingOperation::await);
        for (int rank = 0; rank < ranks; rank++) {
            assertThat(copies.get(rank).getInt(0)).isEqualTo(1);
            float[] values = Buffers.array(sums.get(rank).clear());
            for (int i = 0; i < 5000; i++) {
                float expected = 0;
                for (int other = 0; other < ranks; other++) {
                    boolean counts = (i >= 100 && i < 4900) || other == rank;
                    expected += counts ? Buffers.integer(i, other, 0) : 0;
                }
                assertThat(values[i]).isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldEndAWaitForARankThatNeverStarts() {
        List<Communicator> group = InProcess.group(2, Duration.ofMillis(50));
        assertThatThrownBy(group.get(0)::barrier)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("barrier (operation 0) on rank 0");
    }

    @Test
    void shouldFailEverywhereWhenARankCloses() {
        List<Communicator> group = InProcess.group(2);
        PendingOperation operation = group.get(0).allReduce(Buffers.direct(3));
        group.get(1).close();
        assertThatThrownBy(operation::await)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("rank 1 has closed its communicator");
        assertThatThrownBy(group.get(0)::barrier).isInstanceOf(PeerFailure.class);
    }

    @Test
    void shouldNoticeThatRanksDisagree() {
        List<Communicator> group = InProcess.group(2);
        PendingOperation operation = group.get(0).allReduce(Buffers.direct(3));
        assertThatThrownBy(() -> group.get(1).allReduce(Buffers.direct(4)).await())
                .isInstanceOf(PeerFailure.class);
        assertThatThrownBy(operation::await)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("another rank has started all-reduce of 3 elements instead");
    }
}
