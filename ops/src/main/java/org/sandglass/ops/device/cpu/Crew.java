package org.sandglass.ops.device.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share Java work over long vectors, as OpenMP's share the library's. The caller is one of them; handing out
 * work allocates nothing. For one calling thread at a time.
 */
final class Crew implements AutoCloseable {
    private final Thread[] others;
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicInteger round = new AtomicInteger();
    private volatile boolean closed;
    private volatile @Nullable IntConsumer work;
    private volatile @Nullable Thread caller;
    private volatile @Nullable Throwable failure;

    /** @param size threads, the caller included */
    Crew(int size) {
        others = new Thread[size - 1];
        for (int i = 0; i < others.length; i++) {
            int share = i + 1;
            others[i] = new Thread(() -> serve(share), "sandglass-crew-" + share);
            others[i].setDaemon(true);
            others[i].start();
        }
    }

    int size() {
        return others.length + 1;
    }

    /** Calls {@code newWork} with 0 to size − 1, each on a thread of its own, and returns when all have ended. */
    void run(IntConsumer newWork) {
        caller = Thread.currentThread();
        failure = null;
        unfinished.set(others.length);
        work = newWork;
        round.incrementAndGet();
        for (Thread other : others) {
            LockSupport.unpark(other);
        }
        try {
            newWork.accept(0);
        } finally {
            while (unfinished.get() > 0) {
                LockSupport.park(this);
            }
        }
        Throwable thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("Cannot finish a share of the work", thrown);
        }
    }

    private void serve(int share) {
        int seen = 0;
        while (!closed) {
            if (round.get() == seen) {
                LockSupport.park(this);
                continue;
            }
            seen = round.get();
            serveOnce(share);
        }
    }

    private void serveOnce(int share) {
        IntConsumer current = work;
        try {
            if (current != null) {
                current.accept(share);
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            if (unfinished.decrementAndGet() == 0) {
                LockSupport.unpark(caller);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread other : others) {
            LockSupport.unpark(other);
        }
    }
}
