package org.sandglass.ops.collective;

import java.util.List;

/** Which program an all-reduce over connections follows: a function of what was asked for and of the number of ranks. */
final class AllReduceProgram {

    private AllReduceProgram() {}

    static List<Transfer> of(Algorithm algorithm, int rank, int ranks, int elements) {
        if (algorithm != Algorithm.RING && HalvingDoubling.supports(ranks)) {
            return HalvingDoubling.allReduce(rank, ranks, elements);
        }
        return algorithm == Algorithm.HALVING_DOUBLING
                ? BinaryBlocks.allReduce(rank, ranks, elements)
                : Ring.allReduce(rank, ranks, elements);
    }
}
