package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * The bucket algorithm: the buffer is cut into p chunks, which travel round the ring once to be summed and once more to
 * be shared.
 *
 * <p>(p − 1) steps each; in each half every rank sends and receives (p − 1)/p of the buffer. Source: Goyal et al.,
 * section 4.2.
 */
final class Ring {

    private Ring() {}

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>(reduceScatter(rank, ranks, elements));
        program.addAll(allGather(rank, ranks, elements));
        return program;
    }

    /** Chunk r ends at rank r, having been summed in the order r + 1, r + 2, …, r. */
    static List<Transfer> reduceScatter(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>();
        for (int step = 0; step < ranks - 1; step++) {
            append(program, Kind.SEND, rank + 1, rank - step - 1, ranks, elements);
            append(program, Kind.ADD, rank - 1, rank - step - 2, ranks, elements);
        }
        return program;
    }

    static List<Transfer> allGather(int rank, int ranks, int elements) {
        List<Transfer> program = new ArrayList<>();
        for (int step = 0; step < ranks - 1; step++) {
            append(program, Kind.SEND, rank + 1, rank - step, ranks, elements);
            append(program, Kind.COPY, rank - 1, rank - step - 1, ranks, elements);
        }
        return program;
    }

    private static void append(List<Transfer> program, Kind kind, int peer, int chunk, int ranks, int elements) {
        int index = Math.floorMod(chunk, ranks);
        Transfer.append(program, kind, Math.floorMod(peer, ranks), Chunk.of(index, ranks, elements));
    }
}
