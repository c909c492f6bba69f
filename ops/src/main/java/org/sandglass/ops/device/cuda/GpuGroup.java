package org.sandglass.ops.device.cuda;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.HostMirror;

/**
 * GPUs that sum among themselves through NCCL: those of one host, or all of a run. Rank 0 is the leader.
 *
 * <p>A thread watches: once NCCL reports an error, or nothing that is queued makes progress for the timeout, the communicator is
 * aborted, and whoever waits for the device fails with a {@link PeerFailure}; then the group is only good for closing. All ranks
 * make the same calls in the same order. Belongs to the device's thread, but for {@link #close} of one that has failed.
 */
public final class GpuGroup implements AutoCloseable {
    private static final int IDENTITY_BYTES = 128;
    private static final long WATCH_NANOS = 20_000_000;
    private static final int LEADER = 0;

    private final Gpu gpu;
    private final int rank;
    private final int ranks;
    private final Duration timeout;
    private final ncclComm communicator = new ncclComm();
    private final Progress progress;
    private final Thread watch;
    private volatile boolean closed;
    private boolean aborted;

    private static final class Tried {
        static final Optional<String> REFUSAL = load();

        private static Optional<String> load() {
            try {
                Loader.load(nccl.class);
                return Optional.empty();
            } catch (LinkageError e) {
                return Optional.of(CudaLibraries.missing(e) + "; sums between GPUs need NCCL 2 on the loader's path");
            }
        }
    }

    private GpuGroup(Gpu gpu, int rank, int ranks, Duration timeout) {
        this.gpu = gpu;
        this.rank = rank;
        this.ranks = ranks;
        this.timeout = timeout;
        progress = new Progress(gpu.streams());
        watch = new Thread(this::watch, "nccl-watch-" + rank);
        watch.setDaemon(true);
    }

    /** Why NCCL cannot be used; empty if it can. Thread-safe. */
    public static Optional<String> refusal() {
        return CudaDevice.refusal().or(() -> Tried.REFUSAL);
    }

    /** What the ranks of a new group must have in common; one of them makes it and tells the others. */
    public static byte[] newIdentity() {
        requireNccl();
        byte[] identity = new byte[IDENTITY_BYTES];
        try (ncclUniqueId id = new ncclUniqueId()) {
            int code = nccl.ncclGetUniqueId(id);
            if (code != 0) {
                throw new CudaFailure("Cannot run ncclGetUniqueId: " + text(code));
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
     * @throws PeerFailure if not all others come in time
     */
    public static GpuGroup join(CudaDevice device, byte[] identity, int rank, int ranks, Duration timeout) {
        requireNccl();
        if (identity.length != IDENTITY_BYTES || rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException(
                    "Cannot join: identity of " + identity.length + " bytes, rank=" + rank + " ranks=" + ranks);
        }
        GpuGroup group = new GpuGroup(device.gpu(), rank, ranks, timeout);
        group.initialize(identity);
        group.watch.start();
        return group;
    }

    private static void requireNccl() {
        refusal().ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot sum between GPUs: " + reason);
        });
    }

    private void initialize(byte[] identity) {
        gpu.enter();
        try (ncclUniqueId id = new ncclUniqueId();
                ncclConfig_t config = new ncclConfig_t()) {
            id.internal().put(identity);
            notWaitedFor(config);
            int code = nccl.ncclCommInitRankConfig(communicator, ranks, id, rank, config);
            try {
                settle("ncclCommInitRankConfig", code);
            } catch (PeerFailure e) {
                if (!communicator.isNull()) {
                    nccl.ncclCommAbort(communicator);
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

    /** The rank that speaks for the group with other hosts' groups. */
    public boolean isLeader() {
        return rank == LEADER;
    }

    /**
     * The mirror of a vector that the group sums: fetching a range sums it over the group, into the leader's mirror; storing it
     * gives what the leader's mirror then holds to all. Between, leaders sum over hosts; what others have in their mirrors is
     * void. Phases 1 and 3 of Goyal et al., section 4.
     *
     * @param acrossHosts whether there are other groups; else the sum goes from device to device, and no mirror has it
     */
    public HostMirror mirror(DeviceBuffer vector, boolean acrossHosts) {
        gpu.enter();
        return new GroupMirror(this, Vectors.own(vector), acrossHosts);
    }

    Gpu gpu() {
        return gpu;
    }

    void reduceToLeader(Pointer vector, long elements) {
        call(
                "ncclReduce",
                () -> nccl.ncclReduce(
                        vector,
                        vector,
                        elements,
                        nccl.ncclFloat32,
                        nccl.ncclSum,
                        LEADER,
                        communicator,
                        gpu.streams().communication()));
    }

    void broadcastFromLeader(Pointer vector, long elements) {
        call(
                "ncclBroadcast",
                () -> nccl.ncclBroadcast(
                        vector,
                        vector,
                        elements,
                        nccl.ncclFloat32,
                        LEADER,
                        communicator,
                        gpu.streams().communication()));
    }

    void allReduce(Pointer vector, long elements) {
        call(
                "ncclAllReduce",
                () -> nccl.ncclAllReduce(
                        vector,
                        vector,
                        elements,
                        nccl.ncclFloat32,
                        nccl.ncclSum,
                        communicator,
                        gpu.streams().communication()));
    }

    /** Under the lock, so that nothing is called of a communicator that the watch aborts. */
    private synchronized void call(String name, IntSupplier operation) {
        gpu.streams().checkUnbroken();
        settle(name, operation.getAsInt());
        progress.queued();
    }

    /** Waits until a call that NCCL goes on with by itself is done. */
    private void settle(String call, int code) {
        long deadline = System.nanoTime() + timeout.toNanos();
        int state = code;
        while (state == nccl.ncclInProgress) {
            if (System.nanoTime() - deadline > 0) {
                throw failure(call + " did not end within " + timeout.toSeconds() + " s");
            }
            LockSupport.parkNanos(100_000);
            state = asynchronousState();
        }
        if (state != nccl.ncclSuccess) {
            throw failure(call + ": " + text(state));
        }
    }

    private int asynchronousState() {
        int[] state = new int[1];
        int code = nccl.ncclCommGetAsyncError(communicator, state);
        return code != 0 ? code : state[0];
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
            synchronized (this) {
                if (!closed && !aborted) {
                    problem().ifPresent(this::abort);
                }
            }
        }
    }

    private Optional<String> problem() {
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

    private synchronized void abort(String reason) {
        aborted = true;
        gpu.streams().breakWith(failure(reason));
        nccl.ncclCommAbort(communicator);
    }

    /** Waits until what is queued is done, and leaves the group; every rank does. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        try {
            if (!hasAborted()) {
                gpu.enter();
                gpu.streams().drain(Wait.RELEASE);
            }
        } finally {
            leave();
        }
    }

    private synchronized boolean hasAborted() {
        return aborted;
    }

    private synchronized void leave() {
        closed = true;
        if (aborted) {
            return;
        }
        aborted = true;
        try {
            settle("ncclCommFinalize", nccl.ncclCommFinalize(communicator));
            nccl.ncclCommDestroy(communicator);
        } catch (PeerFailure e) {
            nccl.ncclCommAbort(communicator);
            throw e;
        }
    }

    /** How far the communication stream has come with what was queued; for two threads under the group's lock. */
    private static final class Progress {
        private static final int RING = 64;

        private final Streams streams;
        private final Fence[] fences = new Fence[RING];
        private long queued;
        private long passed;
        private long since;

        Progress(Streams streams) {
            this.streams = streams;
            for (int i = 0; i < RING; i++) {
                fences[i] = streams.fence();
            }
        }

        void queued() {
            if (passed == queued) {
                since = System.nanoTime();
            }
            queued++;
            streams.mark(fences[(int) (queued % RING)], streams.communication());
        }

        /** Whether something is queued, and nothing has been passed for so long. */
        boolean stalledFor(Duration time) {
            for (long i = queued; i > passed && i > queued - RING; i--) {
                if (streams.isPast(fences[(int) (i % RING)])) {
                    passed = i;
                    since = System.nanoTime();
                }
            }
            return passed < queued && System.nanoTime() - since > time.toNanos();
        }
    }
}
