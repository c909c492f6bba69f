package org.sandglass.ops.collective;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ScatteringByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: reads frames, believes none that is not due, and adds or stores their payload.
 *
 * <p>What is to be stored is read into its place; what is to be added passes a staging buffer and is added as it
 * arrives. A frame that must wait for other ranks' frames stalls the connection. Frames of operations that this rank
 * has not started are kept, up to {@link Outbound#EAGER_BYTES}. Belongs to the thread that makes progress.
 */
final class Inbound {

    /** How many operations a peer can be ahead, given what it may send in advance and have in flight. */
    static final int AHEAD = 8192;

    private static final int TURNS = 16;

    /** A frame of an operation that has not been started. */
    private record Early(Frame frame, ByteBuffer payload) {}

    /** What to do with a peer's control frames. */
    interface Controls {
        /** The peer has started the operation, and all before it. */
        void reached(int peer, long sequence);

        void started(int peer, long sequence, long fingerprint) throws Fault;

        void left(int peer, long sequence);
    }

    private final int peer;
    private final int ranks;
    private final int segmentBytes;
    private final Operations operations;
    private final Controls controls;
    private final FloatSum sum = new FloatSum();
    private final ByteBuffer header = ByteBuffer.allocateDirect(Frame.BYTES);
    private final ByteBuffer[] scattered = {header, header};
    private final NavigableMap<Long, Deque<Early>> early = new TreeMap<>();
    private ByteBuffer staging = ByteBuffer.allocateDirect(0);
    private FloatBuffer stagedFloats = staging.asFloatBuffer();

    private @Nullable Frame frame;
    private @Nullable Execution execution;
    private @Nullable Slot slot;
    private @Nullable ByteBuffer payload;
    private int added;

    Inbound(int peer, int ranks, int segmentBytes, Operations operations, Controls controls) {
        this.peer = peer;
        this.ranks = ranks;
        this.segmentBytes = segmentBytes;
        this.operations = operations;
        this.controls = controls;
    }

    /** Whether a frame waits for other ranks' frames, so that nothing should be read now. */
    boolean stalled() {
        return frame != null && payload == null;
    }

    /**
     * Reads what is there, though not for ever.
     *
     * @throws EOFException if the connection has ended
     */
    void read(ScatteringByteChannel channel) throws IOException, Fault {
        for (int turn = 0; turn < TURNS && !stalled(); turn++) {
            long count;
            if (payload == null) {
                count = channel.read(header);
            } else {
                scattered[0] = payload;
                count = channel.read(scattered);
            }
            if (count < 0) {
                throw new EOFException("its connection has ended");
            }
            if (count == 0) {
                return;
            }
            advance();
        }
    }

    /** Takes up what waited for a start or for other ranks' frames; returns whether anything did. */
    boolean resume() throws Fault {
        boolean moved = resumeEarly();
        if (frame != null && stalled()) {
            begin(frame);
            moved |= !stalled();
        }
        return moved;
    }

    private void advance() throws Fault {
        if (payload != null) {
            arrived();
            if (payload.hasRemaining()) {
                return;
            }
            finish();
        }
        if (!header.hasRemaining()) {
            Frame next = Frame.decode(header.flip(), segmentBytes);
            header.clear();
            if (next == null) {
                throw Fault.protocol(peer, "it sends a frame that is none");
            }
            begin(next);
        }
    }

    private void begin(Frame next) throws Fault {
        frame = null;
        switch (next.kind()) {
            case DATA -> beginData(next);
            case STARTED -> {
                checkAhead(next.sequence());
                controls.started(peer, next.sequence(), next.argument());
            }
            case LEAVE -> controls.left(peer, next.sequence());
            case FAULT -> {
                if (next.culprit() < 0 || next.culprit() >= ranks) {
                    throw Fault.protocol(peer, "it blames a rank that is none");
                }
                throw Fault.reported(peer, next.culprit(), next.code());
            }
        }
    }

    private void beginData(Frame next) throws Fault {
        checkAhead(next.sequence());
        controls.reached(peer, next.sequence());
        frame = next;
        if (next.sequence() >= operations.started()) {
            if (earlyBytes() + next.length() + Frame.BYTES > Outbound.EAGER_BYTES) {
                throw Fault.protocol(peer, "it sends too much of what this rank has not started");
            }
            payload = ByteBuffer.allocate(next.length()).order(ByteOrder.nativeOrder());
            return;
        }
        Execution target = operation(next);
        if (early.containsKey(next.sequence())) {
            return;
        }
        Slot due = due(target, next);
        if (target.receivable(due)) {
            execution = target;
            slot = due;
            added = 0;
            payload = due.adds() ? staging(due.length()) : target.window(due);
        }
    }

    /** The operation that a frame belongs to. */
    private Execution operation(Frame next) throws Fault {
        Execution target = operations.find(next.sequence());
        if (target == null) {
            throw Fault.protocol(peer, "it sends a frame of operation " + next.sequence() + ", which is complete");
        }
        return target;
    }

    private Slot due(Execution target, Frame next) throws Fault {
        Slot due = target.expected(peer);
        if (due == null || due.from() != next.argument() || due.length() != next.length()) {
            throw Fault.protocol(
                    peer,
                    "of " + target.name() + " it sends " + next.length() + " bytes at " + next.argument()
                            + (due == null
                                    ? ", nothing is due"
                                    : ", due are " + due.length() + " bytes at " + due.from()));
        }
        return due;
    }

    private void arrived() {
        if (execution == null || slot == null || payload == null || !slot.adds()) {
            return;
        }
        int whole = payload.position() / Float.BYTES;
        sum.add(execution.floats(), slot.from() / Float.BYTES + added, stagedFloats, added, whole - added);
        added = whole;
    }

    private void finish() {
        if (execution != null) {
            execution.received(peer);
        } else if (frame != null && payload != null) {
            remember(frame, payload.flip());
        }
        frame = null;
        execution = null;
        slot = null;
        payload = null;
    }

    private boolean resumeEarly() throws Fault {
        for (Deque<Early> frames : early.headMap(operations.started()).values()) {
            Early first = frames.element();
            Execution target = operation(first.frame());
            Slot due = due(target, first.frame());
            if (target.receivable(due)) {
                forget(first.frame());
                store(target, due, first.payload());
                return true;
            }
        }
        return false;
    }

    /** Bytes kept of operations that this rank has not started. */
    private int earlyBytes() {
        return early.tailMap(operations.started()).values().stream()
                .flatMap(Deque::stream)
                .mapToInt(kept -> kept.frame().length() + Frame.BYTES)
                .sum();
    }

    private void remember(Frame next, ByteBuffer bytes) {
        early.computeIfAbsent(next.sequence(), sequence -> new ArrayDeque<>()).add(new Early(next, bytes));
    }

    private void forget(Frame first) {
        early.computeIfPresent(first.sequence(), (sequence, frames) -> {
            frames.remove();
            return frames.isEmpty() ? null : frames;
        });
    }

    private void store(Execution target, Slot due, ByteBuffer bytes) {
        if (due.adds()) {
            FloatBuffer floats = bytes.asFloatBuffer();
            sum.add(target.floats(), due.from() / Float.BYTES, floats, 0, floats.remaining());
        } else {
            target.window(due).put(bytes);
        }
        target.received(peer);
    }

    private void checkAhead(long sequence) throws Fault {
        if (sequence >= operations.started() + AHEAD) {
            throw Fault.protocol(
                    peer, "it is at operation " + sequence + " where this rank has started " + operations.started());
        }
    }

    private ByteBuffer staging(int length) {
        if (staging.capacity() < length) {
            staging = ByteBuffer.allocateDirect(Math.max(length, segmentBytes)).order(ByteOrder.nativeOrder());
            stagedFloats = staging.asFloatBuffer();
        }
        return staging.clear().limit(length);
    }
}
