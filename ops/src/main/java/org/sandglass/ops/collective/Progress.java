package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that drives an {@link Engine} over sockets; sleeps in the selector whenever nothing can move.
 *
 * <p>It ends with the first fault or with {@link #close}: then it tells the peers why, within half a second, lets go of
 * all buffers, fails what was in flight, and drains the connections for a moment, so that what it said arrives.
 */
final class Progress implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long FAREWELL_NANOS = 500 * NANOS_PER_MILLI;
    private static final long DRAIN_NANOS = 2_000 * NANOS_PER_MILLI;

    private final int rank;
    private final List<String> names;
    private final Engine engine;
    private final Selector selector;
    private final Map<Link, SocketChannel> channels = new HashMap<>();
    private final CountDownLatch released = new CountDownLatch(1);

    /** Guarded by itself, as are {@code closing} and {@code end}. */
    private final Queue<Execution> submitted = new ArrayDeque<>();

    private boolean closing;
    private @Nullable Fault foundOutside;
    private volatile @Nullable Fault end;

    private volatile long completed;

    private Progress(int rank, List<String> names, Engine engine, Selector selector) {
        this.rank = rank;
        this.names = names;
        this.engine = engine;
        this.selector = selector;
    }

    /** Starts a thread that owns the connections, which are given by rank and null at this one. */
    static Progress start(
            int rank, List<String> names, List<@Nullable Connection> connections, CollectiveOptions options)
            throws IOException {
        Engine engine = new Engine(connections.size(), options.timeout(), options.segmentBytes());
        Progress progress = new Progress(rank, names, engine, Selector.open());
        for (int peer = 0; peer < connections.size(); peer++) {
            Connection connection = connections.get(peer);
            if (connection != null) {
                Link link = connection.link(engine, peer, System.nanoTime());
                connection.socket().register(progress.selector, SelectionKey.OP_READ, link);
                progress.channels.put(link, connection.socket());
            }
        }
        Thread thread = new Thread(progress, "sandglass-collective-" + rank);
        thread.setDaemon(true);
        thread.start();
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

    void submit(Execution execution) {
        synchronized (submitted) {
            if (end != null) {
                execution.fail(failure(execution, end));
                return;
            }
            submitted.add(execution);
        }
        selector.wakeup();
    }

    /** What the thread has ended with, if it has. */
    @Nullable
    Fault fault() {
        return end;
    }

    /** Ends the thread for a reason that it cannot find itself. */
    void fail(Fault fault) {
        synchronized (submitted) {
            foundOutside = fault;
        }
        selector.wakeup();
    }

    /** Ends the thread; returns when it has let go of all buffers. */
    void close() {
        synchronized (submitted) {
            closing = true;
        }
        selector.wakeup();
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
        Fault fault;
        try {
            while (takeSubmitted()) {
                turn();
            }
            fault = Fault.closed(rank);
        } catch (Fault found) {
            fault = found;
        } catch (IOException | RuntimeException | Error cause) {
            LOG.error("Collectives of rank {} fail", rank, cause);
            fault = Fault.failed(rank, cause);
        }
        try {
            end(fault);
        } catch (IOException | RuntimeException cause) {
            LOG.debug("Cannot take leave", cause);
        } finally {
            release(fault);
            channels.keySet().forEach(Link::close);
            closeSelector();
        }
    }

    /** Starts what has been submitted; returns false when the thread shall end. */
    private boolean takeSubmitted() throws Fault {
        synchronized (submitted) {
            if (foundOutside != null) {
                throw foundOutside;
            }
            if (closing) {
                return false;
            }
            while (!submitted.isEmpty()) {
                engine.start(submitted.remove());
            }
            return true;
        }
    }

    private void turn() throws IOException, Fault {
        engine.tick(System.nanoTime());
        engine.pump();
        completed = engine.started() - engine.active().size();
        for (SelectionKey key : selector.keys()) {
            interest(key);
        }
        select(engine.patience(System.nanoTime()));
        for (SelectionKey key : selector.selectedKeys()) {
            Link link = (Link) key.attachment();
            if (key.isValid() && key.isWritable()) {
                link.writable();
            }
            if (key.isValid() && key.isReadable()) {
                link.read(System.nanoTime());
            }
        }
        selector.selectedKeys().clear();
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

    private void select(long patience) throws IOException {
        if (patience == Long.MAX_VALUE) {
            selector.select();
        } else {
            selector.select(patience / NANOS_PER_MILLI + 1);
        }
    }

    private void end(Fault fault) throws IOException {
        boolean clean = fault.isClose() && fault.rank() == rank && idle();
        Frame last = clean ? Frame.leave(engine.started()) : Frame.fault(fault);
        for (Link link : engine.links()) {
            link.outbound().post(last);
        }
        flush(System.nanoTime() + FAREWELL_NANOS);
        release(fault);
        drain(System.nanoTime() + DRAIN_NANOS);
    }

    private boolean idle() {
        synchronized (submitted) {
            return foundOutside == null
                    && submitted.isEmpty()
                    && engine.active().stream().allMatch(Execution::done);
        }
    }

    /** Finishes the frames that have been begun, so that the last word can be understood. */
    private void flush(long deadline) throws IOException {
        while (System.nanoTime() - deadline < 0) {
            boolean full = false;
            for (Link link : engine.links()) {
                try {
                    link.write(Operations.NONE);
                } catch (Fault fault) {
                    link.close();
                }
                full |= link.wantsToWrite();
            }
            if (!full) {
                return;
            }
            for (SelectionKey key : selector.keys()) {
                if (key.isValid()) {
                    Link link = (Link) key.attachment();
                    key.interestOps(link.wantsToWrite() ? SelectionKey.OP_WRITE : 0);
                }
            }
            selector.select((deadline - System.nanoTime()) / NANOS_PER_MILLI + 1);
            for (SelectionKey key : selector.selectedKeys()) {
                ((Link) key.attachment()).writable();
            }
            selector.selectedKeys().clear();
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

    /** Reads and forgets until the peers have ended too: closing on unread bytes would destroy what was just said. */
    private void drain(long deadline) throws IOException {
        ByteBuffer scratch = ByteBuffer.allocateDirect(64 << 10);
        for (SocketChannel channel : channels.values()) {
            if (channel.isOpen()) {
                try {
                    channel.shutdownOutput();
                } catch (IOException cause) {
                    channel.close();
                }
            }
        }
        while (System.nanoTime() - deadline < 0 && channels.values().stream().anyMatch(SocketChannel::isOpen)) {
            for (SelectionKey key : selector.keys()) {
                if (key.isValid()) {
                    key.interestOps(SelectionKey.OP_READ);
                }
            }
            selector.select(Math.max(1, (deadline - System.nanoTime()) / NANOS_PER_MILLI));
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isValid()) {
                    discard((SocketChannel) key.channel(), scratch);
                }
            }
            selector.selectedKeys().clear();
        }
    }

    private static void discard(SocketChannel channel, ByteBuffer scratch) throws IOException {
        try {
            if (channel.read(scratch.clear()) < 0) {
                channel.close();
            }
        } catch (IOException cause) {
            channel.close();
        }
    }

    private PeerFailure failure(Execution execution, Fault fault) {
        String who = fault.rank() == rank ? "this rank" : names.get(fault.rank());
        return new PeerFailure("Cannot complete " + execution.name() + ": " + who + " " + fault.detail(), fault);
    }

    private void closeSelector() {
        try {
            selector.close();
        } catch (IOException cause) {
            LOG.debug("Cannot close the selector", cause);
        }
    }
}
