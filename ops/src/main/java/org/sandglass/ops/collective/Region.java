package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory that an operation works on, as bytes and as floats, with a window for each direction of each connection, so
 * that frames are moved without a new view for each. Belongs to the thread that makes progress.
 */
final class Region {

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

    private ByteBuffer window(@Nullable ByteBuffer[] windows, int peer, Slot slot) {
        ByteBuffer window = windows[peer];
        if (window == null) {
            window = bytes.slice();
            windows[peer] = window;
        }
        return window.clear().position(slot.from()).limit(slot.from() + slot.length());
    }
}
