package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A rank in simulated time: an {@link Engine}, driven as {@link Progress} drives it, and somebody who starts operations.
 * Leaves as {@link Farewell} does.
 */
final class SimulatedRank {

    private static final long MILLI = 1_000_000;
    private static final long FAREWELL = 500 * MILLI;
    private static final long DRAIN = 2_000 * MILLI;

    final int rank;
    final Engine engine;
    final List<TimedChannel> channels = new ArrayList<>();

    /** By operation: when it was started, and when it ended; -1 if it was not or did not. */
    final long[] starts;

    final long[] ends;
    final @Nullable Fault[] faults;

    private final SimulatedTime time;
    private final Random random;
    private final List<SimulatedOperation> operations;
    private final int ranks;
    private final int segmentBytes;
    private final int window;
    private final long slowness;
    private final int leavesAfter;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Execution> executions = new ArrayList<>();
    private long nextStart;
    private long turnDue = Long.MAX_VALUE;
    private long wake;
    private long endedAt = -1;
    private boolean saidAll;
    private boolean gone;
    private boolean wrong;

    /** @param window how many operations may be in flight before the oldest is awaited */
    SimulatedRank(
            int rank,
            int ranks,
            int segmentBytes,
            long timeout,
            int window,
            List<SimulatedOperation> operations,
            long slowness,
            int leavesAfter,
            SimulatedTime time,
            Random random) {
        this.rank = rank;
        this.ranks = ranks;
        this.segmentBytes = segmentBytes;
        this.engine = new Engine(ranks, java.time.Duration.ofNanos(timeout), segmentBytes);
        this.operations = operations;
        this.slowness = slowness;
        this.leavesAfter = leavesAfter;
        this.time = time;
        this.random = random;
        this.window = window;
        this.starts = new long[operations.size()];
        this.ends = new long[operations.size()];
        this.faults = new Fault[operations.size()];
        java.util.Arrays.fill(starts, -1);
        java.util.Arrays.fill(ends, -1);
    }

    /** @param session whose keys encrypt the connection; null if nothing does */
    void connect(int peer, TimedChannel channel, @Nullable Session session) {
        if (session == null) {
            engine.link(peer, channel, 0);
        } else {
            engine.link(peer, new EncryptedChannel(channel, session), 0);
        }
        channels.add(channel);
        channel.onChange(this::turnSoon);
    }

    void turnSoon() {
        turnAt(time.now() + (slowness == 0 ? 0 : (long) (random.nextDouble() * slowness)));
    }

    /** Nothing is done by this rank until then. */
    void freezeUntil(long until) {
        wake = until;
        turnAt(until);
    }

    void kill(boolean orderly) {
        gone = true;
        channels.forEach(channel -> channel.die(orderly));
    }

    /** Vanishes with its host: nobody hears from it again, nor of its end. */
    void vanish() {
        gone = true;
        channels.forEach(TimedChannel::fallSilent);
    }

    /** Whether nothing is left to do or to wait for. */
    boolean over() {
        return gone || endedAt >= 0;
    }

    boolean completed(int operation) {
        return ends[operation] >= 0 && faults[operation] == null;
    }

    /** A completed operation whose result is not what it should be. */
    boolean wrong() {
        return wrong;
    }

    private void turnAt(long when) {
        long due = Math.max(when, wake);
        if (due < turnDue) {
            turnDue = due;
            time.at(due, () -> {
                if (turnDue == due) {
                    turnDue = Long.MAX_VALUE;
                    turn();
                }
            });
        }
    }

    private void turn() {
        if (gone) {
            return;
        }
        if (time.now() < wake) {
            turnAt(wake);
        } else if (endedAt >= 0) {
            takeLeave();
        } else {
            work();
        }
    }

    private void work() {
        try {
            startOperations();
            engine.tick(time.now());
            for (int i = 0; i < channels.size(); i++) {
                if (channels.get(i).readable()) {
                    engine.links().get(i).suppose();
                }
                if (channels.get(i).writable()) {
                    engine.links().get(i).writable();
                }
            }
            boolean spins = random.nextBoolean();
            pump(spins);
            boolean moved = engine.advance(time.now());
            note();
            if (moved || spins || selectable()) {
                turnSoon();
            }
            long patience = engine.patience(time.now());
            if (patience < Long.MAX_VALUE) {
                turnAt(time.now() + patience + MILLI);
            }
            if (maySubmit()) {
                turnAt(Math.max(time.now() + 1, nextStart));
            }
            if (executions.size() >= leavesAfter && engine.active().isEmpty()) {
                end(Fault.closed(rank), Frame.leave(engine.started()));
            }
        } catch (Fault fault) {
            note();
            end(fault, Frame.fault(fault, engine.completed()));
        }
    }

    private void pump(boolean spins) throws Fault {
        if (spins) {
            engine.move();
        } else {
            engine.pump();
        }
    }

    /** Whether a selector would not sleep now. */
    private boolean selectable() {
        for (int i = 0; i < channels.size(); i++) {
            Link link = engine.links().get(i);
            TimedChannel channel = channels.get(i);
            boolean readable = link.wantsToRead() && channel.readable();
            if (readable || (link.wantsToWrite() && channel.writable())) {
                return true;
            }
        }
        return false;
    }

    private void startOperations() throws Fault {
        while (maySubmit() && nextStart <= time.now()) {
            SimulatedOperation next = operations.get(executions.size());
            ByteBuffer buffer = next.buffer();
            starts[executions.size()] = time.now();
            buffers.add(buffer);
            Execution execution = next.execution(rank, ranks, segmentBytes, buffer, time.now());
            executions.add(execution);
            nextStart = time.now() + random.nextInt(random.nextInt(5) == 0 ? 200 : 3) * MILLI;
            engine.start(execution);
            pump(random.nextBoolean());
            note();
        }
    }

    private boolean maySubmit() {
        int next = executions.size();
        return next < leavesAfter && (next < window || ends[next - window] >= 0);
    }

    private void note() {
        for (int i = 0; i < executions.size(); i++) {
            if (ends[i] < 0 && executions.get(i).completion().done()) {
                ends[i] = time.now();
                wrong |= operations.get(i).wrongElement(rank, ranks, buffers.get(i)) >= 0;
            }
        }
    }

    private void end(Fault fault, Frame last) {
        endedAt = time.now();
        for (int i = 0; i < operations.size(); i++) {
            if (ends[i] < 0) {
                ends[i] = time.now();
                faults[i] = fault;
            }
        }
        engine.links().forEach(link -> link.outbound().post(last));
        takeLeave();
        time.at(endedAt + FAREWELL, this::turnSoon);
        time.at(endedAt + DRAIN, () -> channels.forEach(TimedChannel::close));
    }

    private void takeLeave() {
        boolean full = false;
        for (int i = 0; i < channels.size(); i++) {
            Link link = engine.links().get(i);
            try {
                link.writable();
                link.write(Operations.NONE);
            } catch (Fault fault) {
                link.close();
            }
            full |= link.wantsToWrite();
            if (link.wantsToWrite() && channels.get(i).writable()) {
                turnSoon();
            }
            discard(channels.get(i));
        }
        if (!saidAll && (!full || time.now() >= endedAt + FAREWELL)) {
            saidAll = true;
            channels.stream().filter(TimedChannel::isOpen).forEach(TimedChannel::shutdownOutput);
        }
    }

    private static void discard(TimedChannel channel) {
        try {
            ByteBuffer scratch = ByteBuffer.allocate(4096);
            while (channel.isOpen() && channel.read(scratch.clear()) > 0) {
                scratch.clear();
            }
        } catch (java.io.IOException broken) {
            channel.close();
        }
    }
}
