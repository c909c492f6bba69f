package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BroadcastTest {

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8})
    void shouldCopyFromEveryRootToEveryRank(int ranks) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(Algorithm.AUTO, 4096))) {
            for (int bytes : new int[] {0, 1, 5, 4096, 10_001, 700_001}) {
                List<List<ByteBuffer>> copies = group.run(communicator -> {
                    List<ByteBuffer> buffers = new ArrayList<>();
                    List<PendingOperation> operations = new ArrayList<>();
                    for (int root = 0; root < ranks; root++) {
                        ByteBuffer buffer = content(bytes, communicator.rank());
                        buffers.add(buffer);
                        operations.add(communicator.broadcast(buffer, root));
                    }
                    operations.forEach(PendingOperation::await);
                    return buffers;
                });
                for (List<ByteBuffer> buffers : copies) {
                    for (int root = 0; root < ranks; root++) {
                        assertThat(buffers.get(root)).isEqualTo(content(bytes, root));
                    }
                }
            }
        }
    }

    @Test
    void shouldReachAllRanksByTreeAndByChain() {
        for (int ranks = 1; ranks <= 17; ranks++) {
            for (int root = 0; root < ranks; root++) {
                int receivers = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    for (List<Transfer> program :
                            List.of(Broadcast.tree(root, rank, ranks, 1), Broadcast.chain(root, rank, ranks, 1))) {
                        receivers += (int) program.stream()
                                .filter(transfer -> transfer.kind() == Transfer.Kind.COPY)
                                .count();
                    }
                }
                assertThat(receivers).isEqualTo(2 * (ranks - 1));
            }
        }
    }

    private static ByteBuffer content(int bytes, int rank) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        for (int i = 0; i < bytes; i++) {
            buffer.put(i, (byte) (i * 13 + rank * 101 + i / 251));
        }
        return buffer;
    }
}
