package org.sandglass.ops.device.cpu;

import org.bytedeco.javacpp.Pointer;

/** Where an operand's elements lie. */
sealed interface Place {

    /** Memory that is there as long as the executable: a part of one of the flat vectors. */
    record Fixed(Pointer address) implements Place {}

    /** A part of the arena, needed from the first step that uses it to the last; its offset is the plan's choice. */
    final class Slot implements Place {
        private final long bytes;
        private int first = Integer.MAX_VALUE;
        private int last = -1;
        private long offset = -1;

        Slot(long bytes) {
            this.bytes = bytes;
        }

        long bytes() {
            return bytes;
        }

        void usedAt(int step) {
            first = Math.min(first, step);
            last = Math.max(last, step);
        }

        /** Keeps the slot from the first step to beyond the last. */
        void pin() {
            first = 0;
            last = Integer.MAX_VALUE;
        }

        boolean livesWith(Slot other) {
            return first <= other.last && other.first <= last;
        }

        long offset() {
            return offset;
        }

        void place(long newOffset) {
            offset = newOffset;
        }
    }
}
