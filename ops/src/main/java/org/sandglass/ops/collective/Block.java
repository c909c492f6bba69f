package org.sandglass.ops.collective;

import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * Neighbouring ranks, a power of two of them, that halve and double among themselves.
 *
 * <p>Each has a position, which is the index of the chunk that it sums. In each step of the first half a rank exchanges
 * with a partner half of what it still sums; the second half retraces the steps to gather the sums.
 *
 * @param first the lowest rank
 * @param size number of ranks
 * @param nearestFirst whether the most data is exchanged between neighbours, as the paper does it (positions are the
 *     ranks with their bits reversed); otherwise between the farthest, and positions are in the order of ranks
 */
record Block(int first, int size, boolean nearestFirst) {

    /** Elements of a chunk below which a transfer is sent in one piece. */
    private static final int SMALL_CHUNK = 16 << 10;

    Block {
        if (Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("Cannot halve and double: ranks=" + size + " is no power of two");
        }
    }

    int position(int rank) {
        return permuted(rank - first);
    }

    int rank(int position) {
        return first + permuted(position);
    }

    /** The chunk that {@code position} sums. */
    Chunk chunk(int position, int elements) {
        return Chunk.of(position, size, elements);
    }

    void appendReduceScatter(List<Transfer> program, int rank, int elements) {
        int position = position(rank);
        for (int distance = size / 2; distance > 0; distance /= 2) {
            int partner = position ^ distance;
            append(program, Kind.SEND, partner, partner, distance, elements);
            append(program, Kind.ADD, partner, position, distance, elements);
        }
    }

    void appendAllGather(List<Transfer> program, int rank, int elements) {
        int position = position(rank);
        for (int distance = 1; distance < size; distance *= 2) {
            int partner = position ^ distance;
            append(program, Kind.SEND, partner, position, distance, elements);
            append(program, Kind.COPY, partner, partner, distance, elements);
        }
    }

    /**
     * Transfers of what {@code owner} and its {@code count} − 1 nearest sum: of large buffers the owner's own chunk first,
     * then one by one those that are farther from it. So every rank has what its next step needs at the same time as all
     * others; in the order of the buffer half of the ranks would be ahead, and two would send to one while nobody sends to
     * the next.
     */
    private void append(List<Transfer> program, Kind kind, int partner, int owner, int count, int elements) {
        if (elements / size < SMALL_CHUNK) {
            int from = owner & -count;
            Chunk chunks = new Chunk(Chunk.border(from, size, elements), Chunk.border(from + count, size, elements));
            Transfer.append(program, kind, rank(partner), chunks);
            return;
        }
        for (int distance = 0; distance < count; distance++) {
            Transfer.append(program, kind, rank(partner), chunk(owner ^ distance, elements));
        }
    }

    /** Its own inverse. */
    private int permuted(int index) {
        return nearestFirst && size > 1 ? Integer.reverse(index) >>> Integer.numberOfLeadingZeros(size - 1) : index;
    }
}
