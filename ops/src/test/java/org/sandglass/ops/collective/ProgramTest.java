package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.Transfer.Kind;

/** Algorithms as what they are, lists of transfers: every summand counts once, and no more bytes travel than they say. */
class ProgramTest {

    private static final int[] ELEMENTS = {0, 1, 2, 3, 7, 31, 100};

    /** A program of every rank. */
    private interface Algorithmic {
        List<Transfer> program(int rank, int ranks, int elements);
    }

    static Stream<Arguments> groups() {
        return Stream.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 23).map(Arguments::of);
    }

    @ParameterizedTest(name = "{0} ranks")
    @MethodSource("groups")
    void shouldSumEverySummandExactlyOnceAtEveryRank(int ranks) {
        List<Algorithmic> algorithms = new ArrayList<>(List.of(Ring::allReduce, BinaryBlocks::allReduce));
        if (HalvingDoubling.supports(ranks)) {
            algorithms.add(HalvingDoubling::allReduce);
            algorithms.add(RecursiveDoubling::allReduce);
        }
        for (Algorithmic algorithm : algorithms) {
            for (int elements : ELEMENTS) {
                for (BitSet[] buffer : run(algorithm, ranks, elements)) {
                    assertThat(buffer).allMatch(summands -> summands.cardinality() == ranks);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} ranks")
    @MethodSource("groups")
    void shouldLeaveEveryRankItsChunkOfTheSum(int ranks) {
        List<Algorithmic> algorithms = new ArrayList<>(List.of(Ring::reduceScatter));
        if (HalvingDoubling.supports(ranks)) {
            algorithms.add(HalvingDoubling::reduceScatter);
        }
        for (Algorithmic algorithm : algorithms) {
            for (int elements : ELEMENTS) {
                BitSet[][] buffers = run(algorithm, ranks, elements);
                for (int rank = 0; rank < ranks; rank++) {
                    Chunk chunk = Chunk.of(rank, ranks, elements);
                    assertThat(Arrays.copyOfRange(buffers[rank], chunk.from(), chunk.to()))
                            .allMatch(summands -> summands.cardinality() == ranks);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} ranks")
    @MethodSource("groups")
    void shouldShareEveryRanksChunk(int ranks) {
        List<Algorithmic> algorithms = new ArrayList<>(List.of(Ring::allGather));
        if (HalvingDoubling.supports(ranks)) {
            algorithms.add(HalvingDoubling::allGather);
        }
        for (Algorithmic algorithm : algorithms) {
            for (int elements : ELEMENTS) {
                for (BitSet[] buffer : run(algorithm, ranks, elements)) {
                    for (int source = 0; source < ranks; source++) {
                        Chunk chunk = Chunk.of(source, ranks, elements);
                        BitSet own = new BitSet();
                        own.set(source);
                        assertThat(Arrays.copyOfRange(buffer, chunk.from(), chunk.to()))
                                .allMatch(own::equals);
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9})
    void shouldMoveAsManyBytesAsTheirFormulaSays(int ranks) {
        int elements = 2520;
        long bytes = (long) elements * Float.BYTES;
        for (int rank = 0; rank < ranks; rank++) {
            assertBytes(Ring.allReduce(rank, ranks, elements), 2L * (ranks - 1) * bytes / ranks);
            assertBytes(Ring.reduceScatter(rank, ranks, elements), (ranks - 1) * bytes / ranks);
            assertBytes(Ring.allGather(rank, ranks, elements), (ranks - 1) * bytes / ranks);
            assertBytes(BinaryBlocks.allReduce(rank, ranks, elements), binaryBlocks(rank, ranks, bytes));
            if (HalvingDoubling.supports(ranks)) {
                assertBytes(HalvingDoubling.allReduce(rank, ranks, elements), 2L * (ranks - 1) * bytes / ranks);
                assertBytes(
                        RecursiveDoubling.allReduce(rank, ranks, elements),
                        bytes * Integer.numberOfTrailingZeros(ranks));
                assertBytes(HalvingDoubling.reduceScatter(rank, ranks, elements), (ranks - 1) * bytes / ranks);
                assertBytes(HalvingDoubling.allGather(rank, ranks, elements), (ranks - 1) * bytes / ranks);
            }
        }
    }

    /**
     * What each rank sends and receives, after the number of ranks written in binary: 2·(s − 1)/s within its block of s,
     * and a chunk of 1/s for the next larger and the next smaller block.
     */
    static long binaryBlocks(int rank, int ranks, long bytes) {
        int first = 0;
        for (int size = Integer.highestOneBit(ranks); ; size /= 2) {
            if ((ranks & size) == 0) {
                continue;
            }
            if (rank < first + size) {
                boolean larger = (ranks & -(2 * size)) != 0;
                boolean smaller = (ranks & (size - 1)) != 0;
                return (2L * (size - 1) + (larger ? 1 : 0) + (smaller ? 1 : 0)) * bytes / size;
            }
            first += size;
        }
    }

    @Test
    void shouldMostlyExchangeWithNeighbours() {
        List<Transfer> program = HalvingDoubling.allReduce(5, 8, 8);
        assertThat(program.get(0)).isEqualTo(new Transfer(Kind.SEND, 4, 0, 16));
        assertThat(program.get(1)).isEqualTo(new Transfer(Kind.ADD, 4, 16, 32));
        assertThat(program.get(2).peer()).isEqualTo(7);
        assertThat(program.get(4).peer()).isEqualTo(1);
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {2, 3, 4, 5, 7, 8})
    void shouldSendWhatPeersExpectInTheirOrderAlsoOfLargeBuffers(int ranks) {
        int elements = 2520 * 64;
        for (int rank = 0; rank < ranks; rank++) {
            List<Transfer> program = BinaryBlocks.allReduce(rank, ranks, elements);
            assertBytes(program, binaryBlocks(rank, ranks, (long) elements * Float.BYTES));
            for (int peer = 0; peer < ranks; peer++) {
                assertThat(pieces(program, peer, true))
                        .isEqualTo(pieces(BinaryBlocks.allReduce(peer, ranks, elements), rank, false));
            }
        }
    }

    private static List<Chunk> pieces(List<Transfer> program, int peer, boolean sent) {
        return program.stream()
                .filter(transfer -> transfer.peer() == peer && transfer.kind() == Kind.SEND == sent)
                .map(transfer -> new Chunk(transfer.from(), transfer.to()))
                .toList();
    }

    @Test
    void shouldSendOfLargeHalvesTheOwnersChunkFirst() {
        int chunk = 1 << 20;
        List<Transfer> program = HalvingDoubling.allReduce(0, 4, 4 * chunk / Float.BYTES);
        assertThat(program.subList(0, 4))
                .containsExactly(
                        new Transfer(Kind.SEND, 1, 2 * chunk, 3 * chunk),
                        new Transfer(Kind.SEND, 1, 3 * chunk, 4 * chunk),
                        new Transfer(Kind.ADD, 1, 0, chunk),
                        new Transfer(Kind.ADD, 1, chunk, 2 * chunk));
        assertThat(program.get(4)).isEqualTo(new Transfer(Kind.SEND, 2, chunk, 2 * chunk));
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {2, 4, 8, 16})
    void shouldLeaveLargeSumsToTheRing(int ranks) {
        int large = ranks * (256 << 10);
        assertThat(AllReduceProgram.of(Algorithm.AUTO, 1, ranks, large)).isEqualTo(Ring.allReduce(1, ranks, large));
        assertThat(AllReduceProgram.of(Algorithm.AUTO, 1, ranks, large - 1))
                .isEqualTo(HalvingDoubling.allReduce(1, ranks, large - 1));
        assertThat(AllReduceProgram.of(Algorithm.HALVING_DOUBLING, 1, ranks, large))
                .isEqualTo(HalvingDoubling.allReduce(1, ranks, large));
    }

    @Test
    void shouldRefuseBlocksThatAreNoPowerOfTwo() {
        assertThatThrownBy(() -> HalvingDoubling.reduceScatter(0, 6, 10))
                .hasMessage("Cannot halve and double: ranks=6 is no power of two");
    }

    @Test
    void shouldDivideEvenly() {
        assertThat(Chunk.of(0, 3, 10)).isEqualTo(new Chunk(0, 3));
        assertThat(Chunk.of(2, 3, 10)).isEqualTo(new Chunk(6, 10));
        assertThat(Chunk.of(2, 3, 500_000_000)).isEqualTo(new Chunk(333_333_333, 500_000_000));
        assertThatThrownBy(() -> Chunk.of(3, 3, 10)).hasMessageContaining("index=3");
    }

    private static void assertBytes(List<Transfer> program, long expected) {
        assertThat(bytes(program, true)).isEqualTo(expected);
        assertThat(bytes(program, false)).isEqualTo(expected);
    }

    private static long bytes(List<Transfer> program, boolean sends) {
        return program.stream()
                .filter(transfer -> (transfer.kind() == Kind.SEND) == sends)
                .mapToLong(transfer -> transfer.to() - transfer.from())
                .sum();
    }

    /** Runs programs strictly in their order, with summands for numbers: whose values each element is the sum of. */
    private static BitSet[][] run(Algorithmic algorithm, int ranks, int elements) {
        BitSet[][] buffers = new BitSet[ranks][elements];
        List<Deque<Transfer>> programs = new ArrayList<>();
        List<List<Deque<BitSet[]>>> lanes = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            programs.add(new ArrayDeque<>(algorithm.program(rank, ranks, elements)));
            lanes.add(Stream.<Deque<BitSet[]>>generate(ArrayDeque::new)
                    .limit(ranks)
                    .toList());
            for (int i = 0; i < elements; i++) {
                buffers[rank][i] = new BitSet();
                buffers[rank][i].set(rank);
            }
        }
        for (boolean moved = true; moved; ) {
            moved = false;
            for (int rank = 0; rank < ranks; rank++) {
                Transfer next = programs.get(rank).peek();
                if (next != null && step(next, buffers[rank], lanes, rank)) {
                    programs.get(rank).remove();
                    moved = true;
                }
            }
        }
        assertThat(programs).allMatch(Deque::isEmpty);
        return buffers;
    }

    private static boolean step(Transfer next, BitSet[] buffer, List<List<Deque<BitSet[]>>> lanes, int rank) {
        int from = next.from() / Float.BYTES;
        int to = next.to() / Float.BYTES;
        if (next.kind() == Kind.SEND) {
            lanes.get(rank)
                    .get(next.peer())
                    .add(Stream.of(Arrays.copyOfRange(buffer, from, to))
                            .map(summands -> (BitSet) summands.clone())
                            .toArray(BitSet[]::new));
            return true;
        }
        BitSet[] arrived = lanes.get(next.peer()).get(rank).poll();
        if (arrived == null) {
            return false;
        }
        assertThat(arrived).hasSize(to - from);
        for (int i = from; i < to; i++) {
            BitSet summands = arrived[i - from];
            if (next.kind() == Kind.ADD) {
                assertThat(buffer[i].intersects(summands))
                        .as("element %d is added twice", i)
                        .isFalse();
                summands.or(buffer[i]);
            }
            buffer[i] = summands;
        }
        return true;
    }
}
