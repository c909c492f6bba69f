package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives an {@link Engine} over sockets, in one thread at a time: in whichever waits for an operation, and otherwise in a
 * thread of its own, which sleeps in the selector whenever nothing can move.
 *
 * <p>So an operation that is awaited at once never changes threads. The own thread stands back while others wait, and for
 * some milliseconds after, unless it is told of something large; what is small is sent by who submits it.
 *
 * <p>The own thread ends with the first fault or with {@link #close}: then it tells the peers why, within half a second,
 * lets go of all buffers, fails what was in flight, and drains the connections for a moment, so that what it said
 * arrives.
 */
final class Progress implements Runnable, Completion.Driver {

    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long FAREWELL_NANOS = 500 * NANOS_PER_MILLI;
    private static final long DRAIN_NANOS = 2_000 * NANOS_PER_MILLI;
    private static final long PAUSE_NANOS = NANOS_PER_MILLI;
    private static final long LONG_PAUSE_NANOS = 8 * NANOS_PER_MILLI;

    private final int rank;
    private final List<String> names;
    private final Engine engine;
    private final Spin spin;
    private final Selector selector;
    private final Map<Link, SocketChannel> channels = new HashMap<>();
    private final SelectionKey[] keys;
    private final Consumer<SelectionKey> ready = Progress::ready;
    private final Thread thread;
    private final CountDownLatch released = new CountDownLatch(1);

    /** Held by who drives, and who may touch the engine and the selector's keys therefore. */
    private final ReentrantLock turn = new ReentrantLock();

    /** Threads that wait and want to drive, or do. */
    private final AtomicInteger visitors = new AtomicInteger();

    /** Counts who has driven; written by who holds the turn. */
    private final AtomicLong visits = new AtomicLong();

    /** The thread's own: how many visits it knows of, and how long it stands back. */
    private long seen;

    private long pause = PAUSE_NANOS;
    private volatile boolean called;

    /** Guarded by itself. */
    private final Queue<Execution> submitted = new ArrayDeque<>();

    private boolean selectorClosed;
    private volatile boolean closing;
    private volatile @Nullable Fault found;
    private volatile @Nullable Fault end;
    private volatile long completed;

    private Progress(int rank, List<String> names, Engine engine, Spin spin, Selector selector, SelectionKey[] keys) {
        this.rank = rank;
        this.names = names;
        this.engine = engine;
        this.spin = spin;
        this.selector = selector;
        this.keys = keys;
        this.thread = new Thread(this, "sandglass-collective-" + rank);
    }

    /** Starts a thread that owns the connections, which are given by rank and null at this one. */
    static Progress start(
            int rank, List<String> names, List<@Nullable Connection> connections, CollectiveOptions options, Spin spin)
            throws IOException {
        Engine engine = new Engine(connections.size(), options.timeout(), options.segmentBytes());
        SelectionKey[] keys = new SelectionKey[connections.size() - 1];
        Progress progress = new Progress(rank, names, engine, spin, Selector.open(), keys);
        int index = 0;
        for (int peer = 0; peer < connections.size(); peer++) {
            Connection connection = connections.get(peer);
            if (connection != null) {
                Link link = connection.link(engine, peer, System.nanoTime());
                keys[index++] = connection.socket().register(progress.selector, SelectionKey.OP_READ, link);
                progress.channels.put(link, connection.socket());
            }
        }
        progress.thread.setDaemon(true);
        progress.thread.start();
        return progress;
    }

    /** Number of operations that are over. */
    long completed() {
        return completed;
    }

    long payloadBytesSent() {
        return engine.links().stream()
                .mapToLong(link -> link.outbound().payloadBytes())
                .sum();
    }

    /**
     * Takes an operation.
     *
     * @param small whether the caller should send what can be sent at once
     */
    void submit(Execution execution, boolean small) {
        synchronized (submitted) {
            if (end != null) {
                execution.fail(failure(execution, end));
                return;
            }
            submitted.add(execution);
        }
        if (small && turn.tryLock()) {
            try {
                push();
            } finally {
                turn.unlock();
            }
        } else {
            call();
        }
    }

    @Override
    public void drive(Completion completion) {
        visitors.incrementAndGet();
        try {
            if (enter()) {
                long start = System.nanoTime();
                try {
                    visit(completion);
                } finally {
                    visits.incrementAndGet();
                    if (!engine.active().isEmpty()) {
                        called = true;
                    }
                    turn.unlock();
                }
                if (called || System.nanoTime() - start > PAUSE_NANOS) {
                    LockSupport.unpark(thread);
                }
            }
        } finally {
            visitors.decrementAndGet();
        }
    }

    /** What it has ended with, if it has. */
    @Nullable
    Fault fault() {
        return end;
    }

    /** Ends everything for a reason; the first one counts. */
    void fail(Fault fault) {
        synchronized (submitted) {
            if (found == null) {
                found = fault;
            }
        }
        call();
    }

    /** Ends the thread; returns when it has let go of all buffers. */
    void close() {
        closing = true;
        call();
        boolean interrupted = false;
        while (released.getCount() > 0) {
            try {
                released.await();
            } catch (InterruptedException interruption) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        while (!over()) {
            if (visitors.get() == 0 && visits.get() == seen) {
                driveAlone();
            } else {
                standBack();
            }
        }
        turn.lock();
        try {
            Fault fault = found == null ? Fault.closed(rank) : found;
            try {
                end(fault);
            } catch (IOException | RuntimeException cause) {
                LOG.debug("Cannot take leave", cause);
            } finally {
                release(fault);
                channels.keySet().forEach(Link::close);
                closeSelector();
            }
        } finally {
            turn.unlock();
        }
    }

    private boolean over() {
        return closing || found != null;
    }

    /** Has whoever drives look up, and the own thread if nobody does. */
    private void call() {
        called = true;
        LockSupport.unpark(thread);
        synchronized (submitted) {
            if (!selectorClosed) {
                selector.wakeup();
            }
        }
    }

    private boolean enter() {
        if (turn.tryLock()) {
            return true;
        }
        call();
        try {
            return turn.tryLock(1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void driveAlone() {
        pause = PAUSE_NANOS;
        turn.lock();
        try {
            step(false, null);
        } finally {
            turn.unlock();
        }
    }

    private void visit(Completion completion) {
        spin.reset();
        while (!completion.done() && !over() && !Thread.currentThread().isInterrupted()) {
            if (poll()) {
                spin.reset();
            } else if (!completion.done() && !spin.again(System.nanoTime())) {
                step(true, completion);
                spin.reset();
            }
        }
    }

    /** Lets others drive; comes back once nobody has for a while, or when called. */
    private void standBack() {
        long before = visits.get();
        if (!called) {
            LockSupport.parkNanos(this, pause);
        }
        seen = called ? visits.get() : before;
        called = false;
        pause = Math.min(2 * pause, LONG_PAUSE_NANOS);
    }

    /** Sends what has just been submitted. */
    private void push() {
        try {
            takeSubmitted();
            engine.move();
            count();
        } catch (Fault fault) {
            fail(fault);
        } catch (RuntimeException | Error cause) {
            fail(cause);
        }
    }

    /** Tries all links from which something is due; returns whether anything came. */
    private boolean poll() {
        try {
            takeSubmitted();
            engine.tick(System.nanoTime());
            engine.suppose();
            engine.move();
            return engine.advance(System.nanoTime());
        } catch (Fault fault) {
            fail(fault);
        } catch (RuntimeException | Error cause) {
            fail(cause);
        } finally {
            count();
        }
        return false;
    }

    /** Moves what can move, or sleeps until something can, on behalf of an operation or of all. */
    private void step(boolean visiting, @Nullable Completion completion) {
        try {
            takeSubmitted();
            engine.tick(System.nanoTime());
            engine.pump();
            boolean moved = engine.advance(System.nanoTime());
            count();
            if (!moved && (completion == null || !completion.done()) && (visiting || visitors.get() == 0)) {
                for (SelectionKey key : keys) {
                    interest(key);
                }
                select(engine.patience(System.nanoTime()));
            }
        } catch (Fault fault) {
            fail(fault);
        } catch (IOException | RuntimeException | Error cause) {
            fail(cause);
        }
    }

    private void fail(Throwable cause) {
        LOG.error("Collectives of rank {} fail", rank, cause);
        fail(Fault.failed(rank, cause));
    }

    private void count() {
        completed = engine.started() - engine.active().size();
    }

    private void takeSubmitted() throws Fault {
        synchronized (submitted) {
            while (!submitted.isEmpty() && !over()) {
                engine.start(submitted.remove());
            }
        }
    }

    private static void ready(SelectionKey key) {
        Link link = (Link) key.attachment();
        if (key.isValid() && key.isWritable()) {
            link.writable();
        }
        if (key.isValid() && key.isReadable()) {
            link.suppose();
        }
    }

    private static void interest(SelectionKey key) {
        Link link = (Link) key.attachment();
        if (key.isValid()) {
            int operations =
                    (link.wantsToRead() ? SelectionKey.OP_READ : 0) | (link.wantsToWrite() ? SelectionKey.OP_WRITE : 0);
            if (key.interestOps() != operations) {
                key.interestOps(operations);
            }
        }
    }

    private void select(long time) throws IOException {
        selector.select(ready, time == Long.MAX_VALUE ? 0 : time / NANOS_PER_MILLI + 1);
    }

    private void end(Fault fault) throws IOException {
        boolean clean = fault.isClose() && fault.rank() == rank && idle();
        Farewell farewell = new Farewell(engine, selector);
        farewell.say(
                clean ? Frame.leave(engine.started()) : Frame.fault(fault, engine.completed()),
                System.nanoTime() + FAREWELL_NANOS);
        release(fault);
        farewell.drain(channels.values(), System.nanoTime() + DRAIN_NANOS);
    }

    private boolean idle() {
        synchronized (submitted) {
            return found == null
                    && submitted.isEmpty()
                    && engine.active().stream().allMatch(Execution::done);
        }
    }

    /** Fails what is in flight and all that comes; from here on no buffer is touched. */
    private void release(Fault fault) {
        synchronized (submitted) {
            if (end == null) {
                end = fault;
                engine.active().forEach(execution -> execution.fail(failure(execution, fault)));
                submitted.forEach(execution -> execution.fail(failure(execution, fault)));
                submitted.clear();
                completed = Long.MAX_VALUE;
            }
        }
        released.countDown();
    }

    private PeerFailure failure(Execution execution, Fault fault) {
        String who = fault.rank() == rank ? "this rank" : names.get(fault.rank());
        return new PeerFailure("Cannot complete " + execution.name() + ": " + who + " " + fault.detail(), fault);
    }

    private void closeSelector() {
        synchronized (submitted) {
            selectorClosed = true;
        }
        try {
            selector.close();
        } catch (IOException cause) {
            LOG.debug("Cannot close the selector", cause);
        }
    }
}
