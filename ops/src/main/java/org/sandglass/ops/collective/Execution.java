package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation under way on this rank: its buffer, and how far its schedule has come. Belongs to the thread that makes
 * progress.
 */
final class Execution {

    private final long sequence;
    private final long fingerprint;
    private final Schedule schedule;
    private final ByteBuffer bytes;
    private final FloatBuffer floats;
    private final Completion completion;
    private final long start;
    private final int[] transfers;
    private final int[] sent;
    private final int[] received;
    private int frames;
    private int announcements;

    /**
     * @param fingerprint kind and size, by which ranks notice that they have started different operations
     * @param bytes the buffer
     * @param floats the same memory as floats; empty where nothing is added
     */
    Execution(
            long sequence,
            long fingerprint,
            Schedule schedule,
            int ranks,
            ByteBuffer bytes,
            FloatBuffer floats,
            Completion completion,
            long start) {
        this.sequence = sequence;
        this.fingerprint = fingerprint;
        this.schedule = schedule;
        this.bytes = bytes;
        this.floats = floats;
        this.completion = completion;
        this.start = start;
        this.transfers = new int[schedule.cells()];
        this.sent = new int[ranks];
        this.received = new int[ranks];
        this.frames = schedule.frames();
    }

    long sequence() {
        return sequence;
    }

    long fingerprint() {
        return fingerprint;
    }

    String name() {
        return completion.name();
    }

    FloatBuffer floats() {
        return floats;
    }

    ByteBuffer window(Slot slot) {
        return bytes.slice(slot.from(), slot.length());
    }

    /** When it started, in the engine's nanoseconds. */
    long start() {
        return start;
    }

    /** How often all peers have been told that it is under way. */
    int announcements() {
        return announcements;
    }

    void announced() {
        announcements++;
    }

    /** Whether anything is ever received from the peer. */
    boolean listensTo(int peer) {
        return !schedule.receives(peer).isEmpty();
    }

    /** The next frame to the peer, if it may go now. */
    @Nullable
    Slot sendable(int peer) {
        Slot slot = next(schedule.sends(peer), sent[peer]);
        return slot != null && slot.ready(transfers) ? slot : null;
    }

    void sent(int peer) {
        schedule.sends(peer).get(sent[peer]++).done(transfers);
        moved();
    }

    /** The next frame from the peer, ready or not. */
    @Nullable
    Slot expected(int peer) {
        return next(schedule.receives(peer), received[peer]);
    }

    boolean receivable(Slot slot) {
        return slot.ready(transfers);
    }

    void received(int peer) {
        schedule.receives(peer).get(received[peer]++).done(transfers);
        moved();
    }

    boolean awaits(int peer) {
        return expected(peer) != null;
    }

    boolean owes(int peer) {
        return sent[peer] < schedule.sends(peer).size();
    }

    boolean done() {
        return frames == 0;
    }

    void completeIfEmpty() {
        if (done()) {
            completion.succeed();
        }
    }

    void fail(PeerFailure failure) {
        completion.fail(failure);
    }

    private void moved() {
        frames--;
        completeIfEmpty();
    }

    private static @Nullable Slot next(List<Slot> lane, int index) {
        return index < lane.size() ? lane.get(index) : null;
    }
}
