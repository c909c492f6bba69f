package org.sandglass.job.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;

/**
 * The resident memory of one task, part by part. Everything of the network's size is planned when it is compiled; the JVM
 * and its libraries are an estimate.
 */
public record MemoryPlan(List<Part> parts) {

    /** What a JVM with Spark, oneDNN and OpenCV takes beside what is listed: an estimate, not measured. */
    private static final long PROCESS_BYTES = 512L << 20;

    /** An ImageNet JPEG on average; of smaller images it is next to nothing. */
    private static final long ENCODED_BYTES = 110L << 10;

    private static final int LARGE_IMAGE = 64;

    /** Bytes for something, in the JVM's heap or beside it. */
    public record Part(String name, long bytes, boolean inHeap) {

        Part(String name, long bytes) {
            this(name, bytes, false);
        }
    }

    /** Defends against later changes of the list. */
    public MemoryPlan {
        parts = List.copyOf(parts);
    }

    /**
     * Compiles the recipe's network and adds up; takes seconds and no memory to speak of.
     *
     * @param threads that the task computes with
     * @throws JobFailure (cluster) if this processor cannot compute in the recipe's precision
     */
    public static MemoryPlan of(Recipe recipe, int classes, int threads) {
        int size = recipe.augmentation().size();
        int batch = recipe.training().perWorkerBatchSize();
        Network network =
                ResNet.of(recipe.model().name(), classes, size, recipe.model().zeroGamma());
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("values, gradients and workspaces of a step", planned(recipe, network, threads)));
        FlatLayout layout = network.layout();
        long weights = floats(layout.weightsLength());
        long statistics = floats(layout.statisticsLength());
        parts.add(new Part("weights", weights));
        parts.add(new Part("momentum", weights));
        parts.add(new Part("gradients and counters", floats(layout.gradientLength())));
        parts.add(new Part("batch norm's statistics", statistics));
        if (recipe.checkpoint().everyIterations().orElse(1) > 0) {
            parts.add(new Part("snapshot of the state", 2 * weights + statistics));
        }
        long image = floats(network.inputShape().elements());
        long buffers = ShardOptions.PREFETCH + 1L;
        parts.add(new Part("input buffers", buffers * batch * image, true));
        parts.add(new Part("encoded images", size < LARGE_IMAGE ? 0 : buffers * batch * ENCODED_BYTES, true));
        parts.add(new Part("JVM and libraries, about", PROCESS_BYTES));
        return new MemoryPlan(parts);
    }

    private static long planned(Recipe recipe, Network network, int threads) {
        int batch = recipe.training().perWorkerBatchSize();
        DataType asked = recipe.training().precision();
        // No processor computes in f16; a step in f32 takes no less memory.
        DataType precision = asked == DataType.F16 ? DataType.F32 : asked;
        try (CpuDevice device = CpuDevice.open(threads);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                Executable training =
                        device.compile(network.graph(), CompileOptions.training(batch, precision), buffers);
                Executable evaluation =
                        device.compile(network.graph(), CompileOptions.evaluation(batch, precision), buffers)) {
            return Math.max(training.plannedBytes(), evaluation.plannedBytes());
        } catch (UnsupportedOperationException e) {
            throw JobFailure.cluster(String.valueOf(e.getMessage()));
        }
    }

    private static long floats(long elements) {
        return elements * Float.BYTES;
    }

    /** All parts together. */
    public long bytes() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    /** What lies in the JVM's heap: what spark.executor.memory is for. */
    public long heapBytes() {
        return parts.stream().filter(Part::inHeap).mapToLong(Part::bytes).sum();
    }

    /** A table for people. */
    public String table() {
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            text.append(row(part.name(), part.bytes()));
        }
        return text.append(row("a task together", bytes())).toString();
    }

    private static String row(String name, long bytes) {
        return String.format(Locale.ROOT, "%-44s %9.1f MiB%n", name, bytes / (double) (1 << 20));
    }
}
