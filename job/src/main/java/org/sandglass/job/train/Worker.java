package org.sandglass.job.train;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.DeviceSlot;
import org.sandglass.job.config.DeviceChoice;
import org.sandglass.job.config.FailureSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.DeviceKind;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.device.cuda.CudaDevice;
import org.sandglass.ops.device.cuda.CudaFailure;
import org.sandglass.ops.device.cuda.CudaOptions;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.tensor.DataType;

/**
 * What an executor's slot keeps between stages: device, compiled network, weights, momentum, connections.
 *
 * <p>Used by one task at a time, which {@link WorkerPool} sees to.
 */
final class Worker implements AutoCloseable {

    private final String id = UUID.randomUUID().toString();
    private final String run;
    private final Recipe recipe;
    private final Network network;
    private final Device device;
    private final int threads;
    private final Optional<DeviceSlot> slot;
    private final NetworkBuffers buffers;
    private final DeviceBuffer momentum;
    private final Map<Integer, Executable> training = new HashMap<>();
    private @Nullable Executable evaluation;
    private @Nullable StageTotals totals;
    private final Snapshot snapshot;
    private final SnapshotWriter snapshotWriter = new SnapshotWriter();
    private Stamp stamp = Stamp.NONE;
    private EpochProgress progress = EpochProgress.NONE;
    private LossScale lossScale;
    private boolean keepsSnapshots;
    private volatile @Nullable Peers peers;
    private String group = "";

    private Worker(String run, Recipe recipe, Network network, Device device, int threads, Optional<DeviceSlot> slot) {
        this.run = run;
        this.recipe = recipe;
        this.network = network;
        this.device = device;
        this.threads = threads;
        this.slot = slot;
        this.buffers = NetworkBuffers.allocate(device, network.layout());
        this.momentum = device.allocate(network.layout().weightsLength());
        this.snapshot = new Snapshot(network);
        this.lossScale = LossScale.from(recipe.training().lossScale());
    }

    static Worker open(StageOrder order, int threads, Optional<DeviceSlot> slot) {
        Recipe recipe = Recipe.parse(order.recipe(), "the driver's recipe");
        Network network = ResNet.of(
                recipe.model().name(),
                order.classes(),
                recipe.augmentation().size(),
                recipe.model().zeroGamma());
        return new Worker(order.run(), recipe, network, device(recipe, threads, slot), threads, slot);
    }

    private static Device device(Recipe recipe, int threads, Optional<DeviceSlot> slot) {
        DataType precision = recipe.training().precision();
        if (recipe.training().device() != DeviceChoice.CUDA) {
            CpuDevice.refusal(precision).ifPresent(reason -> refuse(precision, reason));
            return CpuDevice.open(threads);
        }
        DeviceSlot gpu = slot.orElseThrow(
                () -> JobFailure.cluster(
                        "Cannot train: training.device = cuda, and Spark gave"
                                + " this task no GPU; set spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount=1"));
        CudaDevice device;
        try {
            device = CudaDevice.open(
                    gpu.address(),
                    CudaOptions.DEFAULT
                            .withTf32(recipe.training().tf32())
                            .withGraphs(recipe.training().cudaGraphs()));
        } catch (UnsupportedOperationException | IllegalArgumentException | CudaFailure e) {
            throw JobFailure.cluster(String.valueOf(e.getMessage()));
        }
        device.refusal(precision).ifPresent(reason -> {
            device.close();
            refuse(precision, reason);
        });
        return device;
    }

    private static void refuse(DataType precision, String reason) {
        throw JobFailure.cluster(
                "Cannot train: training.precision = " + precision.name().toLowerCase(Locale.ROOT) + ": " + reason);
    }

    /** Why this worker computes on a processor, where the recipe leaves that open. */
    Optional<String> reasonForProcessor() {
        if (recipe.training().device() != DeviceChoice.AUTO) {
            return Optional.empty();
        }
        String why = slot.isEmpty()
                ? "Spark gives its tasks no GPU"
                : CudaDevice.refusal().orElse("only training.device=cuda takes GPUs, on which nothing has run yet");
        return Optional.of("Computing on processors, training.device being auto: " + why);
    }

    String id() {
        return id;
    }

    String run() {
        return run;
    }

    Recipe recipe() {
        return recipe;
    }

    int classes() {
        return network.classes();
    }

    Network network() {
        return network;
    }

    Device device() {
        return device;
    }

    NetworkBuffers buffers() {
        return buffers;
    }

    DeviceBuffer momentum() {
        return momentum;
    }

    /** How gradients are scaled from now on in f16; part of the state. */
    LossScale lossScale() {
        return lossScale;
    }

    void lossScale(LossScale changed) {
        lossScale = changed;
    }

    /** Whether the network is computed in f16, whose gradients may overflow. */
    boolean scalesLosses() {
        return precision() == DataType.F16;
    }

    /** The GPU that Spark gave this worker's task, if any. */
    Optional<DeviceSlot> slot() {
        return slot;
    }

    /** Threads that this worker's task may use. */
    int threads() {
        return threads;
    }

    /** Where {@link #count} counts, from now on. */
    void countInto(StageTotals stage) {
        totals = stage;
    }

    /** Counts samples and the sum of their losses for Spark's UI. */
    void count(long samples, double lossSum) {
        if (totals != null) {
            totals.add(samples, lossSum);
        }
    }

    /** How this worker's task reads its samples. */
    ShardOptions shardOptions(SampleLocator locator) {
        boolean skipCorrupt = recipe.failure().corruptImage() == FailureSettings.CorruptImage.SKIP;
        boolean levels = device.kind() == DeviceKind.CUDA;
        return new ShardOptions(threads, ShardOptions.PREFETCH, skipCorrupt, levels, locator);
    }

    /** Which state the weights are, or {@link Stamp#NONE} while they change. */
    Stamp stamp() {
        return stamp;
    }

    /** What belongs to the weights where they are in the middle of an epoch. */
    EpochProgress progress() {
        return progress;
    }

    /** Declares the weights to be in the middle of something. */
    void invalidateState() {
        stamp = Stamp.NONE;
    }

    /** Declares which state the weights are. */
    void declareState(Stamp of, EpochProgress ofEpoch) {
        stamp = of;
        progress = ofEpoch;
    }

    Snapshot snapshot() {
        return snapshot;
    }

    SnapshotWriter snapshotWriter() {
        return snapshotWriter;
    }

    /** Whether this worker is one of those that hold snapshots in memory. */
    boolean keepsSnapshots() {
        return keepsSnapshots;
    }

    void keepSnapshots(boolean keep) {
        keepsSnapshots = keep;
    }

    /** The network compiled for training on microbatches of {@code batchSize}, compiled at first use. */
    Executable training(int batchSize) {
        return training.computeIfAbsent(
                batchSize,
                size -> device.compile(network.graph(), CompileOptions.training(size, precision()), buffers));
    }

    /** The network compiled for evaluation on batches of perWorkerBatchSize. */
    Executable evaluation() {
        if (evaluation == null) {
            int batchSize = recipe.training().perWorkerBatchSize();
            evaluation = device.compile(network.graph(), CompileOptions.evaluation(batchSize, precision()), buffers);
        }
        return evaluation;
    }

    private DataType precision() {
        return recipe.training().precision();
    }

    Communicator communicator() {
        return peers().all();
    }

    /** The connections with the other ranks. */
    Peers peers() {
        Peers current = peers;
        if (current == null) {
            throw new IllegalStateException("Cannot communicate: this worker has not joined a group");
        }
        return current;
    }

    /** The name of the group whose connections this worker holds; empty if none. */
    String group() {
        return group;
    }

    /** Takes the connections of a group, after it has left the one before. */
    void joinGroup(String name, Peers connected) {
        group = name;
        peers = connected;
    }

    /** Ends what the task and its peers wait for; may be called by any thread. */
    void interrupt() {
        Peers current = peers;
        if (current != null) {
            current.interrupt();
        }
    }

    /** Closes the connections, which ends whatever peers wait for. */
    void leaveGroup() {
        group = "";
        Peers left = peers;
        peers = null;
        if (left != null) {
            left.close();
        }
    }

    @Override
    public void close() {
        leaveGroup();
        training.values().forEach(Executable::close);
        training.clear();
        if (evaluation != null) {
            evaluation.close();
        }
        momentum.close();
        buffers.close();
        device.close();
    }
}
