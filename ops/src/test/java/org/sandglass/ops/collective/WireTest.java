package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums that travel as bfloat16: how far off at most, the same bits everywhere, and half the bytes. */
class WireTest {

    /** The largest relative error of rounding to 8 and to 24 bits. */
    private static final double ROUNDING = 0x1p-8;

    private static final double ADDITION = 0x1p-24;

    static Stream<Arguments> grid() {
        return Stream.of(2, 3, 4, 5, 6, 7, 8).flatMap(ranks -> Stream.of(Algorithm.RING, Algorithm.HALVING_DOUBLING)
                .flatMap(algorithm -> Stream.of(64, 6000, 256 << 10)
                        .map(segmentBytes -> Arguments.of(ranks, algorithm, segmentBytes))));
    }

    @ParameterizedTest(name = "{0} ranks, {1}, segments of {2}")
    @MethodSource("grid")
    void shouldBeOffByNoMoreThanTheRoundingsOnTheWay(int ranks, Algorithm algorithm, int segmentBytes)
            throws Exception {
        double roundings = algorithm == Algorithm.RING ? ranks : mostRoundings(ranks);
        double bound = Math.pow(1 + ROUNDING, roundings) * Math.pow(1 + ADDITION, ranks) - 1;
        try (TcpGroup group = group(ranks, algorithm, segmentBytes)) {
            for (int elements : new int[] {0, 1, 2, 7, 1000, 4099, 40_003}) {
                List<FloatBuffer> sums = group.run(communicator -> {
                    FloatBuffer buffer = Buffers.fractions(elements, communicator.rank(), elements);
                    communicator.allReduce(buffer).await();
                    return buffer;
                });
                assertThat(sums).allMatch(sums.get(0)::equals);
                double worst = 0;
                double[] exact = new double[elements];
                double[] sizes = new double[elements];
                for (int rank = 0; rank < ranks; rank++) {
                    FloatBuffer summands = Buffers.fractions(elements, rank, elements);
                    for (int i = 0; i < elements; i++) {
                        exact[i] += summands.get(i);
                        sizes[i] += Math.abs(summands.get(i));
                    }
                }
                for (int i = 0; i < elements; i++) {
                    float sum = sums.get(0).get(i);
                    assertThat(Float.floatToRawIntBits(sum) & 0xffff).isZero();
                    worst = Math.max(worst, Math.abs(sum - exact[i]) / sizes[i]);
                }
                assertThat(worst).isLessThanOrEqualTo(bound);
                if (elements >= 1000) {
                    assertThat(worst).isGreaterThan(ROUNDING / 4);
                }
            }
        }
    }

    /**
     * A summand is rounded when it leaves its rank, in every sum that leaves a rank later, and in the last, which is
     * shared: once for each step of halving, for each block that its block's sums pass, and for sharing.
     */
    private static int mostRoundings(int ranks) {
        List<Block> blocks = BinaryBlocks.blocks(ranks);
        int most = 0;
        for (int i = 0; i < blocks.size(); i++) {
            most = Math.max(most, Integer.numberOfTrailingZeros(blocks.get(i).size()) + i + 1);
        }
        return most;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 8})
    void shouldSendHalfTheBytes(int ranks) throws Exception {
        int elements = 40 * 2520;
        for (Algorithm algorithm : List.of(Algorithm.RING, Algorithm.HALVING_DOUBLING)) {
            try (TcpGroup group = group(ranks, algorithm, 4096)) {
                List<Long> sent = group.run(communicator -> {
                    TcpCommunicator counted = (TcpCommunicator) communicator;
                    long before = counted.payloadBytesSent();
                    communicator
                            .allReduce(Buffers.integers(elements, communicator.rank(), 0))
                            .await();
                    return counted.payloadBytesSent() - before;
                });
                for (int rank = 0; rank < ranks; rank++) {
                    assertThat(sent.get(rank))
                            .isEqualTo(
                                    algorithm == Algorithm.RING
                                            ? 2L * (ranks - 1) * elements * 2 / ranks
                                            : ProgramTest.binaryBlocks(rank, ranks, elements * 2L));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldScatterUnroundedAndGatherRounded(int ranks) throws Exception {
        try (TcpGroup group = group(ranks, Algorithm.AUTO, 6000)) {
            List<FloatBuffer> sums = new ArrayList<>(group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(30_001, communicator.rank(), 0);
                communicator.reduceScatter(buffer).await();
                return buffer;
            }));
            float[] expected = Buffers.integerSums(30_001, ranks, 0);
            for (int rank = 0; rank < ranks; rank++) {
                Chunk chunk = Chunk.of(rank, ranks, 30_001);
                for (int i = chunk.from(); i < chunk.to(); i++) {
                    assertThat((double) sums.get(rank).get(i))
                            .isBetween(expected[i] - 504.0 * ranks / 128, expected[i] + 504.0 * ranks / 128);
                }
            }
            group.run(communicator -> {
                communicator.allGather(sums.get(communicator.rank())).await();
                return 0;
            });
            assertThat(sums).allMatch(sums.get(0)::equals);
        }
    }

    @Test
    void shouldSumCountsExactly() throws Exception {
        try (TcpGroup group = group(3, Algorithm.AUTO, 6000)) {
            List<FloatBuffer> sums = group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(20_001, communicator.rank(), 0);
                communicator.allReduceExactly(buffer).await();
                return buffer;
            });
            assertThat(Buffers.array(sums.get(2))).isEqualTo(Buffers.integerSums(20_001, 3, 0));
        }
    }

    @Test
    void shouldBroadcastBytesAsTheyAre() throws Exception {
        try (TcpGroup group = group(3, Algorithm.AUTO, 6000)) {
            List<ByteBuffer> copies = group.run(communicator -> {
                ByteBuffer buffer = ByteBuffer.allocateDirect(20_001);
                if (communicator.rank() == 1) {
                    for (int i = 0; i < buffer.capacity(); i++) {
                        buffer.put(i, (byte) i);
                    }
                }
                communicator.broadcast(buffer, 1).await();
                return buffer;
            });
            assertThat(copies.get(2)).isEqualTo(copies.get(1));
            assertThat(copies.get(0).get(300)).isEqualTo((byte) 300);
        }
    }

    private static TcpGroup group(int ranks, Algorithm algorithm, int segmentBytes) throws Exception {
        return TcpGroup.of(ranks, TcpGroup.options(algorithm, segmentBytes).withWire(Wire.BF16));
    }
}
