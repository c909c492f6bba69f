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
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank of a group that is connected by TCP: makes operations of what callers ask for, and hands them to the {@link
 * Progress} thread. Operations may be started by one thread at a time; they are numbered in the order of their start.
 */
final class TcpCommunicator implements Communicator {

    private static final Logger LOG = LoggerFactory.getLogger(TcpCommunicator.class);
    private static final int IN_FLIGHT = 1024;
    private static final int SCHEDULES = 256;

    /** What the caller sends itself rather than to wake a thread. */
    private static final int SMALL_BYTES = 512 << 10;

    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final ByteBuffer NO_BYTES = ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder());

    private enum Kind {
        ALL_REDUCE(1),
        BROADCAST(2),
        BARRIER(3),
        REDUCE_SCATTER(4),
        ALL_GATHER(5),
        EXACT_ALL_REDUCE(6);

        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    /** What determines a schedule, and must be equal on all ranks. */
    private record Plan(Kind kind, int root, int bytes, boolean doubles) {
        long fingerprint() {
            return (long) kind.code << 56 | (doubles ? 1L << 55 : 0) | (long) root << 32 | bytes;
        }
    }

    private final int rank;
    private final int ranks;
    private final CollectiveOptions options;
    private final Progress progress;
    private final BrainFloatWire wire;
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
    private final Recurrences<Execution> recurrences = new Recurrences<>();
    private final Recurrences<Execution> doublings = new Recurrences<>();
    private SmallSums small = SmallSums.NONE;
    private long sequence;

    private TcpCommunicator(int rank, int ranks, CollectiveOptions options, Progress progress, List<String> names) {
        this.names = names;
        this.rank = rank;
        this.ranks = ranks;
        this.options = options;
        this.progress = progress;
        this.wire = new BrainFloatWire(ranks, options.segmentBytes());
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
            Spin spin = new Spin(neighbours(me.rank(), addresses));
            communicator = new TcpCommunicator(
                    me.rank(),
                    me.ranks(),
                    options,
                    Progress.start(me.rank(), names, connections, options, spin),
                    names);
        } catch (IOException cause) {
            throw new PeerFailure("Cannot connect rank " + me.rank() + ": " + cause, cause);
        }
        try {
            communicator.barrier();
            communicator.choose();
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
        return allReduce(buffer, System.nanoTime());
    }

    /** A sum that is part of one that started earlier, from when its deadline counts. */
    PendingOperation allReduce(FloatBuffer buffer, long start) {
        return start(Kind.ALL_REDUCE, "all-reduce", buffer, start);
    }

    @Override
    public PendingOperation allReduceExactly(FloatBuffer buffer) {
        return start(Kind.EXACT_ALL_REDUCE, "all-reduce", buffer, System.nanoTime());
    }

    @Override
    public PendingOperation reduceScatter(FloatBuffer buffer) {
        return start(Kind.REDUCE_SCATTER, "reduce-scatter", buffer, System.nanoTime());
    }

    @Override
    public PendingOperation allGather(FloatBuffer buffer) {
        return start(Kind.ALL_GATHER, "all-gather", buffer, System.nanoTime());
    }

    @Override
    public PendingOperation broadcast(ByteBuffer buffer, int root) {
        Arguments.checkCopyable(buffer, root, ranks);
        Plan plan = new Plan(Kind.BROADCAST, root, buffer.remaining(), false);
        String name = "broadcast of " + buffer.remaining() + " bytes from rank " + root;
        return begin(execution(name, plan, buffer.slice(), NO_BYTES.asFloatBuffer()), buffer, System.nanoTime());
    }

    @Override
    public void barrier() {
        start(Kind.BARRIER, "barrier", barrier, System.nanoTime()).await();
    }

    @Override
    public Optional<String> loss() {
        Fault fault = fault();
        return fault == null
                ? Optional.empty()
                : Optional.of((fault.rank() == rank ? "this rank" : name(fault.rank())) + " " + fault.detail());
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

    /** As {@link #allReduce(FloatBuffer)}, for who knows better than the communicator which algorithm suits. */
    PendingOperation allReduce(FloatBuffer buffer, boolean doubles) {
        return start(Kind.ALL_REDUCE, "all-reduce", buffer, doubles, System.nanoTime());
    }

    private PendingOperation start(Kind kind, String operation, FloatBuffer buffer, long start) {
        boolean sums = kind == Kind.ALL_REDUCE || kind == Kind.EXACT_ALL_REDUCE || kind == Kind.BARRIER;
        int bytes = Float.BYTES * buffer.remaining();
        return start(kind, operation, buffer, sums && bytes > 0 && bytes <= small.upToBytes(), start);
    }

    private synchronized PendingOperation start(
            Kind kind, String operation, FloatBuffer buffer, boolean doubles, long start) {
        Recurrences<Execution> known = doubles ? doublings : recurrences;
        Execution execution = known.find(kind, buffer);
        if (execution == null || !execution.completion().renew(sequence)) {
            Arguments.checkSummable(operation, buffer);
            ByteBuffer bytes = buffer.hasRemaining() ? FloatBytes.of(buffer) : NO_BYTES;
            String name = kind == Kind.BARRIER ? operation : operation + " of " + buffer.remaining() + " elements";
            Plan plan = new Plan(kind, 0, bytes.remaining(), doubles);
            execution = execution(name, plan, bytes, FloatBytes.floats(bytes));
            known.put(kind, buffer, execution);
        }
        return begin(execution, buffer, start);
    }

    /** Finds out what suits small sums, where that is left to this communicator. */
    private void choose() {
        boolean free = options.algorithm() == Algorithm.AUTO || options.algorithm() == Algorithm.HIERARCHICAL;
        // Where the wire rounds, partners that exchange sums would not get the same ones.
        if (free && options.wire() == Wire.F32 && ranks > 1 && HalvingDoubling.supports(ranks)) {
            small = new SmallSums(SmallSums.BARRIER_BYTES, "");
            small = SmallSums.probe(this);
            if (rank == 0) {
                LOG.info("Sums of up to {} bytes are made by doubling ({})", small.upToBytes(), small.table());
            }
        }
    }

    private Execution execution(String kind, Plan plan, ByteBuffer bytes, FloatBuffer floats) {
        Schedule schedule = schedules.computeIfAbsent(plan, this::schedule);
        Completion completion =
                new Completion(kind, sequence, rank, options.timeout().plus(GRACE), progress);
        Region region =
                rounds(plan) ? new BrainFloatRegion(bytes, floats, ranks, wire) : new Region(bytes, floats, ranks);
        return new Execution(plan.fingerprint(), schedule, ranks, region, completion);
    }

    /** Sets out; the buffer is kept until the operation has ended, the view of it being none that would do so. */
    private synchronized PendingOperation begin(Execution execution, Object buffer, long start) {
        if (sequence - progress.completed() >= IN_FLIGHT) {
            throw new IllegalStateException("Cannot start " + execution.name() + ": " + IN_FLIGHT
                    + " operations are in flight; await some first");
        }
        progress.submit(execution.begin(sequence++, start, buffer), execution.bytes() <= SMALL_BYTES);
        return execution.completion();
    }

    private Schedule schedule(Plan plan) {
        List<Transfer> program = program(plan);
        return Schedule.of(
                rounds(plan) ? program.stream().map(Transfer::halved).toList() : program,
                ranks,
                options.segmentBytes());
    }

    private boolean rounds(Plan plan) {
        return options.wire() == Wire.BF16
                && switch (plan.kind()) {
                    case ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER -> true;
                    case EXACT_ALL_REDUCE, BROADCAST, BARRIER -> false;
                };
    }

    private List<Transfer> program(Plan plan) {
        int elements = plan.bytes() / Float.BYTES;
        boolean halves = options.algorithm() != Algorithm.RING && HalvingDoubling.supports(ranks);
        return switch (plan.kind()) {
            case ALL_REDUCE, EXACT_ALL_REDUCE, BARRIER ->
                plan.doubles()
                        ? RecursiveDoubling.allReduce(rank, ranks, elements)
                        : AllReduceProgram.of(options.algorithm(), rank, ranks, elements);
            case REDUCE_SCATTER ->
                halves
                        ? HalvingDoubling.reduceScatter(rank, ranks, elements)
                        : Ring.reduceScatter(rank, ranks, elements);
            case ALL_GATHER ->
                halves ? HalvingDoubling.allGather(rank, ranks, elements) : Ring.allGather(rank, ranks, elements);
            case BROADCAST -> Broadcast.from(plan.root(), rank, ranks, plan.bytes());
        };
    }

    /** How many ranks share this rank's host, itself included, as far as addresses tell. */
    private static int neighbours(int rank, List<InetSocketAddress> addresses) {
        String host = addresses.get(rank).getHostString();
        return (int) addresses.stream()
                .filter(address -> address.getHostString().equals(host))
                .count();
    }

    private static List<String> names(List<InetSocketAddress> addresses) {
        List<String> names = new ArrayList<>();
        for (int rank = 0; rank < addresses.size(); rank++) {
            names.add(name(rank, addresses));
        }
        return names;
    }

    /** What failures call a rank. */
    static String name(int rank, List<InetSocketAddress> addresses) {
        return "rank " + rank + " at " + addresses.get(rank);
    }
}
