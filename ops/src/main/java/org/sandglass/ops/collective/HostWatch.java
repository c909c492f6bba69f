package org.sandglass.ops.collective;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.sandglass.ops.collective.HostMemory.Counter;

/** Keeps an eye on the other ranks of a host, to say whose fault it is when nothing moves. Belongs to one thread. */
final class HostWatch {

    /** How long a rank that waits for another host may be given after a deadline, until that host's fault is known. */
    private static final long GRACE_NANOS = Duration.ofMillis(500).toNanos();

    private final HostMemory memory;
    private final HostReduction reduction;
    private final int rank;
    private final List<Integer> members;
    private final boolean severalHosts;
    private final long timeout;
    private final long[] lastSign;
    private final long[] lastHeard;

    /**
     * @param rank within the host
     * @param members the host's ranks in the whole group
     */
    HostWatch(
            HostMemory memory,
            HostReduction reduction,
            int rank,
            List<Integer> members,
            boolean severalHosts,
            Duration timeout) {
        this.memory = memory;
        this.reduction = reduction;
        this.rank = rank;
        this.members = members;
        this.severalHosts = severalHosts;
        this.timeout = timeout.toNanos();
        this.lastSign = new long[memory.ranks()];
        this.lastHeard = new long[memory.ranks()];
        Arrays.fill(lastHeard, Long.MIN_VALUE);
    }

    /** Looks around while this rank waits in its oldest operation. */
    void look(long now) throws Fault {
        HostSum oldest = reduction.active().get(0);
        long lateness = now - oldest.start() - timeout;
        for (int other = 0; other < memory.ranks(); other++) {
            if (other != rank) {
                look(other, oldest, now);
            }
        }
        if (lateness >= 0) {
            blame(oldest, lateness, now);
        }
    }

    private void look(int other, HostSum oldest, long now) throws Fault {
        long end = memory.read(other, Counter.END);
        if (end != 0 && reduction.waitsFor(other)) {
            throw Fault.reported(members.get(other), (int) end, (int) (end >> 32));
        }
        if (memory.read(other, Counter.STARTED) > oldest.sequence()
                && memory.noted(other, oldest.sequence()) != oldest.elements()) {
            throw Fault.protocol(members.get(other), "it has started a sum of another size instead");
        }
        long sign = memory.read(other, Counter.PULSE)
                + memory.read(other, Counter.PUBLISHED)
                + memory.read(other, Counter.REDUCED)
                + memory.read(other, Counter.GATHERED);
        if (sign != lastSign[other]) {
            lastSign[other] = sign;
            lastHeard[other] = now;
        }
    }

    private void blame(HostSum oldest, long lateness, long now) throws Fault {
        String within = " within " + Duration.ofNanos(timeout).toMillis() + " ms";
        for (int other = 0; other < memory.ranks(); other++) {
            if (other != rank && memory.read(other, Counter.STARTED) <= oldest.sequence()) {
                throw Fault.late(members.get(other), "has not started it" + within);
            }
        }
        for (int other = 0; other < memory.ranks(); other++) {
            long silence = now - Math.max(lastHeard[other], oldest.start());
            if (other != rank && reduction.waitsFor(other) && silence > timeout / 2) {
                throw Fault.late(
                        members.get(other),
                        "has fallen silent for " + Duration.ofNanos(silence).toMillis() + " ms");
            }
        }
        if (severalHosts && lateness < GRACE_NANOS) {
            return;
        }
        for (int other = 0; other < memory.ranks(); other++) {
            if (other != rank && reduction.waitsFor(other)) {
                throw Fault.late(members.get(other), "has not done its part" + within);
            }
        }
    }
}
