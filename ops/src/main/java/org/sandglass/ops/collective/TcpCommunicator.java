package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rank of a group that is connected by TCP: makes operations of what callers ask for, and hands them to the {@link
 * Progress} thread. Operations may be started by one thread at a time; they are numbered in the order of their start.
 */
final class TcpCommunicator implements Communicator {

    private static final int IN_FLIGHT = 1024;
    private static final int SCHEDULES = 256;
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final ByteBuffer NO_BYTES = ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder());

    private enum Kind {
        ALL_REDUCE(1),
        BROADCAST(2),
        BARRIER(3),
        REDUCE_SCATTER(4),
        ALL_GATHER(5);

        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    /** What determines a schedule, and must be equal on all ranks. */
    private record Plan(Kind kind, int root, int bytes) {
        long fingerprint() {
            return (long) kind.code << 56 | (long) root << 32 | bytes;
        }
    }

    private final int rank;
    private final int ranks;
    private final CollectiveOptions options;
    private final Progress progress;
    private final List<String> names;
    private final FloatBuffer barrier = ByteBuffer.allocateDirect(Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    private final Map<Plan, Schedule> schedules = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Plan, Schedule> eldest) {
            return size() > SCHEDULES;
        }
    };
    private long sequence;

    private TcpCommunicator(int rank, int ranks, CollectiveOptions options, Progress progress, List<String> names) {
        this.names = names;
        this.rank = rank;
        this.ranks = ranks;
        this.options = options;
        this.progress = progress;
    }

    static TcpCommunicator connect(
            ServerSocketChannel listener, List<InetSocketAddress> addresses, Membership me, CollectiveOptions options) {
        return connect(listener, addresses, names(addresses), me, options);
    }

    /**
     * @param names what failures call the ranks
     */
    static TcpCommunicator connect(
            ServerSocketChannel listener,
            List<InetSocketAddress> addresses,
            List<String> names,
            Membership me,
            CollectiveOptions options) {
        TcpCommunicator communicator;
        try (Mesh mesh = new Mesh(listener, addresses, me, options.timeout())) {
            List<@Nullable Connection> connections = mesh.form();
            communicator = new TcpCommunicator(
                    me.rank(), me.ranks(), options, Progress.start(me.rank(), names, connections, options), names);
        } catch (IOException cause) {
            throw new PeerFailure("Cannot connect rank " + me.rank() + ": " + cause, cause);
        }
        try {
            communicator.barrier();
        } catch (PeerFailure failure) {
            communicator.close();
            throw failure;
        }
        return communicator;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int worldSize() {
        return ranks;
    }

    @Override
    public PendingOperation allReduce(FloatBuffer buffer) {
        return start(Kind.ALL_REDUCE, "all-reduce", buffer);
    }

    @Override
    public PendingOperation reduceScatter(FloatBuffer buffer) {
        return start(Kind.REDUCE_SCATTER, "reduce-scatter", buffer);
    }

    @Override
    public PendingOperation allGather(FloatBuffer buffer) {
        return start(Kind.ALL_GATHER, "all-gather", buffer);
    }

    @Override
    public PendingOperation broadcast(ByteBuffer buffer, int root) {
        Arguments.checkCopyable(buffer, root, ranks);
        Plan plan = new Plan(Kind.BROADCAST, root, buffer.remaining());
        String name = "broadcast of " + buffer.remaining() + " bytes from rank " + root;
        return start(name, plan, buffer.slice(), NO_BYTES.asFloatBuffer());
    }

    @Override
    public void barrier() {
        start("barrier", new Plan(Kind.BARRIER, 0, Float.BYTES), FloatBytes.of(barrier), barrier)
                .await();
    }

    @Override
    public void close() {
        progress.close();
    }

    String name(int of) {
        return names.get(of);
    }

    /** Why this group can do nothing more; null while it can. Thread-safe. */
    @Nullable
    Fault fault() {
        return progress.fault();
    }

    /** Ends the group, telling all ranks why. Thread-safe. */
    void fail(Fault fault) {
        progress.fail(fault);
    }

    /** Bytes of payload that this rank has sent. */
    long payloadBytesSent() {
        return progress.payloadBytesSent();
    }

    private PendingOperation start(Kind kind, String operation, FloatBuffer buffer) {
        Arguments.checkSummable(operation, buffer);
        ByteBuffer bytes = buffer.hasRemaining() ? FloatBytes.of(buffer) : NO_BYTES;
        Plan plan = new Plan(kind, 0, bytes.remaining());
        return start(operation + " of " + buffer.remaining() + " elements", plan, bytes, buffer.slice());
    }

    private synchronized PendingOperation start(String kind, Plan plan, ByteBuffer bytes, FloatBuffer floats) {
        if (sequence - progress.completed() >= IN_FLIGHT) {
            throw new IllegalStateException(
                    "Cannot start " + kind + ": " + IN_FLIGHT + " operations are in flight; await some first");
        }
        Schedule schedule = schedules.computeIfAbsent(plan, this::schedule);
        String name = kind + " (operation " + sequence + ") on rank " + rank;
        Completion completion = new Completion(name, options.timeout().plus(GRACE));
        Execution execution = new Execution(
                sequence++, plan.fingerprint(), schedule, ranks, bytes, floats, completion, System.nanoTime());
        progress.submit(execution);
        return completion;
    }

    private Schedule schedule(Plan plan) {
        return Schedule.of(program(plan), ranks, options.segmentBytes());
    }

    private List<Transfer> program(Plan plan) {
        int elements = plan.bytes() / Float.BYTES;
        boolean halves = options.algorithm() != Algorithm.RING && HalvingDoubling.supports(ranks);
        return switch (plan.kind()) {
            case ALL_REDUCE, BARRIER -> allReduce(elements);
            case REDUCE_SCATTER ->
                halves
                        ? HalvingDoubling.reduceScatter(rank, ranks, elements)
                        : Ring.reduceScatter(rank, ranks, elements);
            case ALL_GATHER ->
                halves ? HalvingDoubling.allGather(rank, ranks, elements) : Ring.allGather(rank, ranks, elements);
            case BROADCAST -> Broadcast.from(plan.root(), rank, ranks, plan.bytes());
        };
    }

    private List<Transfer> allReduce(int elements) {
        if (options.algorithm() != Algorithm.RING && HalvingDoubling.supports(ranks)) {
            return HalvingDoubling.allReduce(rank, ranks, elements);
        }
        return options.algorithm() == Algorithm.HALVING_DOUBLING
                ? BinaryBlocks.allReduce(rank, ranks, elements)
                : Ring.allReduce(rank, ranks, elements);
    }

    private static List<String> names(List<InetSocketAddress> addresses) {
        List<String> names = new ArrayList<>();
        for (int rank = 0; rank < addresses.size(); rank++) {
            names.add("rank " + rank + " at " + addresses.get(rank));
        }
        return names;
    }
}
