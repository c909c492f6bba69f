package org.sandglass.ops.device.plan;

import org.bytedeco.javacpp.Pointer;

/** Where an operand's elements lie. */
public sealed interface Place {

    /** Memory that is there as long as the executable: a part of one of the flat vectors. */
    record Fixed(Pointer address) implements Place {}

    /** A part of the arena, needed from the first step that uses it to the last; its offset is the plan's choice. */
    final class Slot implements Place {
        private final long bytes;
        private int first = Integer.MAX_VALUE;
        private int last = -1;
        private long offset = -1;

        public Slot(long bytes) {
            this.bytes = bytes;
        }

        public long bytes() {
            return bytes;
        }

        /** Says that a step, numbered in the order in which they run, reads or writes the slot. */
        public void usedAt(int step) {
            first = Math.min(first, step);
            last = Math.max(last, step);
        }

        /** Keeps the slot from the first step to beyond the last. */
        public void pin() {
            first = 0;
            last = Integer.MAX_VALUE;
        }

        boolean livesWith(Slot other) {
            return first <= other.last && other.first <= last;
        }

        /** Bytes from the start of the arena, once placed. */
        public long offset() {
            return offset;
        }

        void place(long newOffset) {
            offset = newOffset;
        }
    }
}
