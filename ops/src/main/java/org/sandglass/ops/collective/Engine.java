package org.sandglass.ops.collective;

import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Brings operations forward: the state of a rank's communication, without threads, clock and selector of its own.
 *
 * <p>Who drives it says which links can be read or written and what time it is, and calls {@link #pump} after every
 * change. After a {@link Fault} the engine is not to be driven any more. Belongs to one thread.
 */
final class Engine implements Operations, Inbound.Controls {

    /** Announcements of a slow operation within its timeout, at equal distances. */
    private static final int ANNOUNCEMENTS = 3;

    /** How long a rank that cannot tell whose fault it is waits for one that can. */
    private static final long RUMOUR_NANOS = Duration.ofMillis(500).toNanos();

    private static final String NOT_STARTED = "has not started it";

    private final int ranks;
    private final int segmentBytes;
    private final long timeout;
    private final List<Link> links = new ArrayList<>();
    private final @Nullable Link[] byPeer;
    private final List<Execution> active = new ArrayList<>();
    private long started;

    Engine(int ranks, Duration timeout, int segmentBytes) {
        this.ranks = ranks;
        this.segmentBytes = segmentBytes;
        this.timeout = timeout.toNanos();
        this.byPeer = new Link[ranks];
    }

    <C extends ScatteringByteChannel & GatheringByteChannel> Link link(int peer, C channel, long now) {
        Inbound inbound = new Inbound(peer, ranks, segmentBytes, this, this);
        Link link = new Link(peer, channel, now, inbound, new Outbound(peer));
        links.add(link);
        byPeer[peer] = link;
        return link;
    }

    List<Link> links() {
        return links;
    }

    void start(Execution execution) throws Fault {
        started = execution.sequence() + 1;
        if (execution.done()) {
            execution.complete();
            return;
        }
        active.add(execution);
        for (int i = 0; i < links.size(); i++) {
            Link link = links.get(i);
            long theirs = link.announcements().remove(execution.sequence(), execution.fingerprint());
            compare(link.peer(), execution, theirs);
            if (execution.listensTo(link.peer())) {
                link.outbound().postStarted(execution, !rides(execution, link));
            }
        }
    }

    /**
     * Whether the start of an operation is told with its first data: of a small one, and of some that follow it, the peer
     * sends what it has without having been told.
     */
    private static boolean rides(Execution execution, Link link) {
        return execution.bytes() <= Outbound.EAGER_BYTES / 4 && execution.owes(link.peer());
    }

    /**
     * Reads what the links hold that are known to be readable, a portion each, and sends on what came while it is in the
     * cache.
     *
     * @return whether anything came
     */
    boolean advance(long now) throws Fault {
        boolean moved = false;
        for (int i = 0; i < links.size(); i++) {
            Link link = links.get(i);
            if (link.readable() && link.wantsToRead() && link.read(now)) {
                moved = true;
                move();
            }
        }
        return moved;
    }

    /** Supposes that all links can be written, and read where what comes next is of use now, so that they are tried. */
    void suppose() {
        for (int i = 0; i < links.size(); i++) {
            Link link = links.get(i);
            link.writable();
            for (int j = 0; j < active.size(); j++) {
                if (useful(active.get(j), link)) {
                    link.suppose();
                }
            }
        }
    }

    private static boolean useful(Execution execution, Link link) {
        Slot due = execution.expected(link.peer());
        return (due != null && execution.receivable(due)) || (execution.owes(link.peer()) && !starts(link, execution));
    }

    /** Moves whatever can move, and completes what is done; after this, nobody waits for what this rank could tell. */
    void pump() throws Fault {
        for (int i = 0; i < links.size(); i++) {
            links.get(i).outbound().hurry();
        }
        move();
    }

    /** As {@link #pump}, by who will pump before it sleeps: that a small operation has started is told with its first data. */
    void move() throws Fault {
        for (boolean moved = true; moved; ) {
            moved = false;
            for (int i = 0; i < links.size(); i++) {
                Link link = links.get(i);
                moved |= link.resume();
                moved |= link.write(this);
            }
        }
        for (int i = 0; i < active.size(); ) {
            Execution execution = active.get(i);
            if (execution.done()) {
                active.remove(i);
                execution.complete();
            } else {
                i++;
            }
        }
        checkLeft();
    }

    /**
     * What a peer completed before it left can complete here; what comes after cannot, once its turn has come. If the peer
     * has given up, nothing comes after.
     */
    private void checkLeft() throws Fault {
        for (int i = 0; i < links.size(); i++) {
            Link link = links.get(i);
            Fault reason = link.reason();
            if (reason != null && link.left() <= completed() && (link.gaveUp() || !active.isEmpty())) {
                throw reason;
            }
        }
    }

    /**
     * Ends operations whose time is up. Of those that last long it tells all peers now and then, so that everybody knows
     * who has started and who is alive, and the culprit can be named.
     */
    void tick(long now) throws Fault {
        if (overdue(now)) {
            lookAround(now);
        }
        for (int i = 0; i < active.size(); i++) {
            Execution execution = active.get(i);
            long age = now - execution.start();
            if (age >= timeout) {
                checkKnown(execution, now);
                if (age >= timeout + RUMOUR_NANOS) {
                    throw late(execution);
                }
            } else if (age >= nextAnnouncement(execution)) {
                execution.announced();
                for (Link link : links) {
                    link.outbound().postStarted(execution, true);
                }
            }
        }
    }

    private boolean overdue(long now) {
        for (int i = 0; i < active.size(); i++) {
            if (now - active.get(i).start() >= timeout) {
                return true;
            }
        }
        return false;
    }

    /** Reads what has come: to a rank that was stopped itself everybody seems late, and the others know better. */
    private void lookAround(long now) throws Fault {
        for (Link link : links) {
            link.suppose();
        }
        boolean moved = true;
        while (moved) {
            moved = advance(now);
        }
    }

    /** Nanoseconds until {@link #tick} has something to do. */
    long patience(long now) {
        long patience = Long.MAX_VALUE;
        for (int i = 0; i < active.size(); i++) {
            Execution execution = active.get(i);
            long age = now - execution.start();
            long due = age >= timeout ? timeout + RUMOUR_NANOS : Math.min(timeout, nextAnnouncement(execution));
            patience = Math.min(patience, Math.max(0, due - age));
        }
        return patience;
    }

    private long nextAnnouncement(Execution execution) {
        return timeout / (ANNOUNCEMENTS + 1) * (execution.announcements() + 1);
    }

    @Override
    public long started() {
        return started;
    }

    @Override
    public List<Execution> active() {
        return active;
    }

    @Override
    public @Nullable Execution find(long sequence) {
        for (int i = 0; i < active.size(); i++) {
            if (active.get(i).sequence() == sequence) {
                return active.get(i);
            }
        }
        return null;
    }

    @Override
    public void reached(int peer, long sequence) {
        link(peer).outbound().grant(sequence);
    }

    @Override
    public void started(int peer, long sequence, long fingerprint) throws Fault {
        reached(peer, sequence);
        Execution execution = find(sequence);
        if (execution != null) {
            compare(peer, execution, fingerprint);
        } else if (sequence >= started) {
            link(peer).announcements().put(sequence, fingerprint);
        }
    }

    @Override
    public void left(int peer, long sequence) {
        reached(peer, sequence - 1);
        link(peer).leave(sequence, Fault.closed(peer), false);
    }

    @Override
    public void gaveUp(int peer, long sequence, Fault reason) {
        reached(peer, sequence - 1);
        link(peer).leave(sequence, reason, true);
    }

    /** As many operations as have been completed, none left out. */
    long completed() {
        return active.isEmpty() ? started : active.get(0).sequence();
    }

    /** Fails if it is sure whose fault it is that the operation is late. */
    private void checkKnown(Execution execution, long now) throws Fault {
        for (Link link : links) {
            Fault reason = link.reason();
            if (reason != null && link.gaveUp()) {
                throw reason;
            }
        }
        for (Link link : links) {
            if (silent(link, now) && !starts(link, execution)) {
                throw Fault.late(link.peer(), NOT_STARTED + within());
            }
        }
        for (Link link : links) {
            if (silent(link, now)) {
                String silence = Duration.ofNanos(now - link.heard()).toMillis() + " ms";
                throw Fault.late(link.peer(), "has fallen silent for " + silence);
            }
        }
    }

    /** Whose fault it seems to be, as far as this rank can see. */
    private Fault late(Execution execution) {
        for (Link link : links) {
            if (!starts(link, execution) && !link.stalled()) {
                return Fault.late(link.peer(), NOT_STARTED + within());
            }
        }
        for (Link link : links) {
            if (execution.awaits(link.peer())) {
                return Fault.late(link.peer(), "has not sent its part" + within());
            }
        }
        for (Link link : links) {
            if (execution.owes(link.peer())) {
                return Fault.late(link.peer(), "has not taken its part" + within());
            }
        }
        throw new IllegalStateException("nothing is missing of " + execution.name());
    }

    private String within() {
        return " within " + Duration.ofNanos(timeout).toMillis() + " ms";
    }

    /** Whether nothing has come for long; of a stalled link nothing is read, so it says nothing. */
    private boolean silent(Link link, long now) {
        return link.reason() == null && !link.stalled() && now - link.heard() > timeout / 2;
    }

    /** Whether the peer is known to have started the operation. */
    private static boolean starts(Link link, Execution execution) {
        return link.outbound().granted() >= execution.sequence();
    }

    private static void compare(int peer, Execution execution, long fingerprint) throws Fault {
        if (execution.fingerprint() != fingerprint) {
            throw Fault.protocol(peer, "it has started an operation of another kind or size instead");
        }
    }

    private Link link(int peer) {
        return Objects.requireNonNull(byPeer[peer]);
    }
}
