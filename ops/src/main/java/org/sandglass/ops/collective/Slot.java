package org.sandglass.ops.collective;

/**
 * One frame of a {@link Schedule}: which bytes, and what must have happened to them before.
 *
 * <p>The bytes lie in consecutive cells, the first of which is {@code firstCell}; the frame may be moved when cell
 * {@code firstCell + i} has seen exactly {@code before[i]} transfers.
 */
final class Slot {

    private final int from;
    private final int length;
    private final boolean adds;
    private final int firstCell;
    private final int[] before;

    Slot(int from, int length, boolean adds, int firstCell, int[] before) {
        this.from = from;
        this.length = length;
        this.adds = adds;
        this.firstCell = firstCell;
        this.before = before;
    }

    int from() {
        return from;
    }

    int length() {
        return length;
    }

    boolean adds() {
        return adds;
    }

    boolean overlaps(Slot other) {
        return from < other.from + other.length && other.from < from + length;
    }

    boolean ready(int[] transfers) {
        for (int i = 0; i < before.length; i++) {
            if (transfers[firstCell + i] != before[i]) {
                return false;
            }
        }
        return true;
    }

    void done(int[] transfers) {
        for (int i = 0; i < before.length; i++) {
            transfers[firstCell + i]++;
        }
    }
}
