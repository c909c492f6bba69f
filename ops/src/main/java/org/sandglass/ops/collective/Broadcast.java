package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * Copies the root's buffer to all ranks: a small one along a binomial tree, in log₂ p steps, a large one along a chain,
 * where nobody sends it more than once and segments follow each other closely.
 */
final class Broadcast {

    private static final int CHAIN_BYTES = 512 << 10;

    private Broadcast() {}

    static List<Transfer> from(int root, int rank, int ranks, int bytes) {
        return bytes < CHAIN_BYTES ? tree(root, rank, ranks, bytes) : chain(root, rank, ranks, bytes);
    }

    static List<Transfer> tree(int root, int rank, int ranks, int bytes) {
        int place = Math.floorMod(rank - root, ranks);
        List<Transfer> program = new ArrayList<>();
        int reach = place == 0 ? Integer.highestOneBit(Math.max(1, ranks - 1)) * 2 : Integer.lowestOneBit(place);
        if (place != 0) {
            Transfer.append(program, Kind.COPY, peer(root, place - reach, ranks), 0, bytes);
        }
        for (int distance = reach / 2; distance > 0; distance /= 2) {
            if (place + distance < ranks) {
                Transfer.append(program, Kind.SEND, peer(root, place + distance, ranks), 0, bytes);
            }
        }
        return program;
    }

    static List<Transfer> chain(int root, int rank, int ranks, int bytes) {
        int place = Math.floorMod(rank - root, ranks);
        List<Transfer> program = new ArrayList<>();
        if (place > 0) {
            Transfer.append(program, Kind.COPY, peer(root, place - 1, ranks), 0, bytes);
        }
        if (place < ranks - 1) {
            Transfer.append(program, Kind.SEND, peer(root, place + 1, ranks), 0, bytes);
        }
        return program;
    }

    private static int peer(int root, int place, int ranks) {
        return Math.floorMod(root + place, ranks);
    }
}
