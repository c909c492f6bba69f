package org.sandglass.job.train;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.CollectiveOptions;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.HostGroups;
import org.sandglass.ops.collective.HostLayout;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.collective.TcpEndpoint;
import org.sandglass.ops.collective.Wire;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.cuda.CudaDevice;
import org.sandglass.ops.device.cuda.GpuSums;
import org.sandglass.ops.gradient.BucketPlan;
import org.sandglass.ops.gradient.BucketReducer;
import org.sandglass.ops.tensor.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connections with the other ranks: a group of all of them, and what sums gradients over them. On processors these
 * are the same; GPUs sum within their host first, through NCCL (Goyal et al., section 4).
 *
 * <p>Belongs to the task's thread, but for {@link #interrupt}.
 */
final class Peers implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

    /** What of a GPU's bucket is copied, summed and copied back at a time. */
    private static final long PIECE_BYTES = 4 << 20;

    private final Worker worker;
    private final Communicator all;
    private final Communicator leaders;
    private final @Nullable GpuSums gpus;
    private final Communicator summing;
    private final HostMirror gradients;

    private Peers(Worker worker, Communicator all, Communicator leaders, @Nullable GpuSums gpus) {
        this.worker = worker;
        this.all = all;
        this.leaders = leaders;
        this.gpus = gpus;
        summing = gpus == null ? all : gpus.overHosts();
        gradients = gpus == null
                ? worker.device().mirror(worker.buffers().gradients())
                : gpus.mirror(worker.buffers().gradients());
    }

    /**
     * Connects with all others, who do the same.
     *
     * @param members what the ranks have announced
     * @throws PeerFailure if not all others come in time
     * @throws JobFailure (cluster) if they cannot sum as the recipe asks for
     */
    static Peers connect(
            Worker worker, TcpEndpoint endpoint, StageOrder order, int rank, List<Rendezvous.Announcement> members) {
        CollectiveSettings settings = worker.recipe().collective();
        List<InetSocketAddress> addresses = members.stream()
                .map(member -> new InetSocketAddress(member.address(), member.port()))
                .toList();
        List<String> hosts = members.stream()
                .map(member -> settings.group() == CollectiveSettings.Group.HOST
                        ? member.host()
                        : member.host() + ", executor " + member.executor())
                .toList();
        CollectiveOptions options = new CollectiveOptions(algorithm(settings), settings.timeout(), order.attempt())
                .withWire(settings.wire() == DataType.BF16 ? Wire.BF16 : Wire.F32)
                .withEncryption(order.encrypt())
                .withHosts(hosts);
        Peers peers = worker.device() instanceof CudaDevice device && haveNccl(settings, rank, members)
                ? overGpus(worker, device, endpoint, order, rank, addresses, options)
                : new Peers(
                        worker, endpoint.connect(rank, addresses, order.secret(), options), InProcess.single(), null);
        LOG.info("Rank {} of {} connected{}", rank, members.size(), order.encrypt() ? ", encrypted" : "");
        return peers;
    }

    /** Whether there are several ranks with NCCL, for which all ranks find the same answer. */
    private static boolean haveNccl(CollectiveSettings settings, int rank, List<Rendezvous.Announcement> members) {
        for (Rendezvous.Announcement member : members) {
            if (!member.ncclRefusal().isEmpty()) {
                String reason = "host " + member.host() + ": " + member.ncclRefusal();
                if (settings.inter() == CollectiveSettings.Inter.NCCL) {
                    throw JobFailure.cluster("Cannot sum with collective.inter = nccl: " + reason);
                }
                if (rank == 0) {
                    LOG.warn("GPUs sum without NCCL, each through its host: {}", reason);
                }
                return false;
            }
        }
        return members.size() > 1;
    }

    private static Peers overGpus(
            Worker worker,
            CudaDevice device,
            TcpEndpoint endpoint,
            StageOrder order,
            int rank,
            List<InetSocketAddress> addresses,
            CollectiveOptions options) {
        CollectiveSettings settings = worker.recipe().collective();
        Algorithm control = options.algorithm() == Algorithm.HIERARCHICAL ? Algorithm.AUTO : options.algorithm();
        Algorithm between =
                switch (settings.inter()) {
                    case RING -> Algorithm.RING;
                    case HALVING_DOUBLING -> Algorithm.HALVING_DOUBLING;
                    case AUTO, NCCL -> control;
                };
        HostGroups groups =
                endpoint.connectHosts(rank, addresses, order.secret(), options.withAlgorithm(control), between);
        GpuSums gpus = null;
        try {
            boolean nccl = groups.layout().count() > 1 && sumsHostsByNccl(settings, order.encrypt());
            gpus = GpuSums.join(
                    device, groups.layout(), groups.all(), nccl ? null : groups.leaders(), settings.timeout());
            if (rank == 0) {
                ProgressPlugin.tell(description(groups.layout(), nccl ? "NCCL" : between + " over TCP"));
            }
            return new Peers(worker, groups.all(), groups.leaders(), gpus);
        } catch (RuntimeException | Error e) {
            if (gpus != null) {
                gpus.close();
            }
            groups.close();
            throw e;
        }
    }

    private static String description(HostLayout layout, String between) {
        int gpus = IntStream.range(0, layout.count())
                .map(host -> layout.members(host).size())
                .sum();
        return layout.count() == 1
                ? "Gradients of %d GPUs on one host are summed by NCCL".formatted(gpus)
                : "Gradients of %d GPUs on %d hosts are summed by NCCL within a host, by %s between hosts"
                        .formatted(gpus, layout.count(), between);
    }

    /** @throws JobFailure (cluster) if the recipe asks for NCCL where it must not be */
    static boolean sumsHostsByNccl(CollectiveSettings settings, boolean encrypt) {
        return switch (settings.inter()) {
            case AUTO -> !encrypt && settings.wire() == DataType.F32;
            case NCCL -> {
                if (encrypt) {
                    throw JobFailure.cluster(
                            "Cannot sum with collective.inter = nccl: NCCL does not encrypt what travels"
                                    + " between hosts; set collective.inter=halving-doubling, or collective.encrypt=false");
                }
                yield true;
            }
            case RING, HALVING_DOUBLING -> false;
        };
    }

    private static Algorithm algorithm(CollectiveSettings settings) {
        return switch (settings.algorithm()) {
            case RING -> Algorithm.RING;
            case HALVING_DOUBLING -> Algorithm.HALVING_DOUBLING;
            case HIERARCHICAL -> Algorithm.HIERARCHICAL;
            case AUTO -> Algorithm.AUTO;
        };
    }

    /** The group of all ranks. */
    Communicator all() {
        return all;
    }

    /** What sums the worker's gradients while backward goes on. */
    BucketReducer reducer() {
        CollectiveSettings settings = worker.recipe().collective();
        BucketPlan plan = BucketPlan.of(worker.network().layout(), settings.bucketBytes());
        boolean copies = gpus == null ? worker.device() instanceof CudaDevice : gpus.passHosts();
        return new BucketReducer(
                summing,
                gradients,
                worker.network().layout(),
                copies ? plan.cut(PIECE_BYTES) : plan,
                settings.overlap());
    }

    /** Ends what this rank and its peers wait for, be it connections or GPUs; may be called by any thread. */
    void interrupt() {
        all.close();
    }

    /** Closes the connections, which ends whatever peers wait for. */
    @Override
    public void close() {
        try {
            if (gpus != null) {
                gpus.close();
            }
            gradients.close();
        } finally {
            leaders.close();
            all.close();
        }
    }
}
