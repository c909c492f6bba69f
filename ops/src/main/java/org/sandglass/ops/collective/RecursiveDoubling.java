package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * Sums by exchanging the whole buffer with ever farther partners: half the steps of {@link HalvingDoubling} for more
 * bytes, which pays for small buffers. Partners and the order of additions are the same, so the bits are too.
 *
 * <p>log₂ p steps; every rank sends and receives log₂ p times the buffer. Source: Thakur, Rabenseifner and Gropp,
 * "Optimization of collective communication operations in MPICH", 2005.
 */
final class RecursiveDoubling {

    private RecursiveDoubling() {}

    static List<Transfer> allReduce(int rank, int ranks, int elements) {
        if (!HalvingDoubling.supports(ranks)) {
            throw new IllegalArgumentException("Cannot double: ranks=" + ranks + " is no power of two");
        }
        List<Transfer> program = new ArrayList<>();
        for (int distance = 1; distance < ranks; distance *= 2) {
            Transfer.append(program, Kind.SEND, rank ^ distance, 0, Float.BYTES * elements);
            Transfer.append(program, Kind.ADD, rank ^ distance, 0, Float.BYTES * elements);
        }
        return program;
    }
}
