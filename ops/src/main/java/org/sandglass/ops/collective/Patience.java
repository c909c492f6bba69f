package org.sandglass.ops.collective;

import java.util.concurrent.locks.LockSupport;

/**
 * How a thread waits for other processes that cannot wake it: it spins for a moment if there is a core for each of them,
 * lets others run, then sleeps for about a quarter of the time that it has waited, at most a millisecond. So it takes a
 * small share of a core, and is late by a small share of the wait. Belongs to one thread.
 */
final class Patience {

    private static final long SPIN_NANOS = 10_000;
    private static final long YIELD_NANOS = 50_000;
    private static final long LONGEST_NANOS = 1_000_000;

    private final boolean spins;
    private boolean waits;
    private long since;

    Patience(int processes) {
        this.spins = Runtime.getRuntime().availableProcessors() >= processes;
    }

    /** Something has happened. */
    void reset() {
        waits = false;
    }

    // Nothing depends on whether the scheduler takes the hint.
    @SuppressWarnings("ThreadPriorityCheck")
    void pause(long now) {
        if (!waits) {
            waits = true;
            since = now;
        }
        long waited = now - since;
        if (spins && waited < SPIN_NANOS) {
            Thread.onSpinWait();
        } else if (waited < YIELD_NANOS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(Math.min(LONGEST_NANOS, waited / 4));
        }
    }
}
