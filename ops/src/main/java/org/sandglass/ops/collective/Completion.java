package org.sandglass.ops.collective;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The end of an operation, brought about by one thread and awaited by others. Thread-safe. */
final class Completion implements PendingOperation {

    /** Who can bring operations forward on behalf of a thread that waits. */
    interface Driver {

        /** Does what it can; returns when the operation has ended, or when the rest is better slept through. */
        void drive(Completion completion);
    }

    private static final long UNNUMBERED = -1;

    private final String kind;
    private final int rank;
    private final long timeout;
    private final Driver driver;
    private long sequence;
    private long deadline;
    private volatile boolean done;
    private boolean awaited;
    private @Nullable PeerFailure failure;

    /**
     * An operation to come, for which waiting threads can do nothing.
     *
     * @param timeout when waiting ends even if nobody has ended the operation
     */
    Completion(String name, Duration timeout) {
        this(name, UNNUMBERED, 0, timeout, completion -> {});
    }

    /**
     * An operation to come, of a kind that recurs.
     *
     * @param kind what it is, for messages
     * @param timeout when waiting ends even if nobody has ended the operation
     */
    Completion(String kind, long sequence, int rank, Duration timeout, Driver driver) {
        this.kind = kind;
        this.rank = rank;
        this.timeout = timeout.toNanos();
        this.driver = driver;
        this.sequence = sequence;
        this.deadline = System.nanoTime() + this.timeout;
    }

    /** Makes this the end of the next operation of the same kind, if nobody has use for it any more. */
    synchronized boolean renew(long next) {
        if (!awaited || failure != null) {
            return false;
        }
        sequence = next;
        deadline = System.nanoTime() + timeout;
        awaited = false;
        done = false;
        return true;
    }

    String name() {
        return sequence == UNNUMBERED ? kind : kind + " (operation " + sequence + ") on rank " + rank;
    }

    synchronized void succeed() {
        done = true;
        notifyAll();
    }

    synchronized void fail(PeerFailure cause) {
        if (!done) {
            done = true;
            failure = cause;
            notifyAll();
        }
    }

    @Override
    public boolean done() {
        return done;
    }

    @Override
    public void await() {
        if (!done) {
            driver.drive(this);
        }
        sleep();
    }

    private synchronized void sleep() {
        while (!done) {
            long remaining = deadline - System.nanoTime();
            if (remaining <= 0) {
                throw new PeerFailure("Cannot complete " + name() + ": its deadline has passed");
            }
            try {
                wait(remaining / 1_000_000 + 1);
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                throw new PeerFailure("Cannot complete " + name() + ": interrupted", interruption);
            }
        }
        awaited = true;
        if (failure != null) {
            throw new PeerFailure(String.valueOf(failure.getMessage()), failure);
        }
    }
}
