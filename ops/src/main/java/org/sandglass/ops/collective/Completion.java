package org.sandglass.ops.collective;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The end of an operation, brought about by one thread and awaited by others. Thread-safe. */
final class Completion implements PendingOperation {

    private final String name;
    private final long deadline;
    private boolean done;
    private @Nullable PeerFailure failure;

    /**
     * An operation to come.
     *
     * @param timeout when waiting ends even if nobody has ended the operation
     */
    Completion(String name, Duration timeout) {
        this.name = name;
        this.deadline = System.nanoTime() + timeout.toNanos();
    }

    String name() {
        return name;
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
    public synchronized boolean done() {
        return done;
    }

    @Override
    public synchronized void await() {
        while (!done) {
            long remaining = deadline - System.nanoTime();
            if (remaining <= 0) {
                throw new PeerFailure("Cannot complete " + name + ": its deadline has passed");
            }
            try {
                wait(remaining / 1_000_000 + 1);
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                throw new PeerFailure("Cannot complete " + name + ": interrupted", interruption);
            }
        }
        if (failure != null) {
            throw new PeerFailure(String.valueOf(failure.getMessage()), failure);
        }
    }
}
