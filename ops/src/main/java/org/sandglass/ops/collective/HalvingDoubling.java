package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * Recursive halving and doubling: in each step of the first half a rank exchanges half of what it still sums with a
 * partner at twice the distance; the second half retraces the steps to gather the sums.
 *
 * <p>2·log₂ p steps; every rank sends and receives 2·(p − 1)/p of the buffer. Source: Goyal et al., section 4.2.
 */
final class HalvingDoubling {

    private HalvingDoubling() {}

    static boolean supports(int ranks) {
        return Integer.bitCount(ranks) == 1;
    }

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        if (!supports(ranks)) {
            throw new IllegalArgumentException("Cannot halve and double: ranks=" + ranks + " is no power of two");
        }
        List<Transfer> program = new ArrayList<>();
        append(program, rank, ranks, 1, 0, elements);
        return program;
    }

    /** Both exchanges at one distance, with all that lies between them. */
    private static void append(List<Transfer> program, int rank, int ranks, int distance, int from, int to) {
        if (distance == ranks) {
            return;
        }
        int partner = rank ^ distance;
        int middle = from + (to - from) / 2;
        boolean keepsLower = rank < partner;
        int keptFrom = keepsLower ? from : middle;
        int keptTo = keepsLower ? middle : to;
        int givenFrom = keepsLower ? middle : from;
        int givenTo = keepsLower ? to : middle;
        append(program, Kind.SEND, partner, givenFrom, givenTo);
        append(program, Kind.ADD, partner, keptFrom, keptTo);
        append(program, rank, ranks, 2 * distance, keptFrom, keptTo);
        append(program, Kind.SEND, partner, keptFrom, keptTo);
        append(program, Kind.COPY, partner, givenFrom, givenTo);
    }

    private static void append(List<Transfer> program, Kind kind, int peer, int from, int to) {
        Transfer.append(program, kind, peer, Float.BYTES * from, Float.BYTES * to);
    }
}
