package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * The bucket algorithm: the buffer is cut into p chunks, which travel round the ring once to be summed and once more to
 * be shared.
 *
 * <p>2·(p − 1) steps; every rank sends and receives 2·(p − 1)/p of the buffer. Source: Goyal et al., section 4.2.
 */
final class Ring {

    private Ring() {}

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        int right = Math.floorMod(rank + 1, ranks);
        int left = Math.floorMod(rank - 1, ranks);
        List<Transfer> program = new ArrayList<>();
        for (int step = 0; step < ranks - 1; step++) {
            append(program, Kind.SEND, right, rank - step, ranks, elements);
            append(program, Kind.ADD, left, rank - step - 1, ranks, elements);
        }
        for (int step = 0; step < ranks - 1; step++) {
            append(program, Kind.SEND, right, rank - step + 1, ranks, elements);
            append(program, Kind.COPY, left, rank - step, ranks, elements);
        }
        return program;
    }

    private static void append(List<Transfer> program, Kind kind, int peer, int chunk, int ranks, int elements) {
        int index = Math.floorMod(chunk, ranks);
        Transfer.append(program, kind, peer, border(index, ranks, elements), border(index + 1, ranks, elements));
    }

    private static int border(int chunk, int ranks, int elements) {
        return Float.BYTES * (int) ((long) elements * chunk / ranks);
    }
}
