package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * Halving/doubling for any number of ranks: they are divided into blocks of a power of two, all of different sizes, the
 * largest first. Each block sums by halving; then the sums go from the smallest block to the next larger and so on to
 * the largest, which has the whole sum; it goes back the same way, and each block shares it by doubling.
 *
 * <p>A rank of a block of s ranks sends and receives 2·(s − 1)/s of the buffer within its block, and 1/s of it for each
 * neighbouring block (the next larger and the next smaller, where there are such). A power of two is one block:
 * halving/doubling itself.
 *
 * <p>No circle of waits: what a block receives from the next smaller waits for its own halving only, and that for
 * nothing but earlier halving. Source: Goyal et al., section 4.2; Rabenseifner and Träff, "More efficient reduction
 * algorithms for non-power-of-two number of processors in message-passing parallel systems", 2004.
 */
final class BinaryBlocks {

    private BinaryBlocks() {}

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        List<Block> blocks = blocks(ranks);
        int index = 0;
        while (rank >= blocks.get(index).first() + blocks.get(index).size()) {
            index++;
        }
        Block block = blocks.get(index);
        List<Transfer> program = new ArrayList<>();
        block.appendReduceScatter(program, rank, elements);
        if (index + 1 < blocks.size()) {
            append(program, Kind.ADD, rank, block, blocks.get(index + 1), elements);
        }
        if (index > 0) {
            appendUp(program, Kind.SEND, rank, block, blocks.get(index - 1), elements);
            appendUp(program, Kind.COPY, rank, block, blocks.get(index - 1), elements);
        }
        if (index + 1 < blocks.size()) {
            append(program, Kind.SEND, rank, block, blocks.get(index + 1), elements);
        }
        block.appendAllGather(program, rank, elements);
        return program;
    }

    /** The blocks, the largest first. */
    static List<Block> blocks(int ranks) {
        List<Block> blocks = new ArrayList<>();
        for (int first = 0; first < ranks; ) {
            int size = Integer.highestOneBit(ranks - first);
            blocks.add(new Block(first, size, true));
            first += size;
        }
        return blocks;
    }

    /** With the one rank of the next smaller block whose chunk holds this rank's. */
    private static void append(List<Transfer> program, Kind kind, int rank, Block block, Block smaller, int elements) {
        int position = block.position(rank);
        int peer = smaller.rank(position / (block.size() / smaller.size()));
        Transfer.append(program, kind, peer, block.chunk(position, elements));
    }

    /** With all ranks of the next larger block whose chunks lie in this rank's. */
    private static void appendUp(List<Transfer> program, Kind kind, int rank, Block block, Block larger, int elements) {
        int parts = larger.size() / block.size();
        int first = block.position(rank) * parts;
        for (int position = first; position < first + parts; position++) {
            Transfer.append(program, kind, larger.rank(position), larger.chunk(position, elements));
        }
    }
}
