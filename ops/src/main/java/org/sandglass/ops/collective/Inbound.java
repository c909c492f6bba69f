package org.sandglass.ops.collective;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ScatteringByteChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: reads frames, believes none that is not due, and adds or stores their payload.
 *
 * <p>Everything passes a staging buffer that stays in the second-level cache, and is added from there, except for the
 * long part of what is to be stored, which is read into its place. A frame that must wait for other ranks' frames stalls
 * the connection; unless it waits for what this rank still sends to the very peer, who may not read either until this is
 * read: then it is kept. Frames of operations that this rank has not started are kept, up to {@link Outbound#EAGER_BYTES}.
 * Belongs to the thread that makes progress.
 */
final class Inbound {

    /** How many operations a peer can be ahead, given what it may send in advance and have in flight. */
    static final int AHEAD = 8192;

    private static final int STAGING_BYTES = 256 << 10;

    /** What is read along with a payload that goes into its place: the next header, and small frames whole. */
    private static final int BEYOND_BYTES = 1 << 10;

    /** What to do with a peer's control frames. */
    interface Controls {
        /** The peer has started the operation, and all before it. */
        void reached(int peer, long sequence);

        void started(int peer, long sequence, long fingerprint) throws Fault;

        /** The peer has completed all operations before {@code sequence}, and closes. */
        void left(int peer, long sequence);

        /** The peer has completed all operations before {@code sequence}, and gives up for a reason. */
        void gaveUp(int peer, long sequence, Fault reason);
    }

    private final int peer;
    private final int ranks;
    private final int segmentBytes;
    private final Operations operations;
    private final Controls controls;
    private final FloatSum sum = new FloatSum();
    private final Early early = new Early();

    /** From its position to its limit, what has been read and not been dealt with. */
    private ByteBuffer staging = ByteBuffer.allocateDirect(0);

    private Staging staged = new Staging(0);
    private final ByteBuffer[] scattered = {staging, staging};

    private final Header header = new Header();

    /** Whether a data frame is being read; while it has neither place nor operation, it waits. */
    private boolean framed;

    private @Nullable Execution execution;
    private @Nullable Slot slot;
    private @Nullable ByteBuffer place;
    private Early.@Nullable Kept kept;
    private int moved;

    Inbound(int peer, int ranks, int segmentBytes, Operations operations, Controls controls) {
        this.peer = peer;
        this.ranks = ranks;
        this.segmentBytes = segmentBytes;
        this.operations = operations;
        this.controls = controls;
    }

    /** Whether a frame waits for other ranks' frames, so that nothing should be read now. */
    boolean stalled() {
        return framed && execution == null && kept == null;
    }

    /**
     * Reads a portion of what is there, and deals with it; nothing if stalled.
     *
     * @return whether there was anything
     * @throws EOFException if the connection has ended
     */
    boolean read(ScatteringByteChannel channel) throws IOException, Fault {
        if (stalled()) {
            return false;
        }
        long count = fill(channel);
        if (count < 0) {
            throw new EOFException("its connection has ended");
        }
        if (count > 0) {
            parse();
        }
        return count > 0;
    }

    /** Takes up what waited for a start or for other ranks' frames; returns whether anything did. */
    boolean resume() throws Fault {
        boolean resumed = resumeEarly();
        if (stalled()) {
            begin();
            if (!stalled()) {
                parse();
                resumed = true;
            }
        }
        return resumed;
    }

    private long fill(ScatteringByteChannel channel) throws IOException {
        if (staging.capacity() == 0) {
            staged = new Staging(Math.max(4 * BEYOND_BYTES, Math.min(segmentBytes, STAGING_BYTES)));
            staging = staged.bytes().duplicate().limit(0);
            scattered[1] = staging;
        }
        ByteBuffer target = place;
        staging.compact();
        try {
            if (target != null && target.remaining() > BEYOND_BYTES) {
                staging.limit(BEYOND_BYTES);
                scattered[0] = target;
                return channel.read(scattered);
            }
            if (copyIsDue()) {
                staging.limit(BEYOND_BYTES);
            }
            return channel.read(staging);
        } finally {
            staging.flip();
            if (target != null && execution != null) {
                moved = target.position() - slotFrom();
            }
        }
    }

    /** Whether the next frame is probably a long one whose payload should be read into its place. */
    private boolean copyIsDue() {
        for (int i = 0; !framed && i < operations.active().size(); i++) {
            Slot due = operations.active().get(i).expected(peer);
            if (due != null) {
                return operations.active().get(i).region().takesAsItIs(due) && due.length() > 4 * BEYOND_BYTES;
            }
        }
        return false;
    }

    private void parse() throws Fault {
        while (!stalled()) {
            if (!framed) {
                if (staging.remaining() < Frame.BYTES) {
                    return;
                }
                if (!header.decode(staging, segmentBytes)) {
                    throw Fault.protocol(peer, "it sends a frame that is none");
                }
                begin();
            } else {
                take(header.length() - moved);
                if (moved < header.length()) {
                    return;
                }
                finish();
            }
        }
    }

    /** Deals with what is staged of the frame's payload, of which some bytes are missing. */
    private void take(int missing) {
        int count = Math.min(missing, staging.remaining());
        if (execution != null && slot != null && place == null) {
            if (staging.position() % Float.BYTES != 0) {
                staging.compact().flip();
            }
            count = execution.region().take(slot, moved, staged, staging.position(), count, sum);
            staging.position(staging.position() + count);
        } else if (count > 0) {
            ByteBuffer target = kept != null ? kept.payload() : place;
            int end = staging.limit();
            Objects.requireNonNull(target).put(staging.limit(staging.position() + count));
            staging.limit(end);
        }
        moved += count;
    }

    private void begin() throws Fault {
        switch (header.kind()) {
            case DATA -> beginData();
            case STARTED -> {
                checkAhead(header.sequence());
                controls.started(peer, header.sequence(), header.argument());
            }
            case LEAVE -> controls.left(peer, header.sequence());
            case FAULT -> {
                if (header.culprit() < 0 || header.culprit() >= ranks) {
                    throw Fault.protocol(peer, "it blames a rank that is none");
                }
                controls.gaveUp(peer, header.sequence(), Fault.reported(peer, header.culprit(), header.code()));
            }
        }
    }

    private void beginData() throws Fault {
        checkAhead(header.sequence());
        controls.reached(peer, header.sequence());
        framed = true;
        moved = 0;
        if (header.sequence() >= operations.started()) {
            if (early.bytesFrom(operations.started()) + header.length() + Frame.BYTES > Outbound.EAGER_BYTES) {
                throw Fault.protocol(peer, "it sends too much of what this rank has not started");
            }
            kept = early.make(header);
            return;
        }
        Execution target = operation(header.sequence());
        if (early.contains(header.sequence())) {
            return;
        }
        Slot due = due(target, header.argument(), header.length());
        if (target.receivable(due)) {
            execution = target;
            slot = due;
            place = target.region().takesAsItIs(due) ? target.region().incoming(peer, due) : null;
        } else if (target.stillSends(peer, due)) {
            kept = early.make(header);
        }
    }

    private void finish() {
        if (execution != null) {
            execution.received(peer);
        } else if (kept != null) {
            early.add(kept);
        }
        framed = false;
        execution = null;
        slot = null;
        place = null;
        kept = null;
    }

    private int slotFrom() {
        return slot == null ? 0 : slot.from();
    }

    private boolean resumeEarly() throws Fault {
        for (int i = 0; i < early.size(); i++) {
            Early.Kept first = early.first(i);
            if (first == null || first.sequence() >= operations.started()) {
                continue;
            }
            Execution target = operation(first.sequence());
            Slot due = due(target, first.offset(), first.length());
            if (target.receivable(due)) {
                store(target, due, first);
                early.remove(first);
                return true;
            }
        }
        return false;
    }

    private void store(Execution target, Slot due, Early.Kept first) {
        if (target.region().takesAsItIs(due)) {
            target.region().incoming(peer, due).put(first.payload().flip());
        } else {
            target.region().take(due, 0, first.staging(), 0, due.length(), sum);
        }
        target.received(peer);
    }

    /** The operation that a frame belongs to. */
    private Execution operation(long sequence) throws Fault {
        Execution target = operations.find(sequence);
        if (target == null) {
            throw Fault.protocol(peer, "it sends a frame of operation " + sequence + ", which is complete");
        }
        return target;
    }

    private Slot due(Execution target, long offset, int length) throws Fault {
        Slot due = target.expected(peer);
        if (due == null || due.from() != offset || due.length() != length) {
            throw Fault.protocol(
                    peer,
                    "of " + target.name() + " it sends " + length + " bytes at " + offset
                            + (due == null
                                    ? ", nothing is due"
                                    : ", due are " + due.length() + " bytes at " + due.from()));
        }
        return due;
    }

    private void checkAhead(long sequence) throws Fault {
        if (sequence >= operations.started() + AHEAD) {
            throw Fault.protocol(
                    peer, "it is at operation " + sequence + " where this rank has started " + operations.started());
        }
    }
}
