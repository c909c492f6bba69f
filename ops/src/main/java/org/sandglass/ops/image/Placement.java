package org.sandglass.ops.image;

/**
 * Where the resized square of {@code size × size} pixels goes: moved by (left, top), black where it does not reach, and
 * then mirrored or not.
 */
record Placement(int size, int left, int top, boolean mirrored) {

    static Placement whole(int size, boolean mirrored) {
        return new Placement(size, 0, 0, mirrored);
    }

    /** The same place, not mirrored. */
    Placement upright() {
        return new Placement(size, left, top, false);
    }

    /** The first resized column, or row, that is still seen after a move by {@code by}. */
    static int firstSeen(int by) {
        return Math.max(0, -by);
    }

    /** And the one after the last. */
    int lastSeen(int by) {
        return Math.min(size, size - by);
    }

    /** Where resized column 0 would go; column x goes to {@code columnOfFirst() + x · columnStep()}. */
    int columnOfFirst() {
        return mirrored ? size - 1 - left : left;
    }

    int columnStep() {
        return mirrored ? -1 : 1;
    }
}
