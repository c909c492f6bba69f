package org.sandglass.job.cluster;

import java.util.Set;
import org.sandglass.job.config.Recipe;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/** About how much memory outside of the heap a task takes for training a recipe's network: an estimate, not a plan. */
public final class MemoryNeed {

    /** Weights, gradients, momentum, and two copies of weights and momentum while a state is stored or shared. */
    private static final int VECTORS = 7;

    /** Microbatches that are decoded ahead, and the one in use. */
    private static final int DECODED = 3;

    /** What libraries, threads and code take in a process, whatever the network. */
    private static final long PROCESS_BYTES = 256L << 20;

    /** ImageNet's: the estimate hardly depends on it. */
    private static final int CLASSES = 1000;

    private MemoryNeed() {}

    /** Bytes beside the heap of an executor that runs {@code tasks} tasks at once. */
    public static long ofExecutor(Recipe recipe, int tasks) {
        return PROCESS_BYTES + tasks * ofTask(recipe);
    }

    /** Bytes that one task's network, its values and its samples take. */
    static long ofTask(Recipe recipe) {
        int size = recipe.augmentation().size();
        Network network =
                ResNet.of(recipe.model().name(), CLASSES, size, recipe.model().zeroGamma());
        long batch = recipe.training().perWorkerBatchSize();
        long vectors = VECTORS * network.layout().weightsLength();
        long samples = DECODED * batch * 3 * size * size;
        return Float.BYTES * (vectors + samples + batch * values(network));
    }

    /** Values of one sample that live from forward to backward, and the gradients at the widest place. */
    private static long values(Network network) {
        // ReLU and sum are fused, or overwrite what they read.
        Set<Class<? extends Operation>> inPlace = Set.of(Operation.Relu.class, Operation.Add.class);
        long kept = 0;
        long widest = 0;
        for (Operation operation : network.graph().operations()) {
            long elements = operation.output().shape().elements();
            widest = Math.max(widest, elements);
            kept += inPlace.contains(operation.getClass()) ? 0 : elements;
        }
        return kept + 3 * widest;
    }
}
