package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import org.jspecify.annotations.Nullable;

/** The connection with one peer, and whether it can be read and written. Belongs to the thread that makes progress. */
final class Link {

    private final int peer;
    private final Channel channel;
    private final ScatteringByteChannel source;
    private final GatheringByteChannel target;
    private final EncryptedChannel.@Nullable Kept kept;
    private final Inbound inbound;
    private final Outbound outbound;
    private final Announcements announcements = new Announcements();
    private boolean readable;
    private boolean full;
    private long heard;
    private long left = Long.MAX_VALUE;
    private @Nullable Fault reason;
    private boolean gaveUp;

    /**
     * A fresh connection.
     *
     * @param channel non-blocking
     */
    <C extends ScatteringByteChannel & GatheringByteChannel> Link(
            int peer, C channel, long now, Inbound inbound, Outbound outbound) {
        this.peer = peer;
        this.heard = now;
        this.channel = channel;
        this.source = channel;
        this.target = channel;
        this.kept = channel instanceof EncryptedChannel encrypted ? encrypted.kept() : null;
        this.inbound = inbound;
        this.outbound = outbound;
    }

    int peer() {
        return peer;
    }

    Outbound outbound() {
        return outbound;
    }

    Announcements announcements() {
        return announcements;
    }

    /** How many operations the peer completed before it left; {@code Long.MAX_VALUE} while it has not. */
    long left() {
        return left;
    }

    void leave(long sequence, Fault why, boolean givesUp) {
        left = sequence;
        reason = why;
        gaveUp = givesUp;
    }

    /** Whether it has left because the group has come to an end, and not of its own accord. */
    boolean gaveUp() {
        return gaveUp;
    }

    /** Why the peer has left; null while it has not. */
    @Nullable
    Fault reason() {
        return reason;
    }

    boolean open() {
        return channel.isOpen();
    }

    boolean wantsToRead() {
        return open() && !inbound.stalled();
    }

    /** Whether nothing is read because a frame waits for other ranks. */
    boolean stalled() {
        return inbound.stalled();
    }

    /** Whether there may be something to read: from {@link #suppose} until a read finds nothing. */
    boolean readable() {
        return readable;
    }

    void suppose() {
        readable = true;
    }

    boolean wantsToWrite() {
        return open() && full;
    }

    void writable() {
        full = false;
    }

    /** When something last came from the peer, in the engine's nanoseconds. */
    long heard() {
        return heard;
    }

    /**
     * Reads a portion of what is there; a peer that has taken its leave may end the connection.
     *
     * @return whether there was anything
     */
    boolean read(long now) throws Fault {
        try {
            readable = inbound.read(source);
        } catch (IOException cause) {
            readable = false;
            leaveOr(cause);
        }
        if (readable) {
            heard = now;
        }
        return readable;
    }

    /**
     * Takes up what waited for a start or for other ranks' frames; returns whether anything did. What a peer sent before
     * it left is good after the connection has ended.
     */
    boolean resume() throws Fault {
        return inbound.resume() || readKept();
    }

    /** Reads what no selector tells of; returns whether there was anything. */
    private boolean readKept() throws Fault {
        try {
            if (kept == null || inbound.stalled() || !kept.available()) {
                return false;
            }
            inbound.read(kept);
            return true;
        } catch (IOException cause) {
            leaveOr(cause);
            return false;
        }
    }

    /** Writes what may go, if the channel takes any; returns whether a frame went. */
    boolean write(Operations operations) throws Fault {
        if (!open() || full) {
            return false;
        }
        long before = outbound.frames();
        try {
            full = !outbound.write(target, operations);
        } catch (IOException cause) {
            leaveOr(cause);
        }
        return outbound.frames() > before;
    }

    void close() {
        try {
            channel.close();
        } catch (IOException cause) {
            full = false;
        }
    }

    private void leaveOr(IOException cause) throws Fault {
        if (left == Long.MAX_VALUE) {
            throw Fault.lost(peer, cause);
        }
        close();
    }
}
