package org.sandglass.ops.collective;

/**
 * How long a caller who waits for peers tries again before it sleeps: sleeping and waking cost more than what a small
 * operation takes. Where ranks have to share cores it lets others run in between. Belongs to one thread.
 */
final class Spin {

    private static final long SPIN_NANOS = Long.getLong("spin", 50_000);
    private static final long YIELD_NANOS = Long.getLong("yieldn", 100_000);

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
        if (now - since >= (shares ? YIELD_NANOS : SPIN_NANOS)) {
            return false;
        }
        Thread.yield();
        return true;
    }
}
