package org.sandglass.ops.collective;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.collective.HostMemory.Counter;

/**
 * Sums over hosts in three phases, segment by segment: every rank puts its summands into shared memory and sums its own
 * part of all ranks'; the leader sums that over the hosts; every rank takes the result.
 *
 * <p>Each phase may be some segments ahead of the next, so all go on at once. Within a host terms are added in the order
 * of ranks. Holds the state of one rank, never waits, and belongs to one thread. Source: Goyal et al., section 4.1.
 */
final class HostReduction {

    private static final int LEADER = 0;

    /** Parts begin at multiples of a cache line. */
    private static final int ALIGNMENT = 16;

    /** What fits into the first-level cache twice. */
    private static final int CHUNK = 2048;

    private final HostMemory memory;
    private final int rank;
    private final boolean severalHosts;
    private final @Nullable TcpCommunicator leaders;
    private final FloatBuffer slots;
    private final float[] sum = new float[CHUNK];
    private final float[] addend = new float[CHUNK];
    private final List<HostSum> active = new ArrayList<>();
    private final Deque<PendingOperation> exchanges = new ArrayDeque<>();
    private long started;
    private long segments;
    private long published;
    private long reduced;
    private long exchanging;
    private long exchanged;
    private long gathered;

    /**
     * @param rank within the host, where rank 0 leads
     * @param leaders the group of the hosts' leaders; null if this rank is no leader, or there is one host
     */
    HostReduction(HostMemory memory, int rank, boolean severalHosts, @Nullable TcpCommunicator leaders) {
        this.memory = memory;
        this.rank = rank;
        this.severalHosts = severalHosts;
        this.leaders = leaders;
        this.slots = memory.floats();
    }

    /** Operations in flight, in the order of their start. */
    List<HostSum> active() {
        return active;
    }

    void start(HostSum operation) {
        operation.take(started, segments, memory.segment());
        memory.note(rank, started, operation.elements());
        active.add(operation);
        segments = operation.end();
        memory.write(rank, Counter.STARTED, ++started);
    }

    /**
     * Does a step of each phase, where there is one to do; returns whether there was any.
     *
     * @throws PeerFailure if the leaders cannot go on
     */
    boolean advance() {
        boolean moved = gather();
        moved |= finishExchange();
        moved |= startExchange();
        moved |= reduce();
        moved |= publish();
        return moved;
    }

    /** Whether this rank cannot go on before another rank of the host has. */
    boolean waitsFor(int other) {
        long reducedThere = memory.read(other, Counter.REDUCED);
        if (severalHosts
                && other == LEADER
                && gathered < segments
                && memory.read(other, Counter.EXCHANGED) <= gathered) {
            return true;
        }
        return (published < segments && reducedThere <= published - memory.slots())
                || (reduced < published && memory.read(other, Counter.PUBLISHED) <= reduced)
                || (reduced < published && memory.read(other, Counter.GATHERED) <= reduced - memory.slots())
                || (leaders != null && exchanging < reduced && reducedThere <= exchanging)
                || (!severalHosts && gathered < reduced && reducedThere <= gathered);
    }

    /** Whether this rank, the leader, waits for other hosts. */
    boolean exchanges() {
        return !exchanges.isEmpty();
    }

    private boolean publish() {
        if (published == segments || !memory.othersReach(rank, Counter.REDUCED, published - memory.slots() + 1)) {
            return false;
        }
        HostSum operation = operation(published);
        int length = operation.length(published, memory.segment());
        int from = operation.from(published, memory.segment());
        int slot = memory.slot(rank, published);
        int ownFrom = border(rank, length);
        int ownTo = border(rank + 1, length);
        slots.put(slot, operation.buffer(), from, ownFrom);
        slots.put(slot + ownTo, operation.buffer(), from + ownTo, length - ownTo);
        memory.write(rank, Counter.PUBLISHED, ++published);
        return true;
    }

    private boolean reduce() {
        if (reduced == published
                || !memory.othersReach(rank, Counter.PUBLISHED, reduced + 1)
                || gathered <= reduced - memory.slots()
                || !memory.othersReach(rank, Counter.GATHERED, reduced - memory.slots() + 1)) {
            return false;
        }
        HostSum operation = operation(reduced);
        int length = operation.length(reduced, memory.segment());
        int to = border(rank + 1, length);
        for (int from = border(rank, length); from < to; from += CHUNK) {
            reduce(operation, from, Math.min(CHUNK, to - from));
        }
        memory.write(rank, Counter.REDUCED, ++reduced);
        return true;
    }

    private void reduce(HostSum operation, int from, int length) {
        int own = operation.from(reduced, memory.segment()) + from;
        for (int other = 0; other < memory.ranks(); other++) {
            float[] target = other == 0 ? sum : addend;
            if (other == rank) {
                operation.buffer().get(own, target, 0, length);
            } else {
                slots.get(memory.slot(other, reduced) + from, target, 0, length);
            }
            if (other > 0) {
                addTo(sum, addend, length);
            }
        }
        slots.put(memory.sums(reduced) + from, sum, 0, length);
        if (!severalHosts) {
            operation.buffer().put(own, sum, 0, length);
        }
    }

    private boolean startExchange() {
        if (leaders == null || exchanging == reduced || !memory.othersReach(rank, Counter.REDUCED, exchanging + 1)) {
            return false;
        }
        HostSum operation = operation(exchanging);
        FloatBuffer sums = memory.sums(exchanging, operation.length(exchanging, memory.segment()));
        exchanges.add(leaders.allReduce(sums, operation.start()));
        exchanging++;
        return true;
    }

    private boolean finishExchange() {
        PendingOperation oldest = exchanges.peek();
        if (oldest == null || !oldest.done()) {
            return false;
        }
        oldest.await();
        exchanges.remove();
        memory.write(rank, Counter.EXCHANGED, ++exchanged);
        return true;
    }

    private boolean gather() {
        if (gathered == reduced
                || (severalHosts
                        ? memory.read(LEADER, Counter.EXCHANGED) <= gathered
                        : !memory.othersReach(rank, Counter.REDUCED, gathered + 1))) {
            return false;
        }
        HostSum operation = operation(gathered);
        int length = operation.length(gathered, memory.segment());
        int from = operation.from(gathered, memory.segment());
        int sums = memory.sums(gathered);
        int ownFrom = severalHosts ? length : border(rank, length);
        int ownTo = severalHosts ? length : border(rank + 1, length);
        operation.buffer().put(from, slots, sums, ownFrom);
        operation.buffer().put(from + ownTo, slots, sums + ownTo, length - ownTo);
        memory.write(rank, Counter.GATHERED, ++gathered);
        if (gathered == operation.end()) {
            active.remove(0);
            operation.complete();
        }
        return true;
    }

    private HostSum operation(long segment) {
        for (int i = 0; i < active.size(); i++) {
            if (segment < active.get(i).end()) {
                return active.get(i);
            }
        }
        throw new IllegalStateException("no operation has segment " + segment);
    }

    private int border(int part, int length) {
        return part == memory.ranks() ? length : Chunk.border(part, memory.ranks(), length) / ALIGNMENT * ALIGNMENT;
    }

    private static void addTo(float[] sum, float[] addend, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] += addend[i];
        }
    }
}
