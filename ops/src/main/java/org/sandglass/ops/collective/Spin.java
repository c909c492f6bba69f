package org.sandglass.ops.collective;

/**
 * How long a caller who waits for peers tries again before it sleeps: sleeping and waking cost more than what a small
 * operation takes. In between it lets others run, which is a must where ranks share cores, and no loss where they do not.
 * Belongs to one thread.
 */
final class Spin {

    /** Long: a rank that sleeps is woken on the core of who wakes it, and both go on there for a while. */
    private static final long SPIN_NANOS = 1_000_000;

    private static final long SHARED_NANOS = 100_000;

    private final boolean shares;
    private boolean waits;
    private long since;

    /** @param processes how many ranks are on this host */
    Spin(int processes) {
        this.shares = processes > Runtime.getRuntime().availableProcessors();
    }

    /** Something has happened. */
    void reset() {
        waits = false;
    }

    /** Whether to try again; false when it is time to sleep. */
    // Nothing depends on whether the scheduler takes the hint.
    @SuppressWarnings("ThreadPriorityCheck")
    boolean again(long now) {
        if (!waits) {
            waits = true;
            since = now;
        }
        if (now - since >= (shares ? SHARED_NANOS : SPIN_NANOS)) {
            return false;
        }
        Thread.yield();
        return true;
    }
}
