package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.sandglass.ops.collective.Transfer.Kind;

/**
 * A rank's program cut into frames of at most a segment, with the order that must hold between them. Immutable.
 *
 * <p>Frames end at multiples of the segment and where their transfer ends, so that both ends of a connection cut alike.
 * The borders of all frames of a rank cut its buffer into <em>cells</em>; counting how many transfers a cell has seen is
 * all the bookkeeping that the order of a program needs.
 */
final class Schedule {

    private final int cells;
    private final int frames;
    private final List<List<Slot>> sends;
    private final List<List<Slot>> receives;

    private Schedule(int cells, List<List<Slot>> sends, List<List<Slot>> receives) {
        this.cells = cells;
        this.sends = sends;
        this.receives = receives;
        int count = 0;
        for (int peer = 0; peer < sends.size(); peer++) {
            count += sends.get(peer).size() + receives.get(peer).size();
        }
        this.frames = count;
    }

    static Schedule of(List<Transfer> program, int ranks, int segmentBytes) {
        int[] borders = borders(program, segmentBytes);
        int[] transfers = new int[borders.length];
        List<List<Slot>> sends = lists(ranks);
        List<List<Slot>> receives = lists(ranks);
        for (Transfer transfer : program) {
            List<Slot> lane = (transfer.kind() == Kind.SEND ? sends : receives).get(transfer.peer());
            for (int from = transfer.from(); from < transfer.to(); ) {
                int to = end(from, transfer.to(), segmentBytes);
                int first = Arrays.binarySearch(borders, from);
                int last = Arrays.binarySearch(borders, to);
                int[] before = Arrays.copyOfRange(transfers, first, last);
                Slot slot = new Slot(from, to - from, transfer.kind() == Kind.ADD, first, before);
                slot.done(transfers);
                lane.add(slot);
                from = to;
            }
        }
        return new Schedule(Math.max(0, borders.length - 1), sends, receives);
    }

    int cells() {
        return cells;
    }

    int frames() {
        return frames;
    }

    List<Slot> sends(int peer) {
        return sends.get(peer);
    }

    List<Slot> receives(int peer) {
        return receives.get(peer);
    }

    private static int[] borders(List<Transfer> program, int segmentBytes) {
        TreeSet<Integer> borders = new TreeSet<>();
        for (Transfer transfer : program) {
            borders.add(transfer.from());
            for (int from = transfer.from(); from < transfer.to(); ) {
                from = end(from, transfer.to(), segmentBytes);
                borders.add(from);
            }
        }
        return borders.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int end(int from, int to, int segmentBytes) {
        return (int) Math.min(to, (from / segmentBytes + 1L) * segmentBytes);
    }

    private static List<List<Slot>> lists(int ranks) {
        List<List<Slot>> lists = new ArrayList<>(ranks);
        for (int rank = 0; rank < ranks; rank++) {
            lists.add(new ArrayList<>());
        }
        return lists;
    }
}
