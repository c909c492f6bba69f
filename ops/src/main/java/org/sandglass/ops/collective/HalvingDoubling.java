package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;

/**
 * Recursive halving to sum, recursive doubling to share, among a power of two of ranks.
 *
 * <p>log₂ p steps each; in each half every rank sends and receives (p − 1)/p of the buffer. Source: Goyal et al., section
 * 4.2.
 */
final class HalvingDoubling {

    private HalvingDoubling() {}

    static boolean supports(int ranks) {
        return Integer.bitCount(ranks) == 1;
    }

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>();
        Block block = new Block(0, ranks, true);
        block.appendReduceScatter(program, rank, elements);
        block.appendAllGather(program, rank, elements);
        return program;
    }

    /** Chunk r ends at rank r. */
    static List<Transfer> reduceScatter(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>();
        new Block(0, ranks, false).appendReduceScatter(program, rank, elements);
        return program;
    }

    static List<Transfer> allGather(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>();
        new Block(0, ranks, false).appendAllGather(program, rank, elements);
        return program;
    }
}
