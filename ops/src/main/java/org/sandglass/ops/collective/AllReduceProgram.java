package org.sandglass.ops.collective;

import java.util.List;

/** Which program an all-reduce over connections follows: a function of what was asked for, of the number of ranks, and of the size. */
final class AllReduceProgram {

    /** Elements of a chunk, one MiB, that takes longer to send than to wait for: the ring's steps then cost nothing more. */
    private static final int LARGE_CHUNK = 256 << 10;

    private AllReduceProgram() {}

    static List<Transfer> of(Algorithm algorithm, int rank, int ranks, int elements) {
        boolean halves = HalvingDoubling.supports(ranks);
        return switch (algorithm) {
            case RING -> Ring.allReduce(rank, ranks, elements);
            case HALVING_DOUBLING ->
                halves
                        ? HalvingDoubling.allReduce(rank, ranks, elements)
                        : BinaryBlocks.allReduce(rank, ranks, elements);
            // In the ring a rank sends what has just come and lies in a cache; halving first sends half of the buffer.
            case AUTO, HIERARCHICAL ->
                halves && elements / ranks < LARGE_CHUNK
                        ? HalvingDoubling.allReduce(rank, ranks, elements)
                        : Ring.allReduce(rank, ranks, elements);
        };
    }
}
