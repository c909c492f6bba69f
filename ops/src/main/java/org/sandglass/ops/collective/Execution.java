package org.sandglass.ops.collective;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation under way on this rank: its buffer, and how far its schedule has come. Belongs to the thread that makes
 * progress, from its submission to its completion.
 */
final class Execution {

    private final long fingerprint;
    private final Schedule schedule;
    private final Region region;
    private final Completion completion;
    private final int[] transfers;
    private final int[] sent;
    private final int[] received;
    private long sequence;
    private long start;
    private int frames;
    private int announcements;

    @SuppressWarnings("UnusedVariable") // holds the memory, which the buffers beneath only point to
    private @Nullable Object owner;

    /**
     * An operation to be {@linkplain #begin begun}.
     *
     * @param fingerprint kind and size, by which ranks notice that they have started different operations
     */
    Execution(long fingerprint, Schedule schedule, int ranks, Region region, Completion completion) {
        this.fingerprint = fingerprint;
        this.schedule = schedule;
        this.region = region;
        this.completion = completion;
        this.transfers = new int[schedule.cells()];
        this.sent = new int[ranks];
        this.received = new int[ranks];
    }

    /**
     * Sets out anew, from the first frame.
     *
     * @param owner what keeps the memory until the operation has ended
     */
    Execution begin(long number, long now, Object owner) {
        this.owner = owner;
        sequence = number;
        start = now;
        frames = schedule.frames();
        announcements = 0;
        Arrays.fill(transfers, 0);
        Arrays.fill(sent, 0);
        Arrays.fill(received, 0);
        return this;
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

    Completion completion() {
        return completion;
    }

    Region region() {
        return region;
    }

    int bytes() {
        return region.bytes();
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
        frames--;
    }

    /** The next frame from the peer, ready or not. */
    @Nullable
    Slot expected(int peer) {
        return next(schedule.receives(peer), received[peer]);
    }

    /** Whether some of the slot's bytes have yet to be sent to the peer that it comes from. */
    boolean stillSends(int peer, Slot slot) {
        Slot next = next(schedule.sends(peer), sent[peer]);
        return next != null && next.overlaps(slot);
    }

    boolean receivable(Slot slot) {
        return slot.ready(transfers);
    }

    void received(int peer) {
        schedule.receives(peer).get(received[peer]++).done(transfers);
        frames--;
    }

    boolean awaits(int peer) {
        return received[peer] < schedule.receives(peer).size();
    }

    boolean owes(int peer) {
        return sent[peer] < schedule.sends(peer).size();
    }

    /** Whether all frames have been moved. */
    boolean done() {
        return frames == 0;
    }

    /** Says so to whoever waits; after this it may be begun again. */
    void complete() {
        owner = null;
        completion.succeed();
    }

    void fail(PeerFailure failure) {
        owner = null;
        completion.fail(failure);
    }

    private static @Nullable Slot next(List<Slot> lane, int index) {
        return index < lane.size() ? lane.get(index) : null;
    }
}
