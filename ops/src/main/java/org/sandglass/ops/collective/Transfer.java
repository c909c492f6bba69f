package org.sandglass.ops.collective;

import java.util.List;

/**
 * One move of a collective program: a piece of the buffer goes to a peer, or comes from it.
 *
 * <p>An algorithm is a function from (rank, number of ranks, size) to a list of these. The list is a partial order:
 * transfers of the same byte happen in the order of the list, and so do transfers of the same kind with the same peer;
 * all others may overlap. Both ends must name the same pieces in the same order. An algorithm may not let two ranks wait
 * for each other's earlier transfers: what a rank receives must be sent without need of what it receives later.
 *
 * @param from first byte
 * @param to byte after the last
 */
record Transfer(Kind kind, int peer, int from, int to) {

    enum Kind {
        SEND,
        /** Receive and add, as fp32. */
        ADD,
        /** Receive and overwrite. */
        COPY
    }

    /** The same of numbers that are half as long. */
    Transfer halved() {
        return new Transfer(kind, peer, from / 2, to / 2);
    }

    /** Appends a transfer, unless it is of nothing. */
    static void append(List<Transfer> program, Kind kind, int peer, int from, int to) {
        if (from < to) {
            program.add(new Transfer(kind, peer, from, to));
        }
    }

    /** Appends a transfer of a part of a float buffer, unless it is of nothing. */
    static void append(List<Transfer> program, Kind kind, int peer, Chunk elements) {
        append(program, kind, peer, Float.BYTES * elements.from(), Float.BYTES * elements.to());
    }
}
