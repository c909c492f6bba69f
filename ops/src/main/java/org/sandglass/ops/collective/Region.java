package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory that an operation works on, as bytes and as floats, with a window for each direction of each connection, so
 * frames are moved without a new view for each. Here numbers are the same on the wire as in memory. Belongs to the thread
 * that makes progress.
 */
class Region {

    private final ByteBuffer bytes;
    private final FloatBuffer floats;
    private final @Nullable ByteBuffer[] outgoing;
    private final @Nullable ByteBuffer[] incoming;

    /**
     * A region.
     *
     * @param floats the same memory as floats; empty where nothing is added
     */
    Region(ByteBuffer bytes, FloatBuffer floats, int ranks) {
        this.bytes = bytes;
        this.floats = floats;
        this.outgoing = new ByteBuffer[ranks];
        this.incoming = new ByteBuffer[ranks];
    }

    int bytes() {
        return bytes.remaining();
    }

    FloatBuffer floats() {
        return floats;
    }

    /** What is to be sent to the peer; valid until the next call for this peer. */
    ByteBuffer outgoing(int peer, Slot slot) {
        return window(outgoing, peer, slot);
    }

    /** Where to put what comes from the peer; valid until the next call for this peer. */
    ByteBuffer incoming(int peer, Slot slot) {
        return window(incoming, peer, slot);
    }

    /** Whether a frame's payload only has to be put where {@link #incoming} says. */
    boolean takesAsItIs(Slot slot) {
        return !slot.adds();
    }

    /**
     * Takes in a part of a frame's payload that cannot be taken as it is.
     *
     * @param moved how much of the frame has been taken in
     * @param at where the part lies, a multiple of 4
     * @param available how long the part is
     * @return how much of it has been taken in: all of it, but for what is of no use without what comes after
     */
    int take(Slot slot, int moved, Staging source, int at, int available, FloatSum sum) {
        int usable = available & -Float.BYTES;
        sum.add(floats, (slot.from() + moved) / Float.BYTES, source.floats(), at / Float.BYTES, usable / Float.BYTES);
        return usable;
    }

    private ByteBuffer window(@Nullable ByteBuffer[] windows, int peer, Slot slot) {
        ByteBuffer window = windows[peer];
        if (window == null) {
            window = bytes.slice();
            windows[peer] = window;
        }
        return window.clear().position(slot.from()).limit(slot.from() + slot.length());
    }
}
