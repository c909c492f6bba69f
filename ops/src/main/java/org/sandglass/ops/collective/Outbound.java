package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a connection: decides what goes next and writes it, a frame at a time.
 *
 * <p>To one peer, operations are sent one after the other: a frame that overtook an older operation might have to wait at
 * the peer for another rank, which waits for the older operation, which could not get past that frame. Frames of an
 * operation that the peer has not started yet are sent only as far as {@link #EAGER_BYTES}, which is what the peer is ready
 * to keep: so a rank that is ahead never blocks the connection for the operations before. Belongs to the thread that makes
 * progress.
 */
final class Outbound {

    /** What a peer keeps of operations that it has not started, headers included. */
    static final int EAGER_BYTES = 64 << 10;

    private static final int CONTROLS = 15;
    private static final long TURN_BYTES = 4 << 20;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final int peer;
    private ByteBuffer controls = ByteBuffer.allocate(CONTROLS * Frame.BYTES);
    private final ByteBuffer headers =
            ByteBuffer.allocateDirect((CONTROLS + 1) * Frame.BYTES).limit(0);
    private final ByteBuffer[] gathered = {headers, NOTHING};
    private @Nullable Execution current;
    private int payload;
    private long granted = -1;
    private long eagerSequence = -1;
    private int eagerBytes;
    private long frames;

    /** Whether a control frame waits that must not wait for data. */
    private boolean urgent;

    private final AtomicLong payloadBytes = new AtomicLong();

    Outbound(int peer) {
        this.peer = peer;
    }

    /** Bytes of payload written so far. Thread-safe. */
    long payloadBytes() {
        return payloadBytes.get();
    }

    /** Frames of payload written so far. */
    long frames() {
        return frames;
    }

    /** The newest operation that the peer is known to have started. */
    long granted() {
        return granted;
    }

    /** The peer has started the operation, and all before it. */
    void grant(long sequence) {
        granted = Math.max(granted, sequence);
        if (granted >= eagerSequence) {
            eagerBytes = 0;
        }
    }

    /** Says something as soon as the frame that is being written has ended. */
    void post(Frame control) {
        control.encode(roomForControl());
        urgent = true;
    }

    /** Says that an operation has started: soon, or along with the next frame of data, unless it is {@link #hurry hurried}. */
    void postStarted(Execution execution, boolean soon) {
        Frame.encodeStarted(roomForControl(), execution.sequence(), execution.fingerprint());
        urgent |= soon;
    }

    /** Lets nothing wait for data any more. */
    void hurry() {
        urgent = controls.position() > 0;
    }

    /**
     * Writes what may go, though not for ever.
     *
     * @return whether all of it went; if not, the channel is full, or it is the others' turn
     */
    boolean write(GatheringByteChannel channel, Operations operations) throws IOException {
        for (long turn = TURN_BYTES; turn > 0; ) {
            if (!pending() && !gather(operations)) {
                return true;
            }
            turn -= channel.write(gathered);
            if (pending()) {
                return false;
            }
            if (current != null) {
                Execution execution = current;
                current = null;
                payloadBytes.addAndGet(payload);
                frames++;
                execution.sent(peer);
            }
        }
        return false;
    }

    private boolean pending() {
        return headers.hasRemaining() || gathered[1].hasRemaining();
    }

    private boolean gather(Operations operations) {
        headers.clear();
        gathered[1] = NOTHING;
        Execution execution = oldestOwed(operations);
        Slot slot = execution == null ? null : admitted(execution);
        if (slot != null || urgent) {
            takeControls();
        }
        if (execution != null && slot != null) {
            Frame.encodeData(headers, execution.sequence(), slot);
            gathered[1] = execution.region().outgoing(peer, slot);
            payload = slot.length();
            current = execution;
        }
        headers.flip();
        return headers.hasRemaining();
    }

    private @Nullable Execution oldestOwed(Operations operations) {
        List<Execution> active = operations.active();
        for (int i = 0; i < active.size(); i++) {
            if (active.get(i).owes(peer)) {
                return active.get(i);
            }
        }
        return null;
    }

    private void takeControls() {
        if (controls.position() > 0) {
            controls.flip();
            int end = controls.limit();
            headers.put(controls.limit(Math.min(end, CONTROLS * Frame.BYTES)));
            controls.limit(end).compact();
        }
        urgent &= controls.position() > 0;
    }

    private ByteBuffer roomForControl() {
        if (controls.remaining() < Frame.BYTES) {
            controls = ByteBuffer.allocate(2 * controls.capacity()).put(controls.flip());
        }
        return controls;
    }

    /** The operation's next frame, if it may go now. */
    private @Nullable Slot admitted(Execution execution) {
        Slot slot = execution.sendable(peer);
        return slot != null && admit(execution.sequence(), slot.length() + Frame.BYTES) ? slot : null;
    }

    private boolean admit(long sequence, int bytes) {
        if (sequence <= granted) {
            return true;
        }
        if (eagerBytes + bytes > EAGER_BYTES) {
            return false;
        }
        eagerBytes += bytes;
        eagerSequence = Math.max(eagerSequence, sequence);
        return true;
    }
}
