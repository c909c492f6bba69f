package org.sandglass.ops.device.cuda;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.collective.PeerFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * GPUs with an NCCL communicator: those of one host, or one of each host. Rank 0 is the leader.
 *
 * <p>A thread watches: once NCCL reports an error, a peer is known to be lost, or nothing that is queued makes progress for the
 * timeout, the communicator is aborted, and whoever waits for the device fails with a {@link PeerFailure}; then the group is only
 * good for closing. All ranks make the same calls in the same order. Belongs to the device's thread.
 */
final class GpuGroup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GpuGroup.class);
    static final int IDENTITY_BYTES = 128;

    private static final long WATCH_NANOS = 20_000_000;
    /** How long a call is asked about without a pause: most of NCCL's are done by then. */
    private static final long IMPATIENCE_NANOS = 200_000;

    private static final long PAUSE_NANOS = 100_000;
    private static final Duration FAREWELL = Duration.ofMillis(500);
    private static final int LEADER = 0;

    private final Gpu gpu;
    private final int rank;
    private final int ranks;
    private final Duration timeout;
    private final Supplier<Optional<String>> loss;
    private final ncclComm communicator = new ncclComm();
    private final QueueProgress progress;
    private final Thread watch;
    private volatile boolean closed;

    private GpuGroup(Gpu gpu, int rank, int ranks, Duration timeout, Supplier<Optional<String>> loss) {
        this.gpu = gpu;
        this.rank = rank;
        this.ranks = ranks;
        this.timeout = timeout;
        this.loss = loss;
        progress = new QueueProgress(gpu.streams());
        watch = new Thread(this::watch, "nccl-watch-" + rank);
        watch.setDaemon(true);
    }

    /** What the ranks of a new group must have in common; one of them makes it and tells the others. */
    static byte[] newIdentity() {
        byte[] identity = new byte[IDENTITY_BYTES];
        try (ncclUniqueId id = new ncclUniqueId()) {
            int code = nccl.ncclGetUniqueId(id);
            if (code != nccl.ncclSuccess) {
                throw new CudaFailure("Cannot run ncclGetUniqueId: " + text(code), false);
            }
            id.internal().get(identity);
        }
        return identity;
    }

    /**
     * Joins a group and waits for the others.
     *
     * @param identity of {@link #newIdentity}
     * @param timeout for joining, and for everything later to make progress
     * @param loss says why a peer is lost, once one is; asked by any thread
     * @throws PeerFailure if not all others come in time
     */
    static GpuGroup join(
            Gpu gpu, byte[] identity, int rank, int ranks, Duration timeout, Supplier<Optional<String>> loss) {
        if (identity.length != IDENTITY_BYTES || rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException(
                    "Cannot join: identity of " + identity.length + " bytes, rank=" + rank + " ranks=" + ranks);
        }
        gpu.enter();
        GpuGroup group = new GpuGroup(gpu, rank, ranks, timeout, loss);
        try {
            group.initialize(identity);
        } catch (PeerFailure e) {
            group.progress.close();
            throw e;
        }
        group.watch.start();
        return group;
    }

    private void initialize(byte[] identity) {
        try (ncclUniqueId id = new ncclUniqueId();
                ncclConfig_t config = new ncclConfig_t()) {
            id.internal().put(identity);
            notWaitedFor(config);
            int code = nccl.ncclCommInitRankConfig(communicator, ranks, id, rank, config);
            try {
                settle("ncclCommInitRankConfig", code, timeout);
            } catch (PeerFailure e) {
                if (!communicator.isNull()) {
                    note("ncclCommAbort", nccl.ncclCommAbort(communicator));
                }
                throw e;
            }
        }
    }

    /** What NCCL's initializer macro does, with calls that return at once. */
    private static void notWaitedFor(ncclConfig_t config) {
        int undefined = Integer.MIN_VALUE;
        Pointer.memset(config, 0, config.sizeof());
        config.size(config.sizeof())
                .magic(0xcafebeef)
                .version(nccl.NCCL_VERSION_CODE)
                .blocking(0)
                .cgaClusterSize(undefined)
                .minCTAs(undefined)
                .maxCTAs(undefined)
                .splitShare(undefined)
                .trafficClass(undefined)
                .collnetEnable(undefined)
                .CTAPolicy(undefined)
                .shrinkShare(undefined)
                .nvlsCTAs(undefined)
                .nChannelsPerNetPeer(undefined)
                .nvlinkCentricSched(undefined)
                .graphUsageMode(undefined)
                .numRmaCtx(undefined);
    }

    /** Queues the sum of all ranks' ranges, into the leader's. */
    void reduceToLeader(Pointer range, long elements) {
        call(
                "ncclReduce",
                () -> nccl.ncclReduce(
                        range,
                        range,
                        elements,
                        nccl.ncclFloat32,
                        nccl.ncclSum,
                        LEADER,
                        communicator,
                        gpu.streams().communication()));
    }

    /** Queues the copy of the leader's range to all. */
    void broadcastFromLeader(Pointer range, long elements) {
        call(
                "ncclBroadcast",
                () -> nccl.ncclBroadcast(
                        range,
                        range,
                        elements,
                        nccl.ncclFloat32,
                        LEADER,
                        communicator,
                        gpu.streams().communication()));
    }

    /** Queues the sum of all ranks' ranges, into all of them. */
    void allReduce(Pointer range, long elements) {
        call(
                "ncclAllReduce",
                () -> nccl.ncclAllReduce(
                        range,
                        range,
                        elements,
                        nccl.ncclFloat32,
                        nccl.ncclSum,
                        communicator,
                        gpu.streams().communication()));
    }

    /** Under the lock, so that nothing is called of a communicator that the watch aborts. */
    private synchronized void call(String name, IntSupplier operation) {
        gpu.streams().checkUnbroken();
        try {
            settle(name, operation.getAsInt(), timeout);
        } catch (PeerFailure e) {
            // What it has begun would have to be done before anything else.
            abort(e);
            throw e;
        }
        progress.queued();
    }

    /** Waits until a call that NCCL goes on with by itself is done. */
    private void settle(String call, int code, Duration patience) {
        long start = System.nanoTime();
        int state = code;
        while (state == nccl.ncclInProgress) {
            loss.get().ifPresent(reason -> {
                throw failure(call + ": " + reason);
            });
            long waited = System.nanoTime() - start;
            if (waited > patience.toNanos()) {
                throw failure(call + " did not end within " + patience.toSeconds() + " s");
            }
            if (waited < IMPATIENCE_NANOS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            state = asynchronousState();
        }
        if (state != nccl.ncclSuccess) {
            throw failure(call + ": " + text(state));
        }
    }

    private int asynchronousState() {
        int[] state = new int[1];
        int code = nccl.ncclCommGetAsyncError(communicator, state);
        return code != nccl.ncclSuccess ? code : state[0];
    }

    private PeerFailure failure(String reason) {
        return new PeerFailure(
                "NCCL, rank " + rank + " of " + ranks + " on " + gpu.checks().device() + ": " + reason);
    }

    private static String text(int code) {
        return nccl.ncclGetErrorString(code).getString();
    }

    private void watch() {
        while (!closed) {
            LockSupport.parkNanos(WATCH_NANOS);
            problem().ifPresent(reason -> abort(failure(reason)));
        }
    }

    private synchronized Optional<String> problem() {
        if (closed) {
            return Optional.empty();
        }
        Optional<String> lost = loss.get();
        if (lost.isPresent()) {
            return lost;
        }
        try {
            int state = asynchronousState();
            if (state != nccl.ncclSuccess && state != nccl.ncclInProgress) {
                return Optional.of(text(state));
            }
            return progress.stalledFor(timeout)
                    ? Optional.of("no progress within " + timeout.toSeconds() + " s")
                    : Optional.empty();
        } catch (CudaFailure e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Ends whatever is queued here and, before long, at every peer. */
    private synchronized void abort(PeerFailure failure) {
        if (!closed) {
            closed = true;
            gpu.streams().breakWith(failure);
            note("ncclCommAbort", nccl.ncclCommAbort(communicator));
        }
    }

    /** Of a call whose failure changes nothing any more. */
    private void note(String call, int code) {
        if (code != nccl.ncclSuccess && code != nccl.ncclInProgress) {
            LOG.warn("{} on {}: {}", call, gpu.checks().device(), text(code));
        }
    }

    /** Leaves the group: in order where all that is queued ends soon, as it does where every rank has come as far, else by force. */
    @Override
    public void close() {
        gpu.enter();
        long deadline = System.nanoTime() + FAREWELL.toNanos();
        while (!isIdle() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        leave();
        LockSupport.unpark(watch);
        progress.close();
    }

    private synchronized boolean isIdle() {
        return closed || progress.isIdle();
    }

    private synchronized void leave() {
        if (closed) {
            return;
        }
        try {
            if (!progress.isIdle()) {
                throw failure("operations are left");
            }
            settle("ncclCommFinalize", nccl.ncclCommFinalize(communicator), FAREWELL);
            closed = true;
            note("ncclCommDestroy", nccl.ncclCommDestroy(communicator));
        } catch (PeerFailure e) {
            abort(e);
        }
    }
}
