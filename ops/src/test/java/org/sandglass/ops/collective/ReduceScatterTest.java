package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reduce-scatter and all-gather, over sockets and within a process, and what they are together: an all-reduce. */
class ReduceScatterTest {

    private static final int[] ELEMENTS = {0, 1, 2, 7, 8, 100, 1000, 4099, 10_000};

    static Stream<Arguments> grid() {
        return Stream.of(1, 2, 3, 4, 5, 6, 7, 8).flatMap(ranks -> Stream.of(Algorithm.RING, Algorithm.HALVING_DOUBLING)
                .flatMap(
                        algorithm -> Stream.of(64, 256 << 10).map(segment -> Arguments.of(ranks, algorithm, segment))));
    }

    @ParameterizedTest(name = "{0} ranks, {1}, segments of {2}")
    @MethodSource("grid")
    void shouldLeaveEveryRankItsChunkAndShareIt(int ranks, Algorithm algorithm, int segmentBytes) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(algorithm, segmentBytes))) {
            List<List<FloatBuffer>> buffers = group.run(ReduceScatterTest::reduceAll);
            List<List<FloatBuffer>> shared = group.run(communicator -> {
                List<FloatBuffer> own = buffers.get(communicator.rank());
                List<float[]> chunks = own.stream().map(Buffers::array).toList();
                for (int i = 0; i < own.size(); i++) {
                    assertChunk(communicator.rank(), ranks, chunks.get(i), i);
                }
                own.stream().map(communicator::allGather).toList().forEach(PendingOperation::await);
                return own;
            });
            shared.forEach(own -> assertSums(own, ranks));
        }
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {1, 2, 3, 8})
    void shouldDoTheSameWithinAProcess(int ranks) {
        List<Communicator> group = InProcess.group(ranks);
        List<List<FloatBuffer>> buffers = new ArrayList<>();
        List<PendingOperation> operations = new ArrayList<>();
        for (Communicator communicator : group) {
            List<FloatBuffer> own = integers(communicator.rank());
            buffers.add(own);
            own.forEach(buffer -> operations.add(communicator.reduceScatter(buffer)));
        }
        operations.forEach(PendingOperation::await);
        for (Communicator communicator : group) {
            List<FloatBuffer> own = buffers.get(communicator.rank());
            for (int i = 0; i < own.size(); i++) {
                assertChunk(communicator.rank(), ranks, Buffers.array(own.get(i)), i);
            }
        }
        for (Communicator communicator : group) {
            buffers.get(communicator.rank()).forEach(buffer -> operations.add(communicator.allGather(buffer)));
        }
        operations.forEach(PendingOperation::await);
        buffers.forEach(own -> assertSums(own, ranks));
    }

    @Test
    void shouldRefuseHeapBuffersByTheNameOfTheOperation() {
        try (Communicator single = InProcess.single()) {
            assertThatThrownBy(() -> single.reduceScatter(FloatBuffer.allocate(1)))
                    .hasMessageContaining("Cannot reduce-scatter: the buffer must be direct");
            assertThatThrownBy(() -> single.allGather(FloatBuffer.allocate(1)))
                    .hasMessageContaining("Cannot all-gather: the buffer must be direct");
        }
    }

    private static List<FloatBuffer> integers(int rank) {
        List<FloatBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < ELEMENTS.length; i++) {
            buffers.add(Buffers.integers(ELEMENTS[i], rank, i));
        }
        return buffers;
    }

    /** Starts all sizes before it awaits the first. */
    private static List<FloatBuffer> reduceAll(Communicator communicator) {
        List<FloatBuffer> buffers = integers(communicator.rank());
        buffers.stream().map(communicator::reduceScatter).toList().forEach(PendingOperation::await);
        return buffers;
    }

    private static void assertChunk(int rank, int ranks, float[] actual, int instance) {
        float[] expected = Buffers.integerSums(actual.length, ranks, instance);
        Chunk chunk = Chunk.of(rank, ranks, actual.length);
        assertThat(Arrays.copyOfRange(actual, chunk.from(), chunk.to()))
                .isEqualTo(Arrays.copyOfRange(expected, chunk.from(), chunk.to()));
    }

    private static void assertSums(List<FloatBuffer> buffers, int ranks) {
        for (int i = 0; i < buffers.size(); i++) {
            assertThat(Buffers.array(buffers.get(i))).isEqualTo(Buffers.integerSums(ELEMENTS[i], ranks, i));
        }
    }
}
