package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums over real sockets: exact, in place, repeatable, and with no more bytes than the paper's formula. */
class AllReduceTest {

    private static final List<Integer> RANKS = List.of(1, 2, 3, 4, 5, 6, 7, 8);
    /** By any number of ranks up to 10. */
    private static final int DIVISIBLE = 32 * 2520;

    private static final int[] ELEMENTS = {0, 1, 2, 3, 7, 16, 100, 1000, 4099, 65_536, 250_007, 1_000_003};

    static Stream<Arguments> grid() {
        return RANKS.stream().flatMap(ranks -> Stream.of(Algorithm.RING, Algorithm.HALVING_DOUBLING)
                .flatMap(algorithm ->
                        Stream.of(256, 4096, 256 << 10).map(segment -> Arguments.of(ranks, algorithm, segment))));
    }

    @ParameterizedTest(name = "{0} ranks, {1}, segments of {2}")
    @MethodSource("grid")
    void shouldSumIntegersExactly(int ranks, Algorithm algorithm, int segmentBytes) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(algorithm, segmentBytes))) {
            for (int elements : ELEMENTS) {
                if (segmentBytes < 4096 && elements > 65_536) {
                    continue;
                }
                List<FloatBuffer> sums = group.run(communicator -> {
                    FloatBuffer buffer = Buffers.integers(elements, communicator.rank(), 0);
                    communicator.allReduce(buffer).await();
                    return buffer;
                });
                float[] expected = Buffers.integerSums(elements, ranks, 0);
                sums.forEach(sum -> assertThat(Buffers.array(sum)).isEqualTo(expected));
            }
        }
    }

    /** So that what a probe prefers cannot change what a run computes. */
    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {2, 4, 8})
    void shouldGiveTheSameBitsByDoublingAsByHalvingAndDoubling(int ranks) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(Algorithm.HALVING_DOUBLING, 4096))) {
            for (int elements : new int[] {1, 3, 17, 1000, 20_011}) {
                List<FloatBuffer> sums = new ArrayList<>();
                for (boolean doubles : new boolean[] {false, true}) {
                    sums.addAll(group.run(communicator -> {
                        FloatBuffer buffer = Buffers.fractions(elements, communicator.rank(), elements);
                        ((TcpCommunicator) communicator)
                                .allReduce(buffer, doubles)
                                .await();
                        return buffer;
                    }));
                }
                int[] first = bits(Buffers.array(sums.get(0)));
                sums.forEach(sum -> assertThat(bits(Buffers.array(sum))).isEqualTo(first));
            }
        }
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {1, 2, 3, 4, 5, 8})
    void shouldKeepSumsInFlightApart(int ranks) throws Exception {
        int[] elements = {70_001, 0, 1, 33_333, 250_007, 5, 64, 100_000, 3, 9_999, 12, 40_000};
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(Algorithm.AUTO, 8192))) {
            List<List<FloatBuffer>> sums = group.run(communicator -> {
                List<FloatBuffer> buffers = new ArrayList<>();
                List<PendingOperation> operations = new ArrayList<>();
                for (int instance = 0; instance < elements.length; instance++) {
                    buffers.add(Buffers.integers(elements[instance], communicator.rank(), instance));
                    operations.add(communicator.allReduce(buffers.get(instance)));
                }
                for (int instance = operations.size() - 1; instance >= 0; instance--) {
                    operations.get(instance).await();
                }
                return buffers;
            });
            for (int instance = 0; instance < elements.length; instance++) {
                float[] expected = Buffers.integerSums(elements[instance], ranks, instance);
                for (List<FloatBuffer> buffers : sums) {
                    assertThat(Buffers.array(buffers.get(instance))).isEqualTo(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldLeaveWhatLiesAroundTheBufferAlone(int ranks) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(Algorithm.AUTO, 64))) {
            List<FloatBuffer> buffers = group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(1000, communicator.rank(), 0);
                buffer.position(100).limit(901);
                communicator.allReduce(buffer).await();
                assertThat(buffer.position()).isEqualTo(100);
                return buffer.clear();
            });
            float[] expected = Buffers.integerSums(1000, ranks, 0);
            for (int rank = 0; rank < ranks; rank++) {
                float[] array = Buffers.array(buffers.get(rank));
                for (int i = 0; i < 1000; i++) {
                    boolean inside = i >= 100 && i < 901;
                    assertThat(array[i]).isEqualTo(inside ? expected[i] : Buffers.integer(i, rank, 0));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("grid")
    void shouldGiveTheSameBitsInEveryRunAndOnEveryRank(int ranks, Algorithm algorithm, int segmentBytes)
            throws Exception {
        List<List<FloatBuffer>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(algorithm, segmentBytes))) {
                runs.add(group.run(communicator -> {
                    FloatBuffer buffer = Buffers.fractions(20_011, communicator.rank(), 42);
                    communicator.allReduce(buffer).await();
                    return buffer;
                }));
            }
        }
        float[] first = Buffers.array(runs.get(0).get(0));
        for (List<FloatBuffer> run : runs) {
            run.forEach(buffer -> assertThat(bits(Buffers.array(buffer))).isEqualTo(bits(first)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9})
    void shouldSendWhatThePaperSays(int ranks) throws Exception {
        int elements = DIVISIBLE;
        for (Algorithm algorithm : List.of(Algorithm.RING, Algorithm.HALVING_DOUBLING)) {
            try (TcpGroup group = TcpGroup.of(ranks, TcpGroup.options(algorithm, 4096))) {
                List<Long> sent = group.run(communicator -> {
                    TcpCommunicator counted = (TcpCommunicator) communicator;
                    long before = counted.payloadBytesSent();
                    communicator
                            .allReduce(Buffers.integers(elements, communicator.rank(), 0))
                            .await();
                    return counted.payloadBytesSent() - before;
                });
                long bytes = (long) elements * Float.BYTES;
                for (int rank = 0; rank < ranks; rank++) {
                    assertThat(sent.get(rank))
                            .as("%s, rank %d of %d", algorithm, rank, ranks)
                            .isEqualTo(
                                    algorithm == Algorithm.RING
                                            ? 2L * (ranks - 1) * bytes / ranks
                                            : ProgramTest.binaryBlocks(rank, ranks, bytes));
                }
            }
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }
}
