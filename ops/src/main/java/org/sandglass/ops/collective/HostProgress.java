package org.sandglass.ops.collective;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.collective.HostMemory.Counter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that drives a {@link HostReduction}; sleeps while nothing is in flight.
 *
 * <p>Whether other ranks live it learns from the group of all ranks, whose connections end with their processes, and
 * tells that group what it finds itself. It ends with the first fault or with {@link #close}.
 */
final class HostProgress implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(HostProgress.class);
    private static final int IN_FLIGHT = 1024;
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final long RUMOUR_NANOS = Duration.ofMillis(300).toNanos();

    private final int rank;
    private final HostLayout layout;
    private final TcpCommunicator all;
    private final @Nullable TcpCommunicator leaders;
    private final HostMemory memory;
    private final HostReduction reduction;
    private final HostWatch watch;
    private final Patience patience;
    private final Duration timeout;
    private final int ownLane;
    private final Thread thread;

    /** Guarded by itself, as are the four that follow. */
    private final Queue<HostSum> submitted = new ArrayDeque<>();

    private boolean closing;
    private @Nullable Fault end;
    private long sequence;
    private final Recurrences<HostSum> recurrences = new Recurrences<>();

    private volatile long completed;
    private long pulse;

    private HostProgress(
            HostLayout layout,
            HostMemory memory,
            TcpCommunicator all,
            @Nullable TcpCommunicator leaders,
            Duration timeout) {
        this.rank = all.rank();
        this.layout = layout;
        this.all = all;
        this.leaders = leaders;
        this.memory = memory;
        this.timeout = timeout;
        boolean severalHosts = layout.count() > 1;
        List<Integer> members = layout.members(layout.host(rank));
        this.ownLane = members.indexOf(rank);
        this.reduction = new HostReduction(memory, ownLane, severalHosts, leaders);
        this.watch = new HostWatch(memory, reduction, ownLane, members, severalHosts, timeout);
        this.patience = new Patience(memory.ranks());
        this.thread = new Thread(this, "sandglass-host-" + rank);
    }

    /**
     * Starts the thread.
     *
     * @param leaders null if this rank is no leader, or there is one host
     */
    static HostProgress start(
            HostLayout layout,
            HostMemory memory,
            TcpCommunicator all,
            @Nullable TcpCommunicator leaders,
            Duration timeout) {
        HostProgress progress = new HostProgress(layout, memory, all, leaders, timeout);
        progress.thread.setDaemon(true);
        progress.thread.start();
        return progress;
    }

    /**
     * Starts summing a buffer's remaining elements.
     *
     * @param buffer direct, native order, not empty
     */
    PendingOperation submit(FloatBuffer buffer) {
        synchronized (submitted) {
            if (sequence - completed >= IN_FLIGHT) {
                throw new IllegalStateException(
                        "Cannot start all-reduce: " + IN_FLIGHT + " operations are in flight; await some first");
            }
            HostSum operation = operation(buffer).begin(System.nanoTime(), buffer);
            sequence++;
            if (end != null) {
                operation.fail(failure(operation, end));
            } else {
                submitted.add(operation);
                submitted.notifyAll();
            }
            return operation.completion();
        }
    }

    /** The last sum of the same buffer, if it is over and awaited, or a new one. */
    private HostSum operation(FloatBuffer buffer) {
        HostSum recurring = recurrences.find(HostSum.class, buffer);
        if (recurring != null && recurring.completion().renew(sequence)) {
            return recurring;
        }
        String kind = "all-reduce of " + buffer.remaining() + " elements";
        HostSum operation =
                new HostSum(buffer, new Completion(kind, sequence, rank, timeout.plus(GRACE), completion -> {}));
        recurrences.put(HostSum.class, buffer, operation);
        return operation;
    }

    /** Ends the thread; returns when no buffer is touched any more. */
    void close() {
        synchronized (submitted) {
            closing = true;
            submitted.notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
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
        } catch (InterruptedException interruption) {
            fault = Fault.failed(rank, interruption);
        } catch (RuntimeException | Error cause) {
            LOG.error("Collectives of rank {} fail", rank, cause);
            fault = Fault.failed(rank, cause);
        }
        release(fault);
    }

    /** Starts what has been submitted, waiting for it if nothing is in flight; returns false when the thread shall end. */
    private boolean takeSubmitted() throws InterruptedException {
        synchronized (submitted) {
            while (!closing && submitted.isEmpty() && reduction.active().isEmpty()) {
                submitted.wait();
            }
            for (HostSum next = submitted.poll(); next != null; next = submitted.poll()) {
                reduction.start(next);
            }
            return !closing;
        }
    }

    private void turn() throws Fault, InterruptedException {
        if (advance()) {
            completed = sequenceOfOldest();
            patience.reset();
            return;
        }
        Fault known = all.fault();
        if (known != null) {
            throw known;
        }
        long now = System.nanoTime();
        memory.write(ownLane, Counter.PULSE, ++pulse);
        watch.look(now);
        patience.pause(now);
    }

    private boolean advance() throws Fault, InterruptedException {
        try {
            return reduction.advance();
        } catch (PeerFailure failure) {
            throw faultOfLeaders(failure);
        }
    }

    private long sequenceOfOldest() {
        synchronized (submitted) {
            return sequence - submitted.size() - reduction.active().size();
        }
    }

    /** What the group of all ranks says, if it says anything soon, as it knows culprits that do not lead. */
    private Fault faultOfLeaders(PeerFailure failure) throws InterruptedException {
        for (long deadline = System.nanoTime() + RUMOUR_NANOS; System.nanoTime() - deadline < 0; ) {
            Fault known = all.fault();
            if (known != null) {
                return known;
            }
            Thread.sleep(1);
        }
        Fault found = leaders == null ? null : leaders.fault();
        return found == null ? Fault.failed(rank, failure) : found.of(layout.leader(found.rank()));
    }

    /** Fails what is in flight and all that comes, and tells all ranks why. */
    private void release(Fault fault) {
        synchronized (submitted) {
            end = fault;
            boolean inFlight = !submitted.isEmpty() || !reduction.active().isEmpty();
            reduction.active().forEach(operation -> operation.fail(failure(operation, fault)));
            submitted.forEach(operation -> operation.fail(failure(operation, fault)));
            submitted.clear();
            completed = Long.MAX_VALUE;
            if (inFlight || !fault.isClose()) {
                all.fail(fault);
            }
        }
        memory.write(ownLane, Counter.END, HostMemory.why(fault));
        if (leaders != null) {
            leaders.close();
        }
    }

    private PeerFailure failure(HostSum operation, Fault fault) {
        String who = fault.rank() == rank ? "this rank" : all.name(fault.rank());
        return new PeerFailure(
                "Cannot complete " + operation.completion().name() + ": " + who + " " + fault.detail(), fault);
    }
}
