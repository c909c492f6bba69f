package org.sandglass.ops.nn;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * Translates between flat vectors and the named tensors that files hold.
 *
 * <p>Names and order are those of the state dictionary of torchvision's network, without {@code num_batches_tracked}:
 * {@code conv1.weight}, {@code bn1.weight}, {@code bn1.bias}, {@code bn1.running_mean}, {@code bn1.running_var}, … A
 * momentum tensor has the name of its parameter. Buffers' positions are left alone. Every method throws
 * {@link IllegalArgumentException} if a buffer's remaining elements are not exactly the vector's.
 */
public final class NetworkState {

    private NetworkState() {}

    /** Weights and running statistics as read-only views of the vectors. */
    public static List<NamedTensor> model(Network network, FloatBuffer weights, FloatBuffer statistics) {
        FloatBuffer w = weights(network, weights).asReadOnlyBuffer();
        FloatBuffer s = statistics(network, statistics).asReadOnlyBuffer();
        return modelSlices(network, w, s);
    }

    /** The momentum as read-only views of its vector. */
    public static List<NamedTensor> momentum(Network network, FloatBuffer momentum) {
        return parameterSlices(network, weights(network, momentum).asReadOnlyBuffer());
    }

    /**
     * Copies tensors into the vectors, gaps between them untouched.
     *
     * @throws IllegalArgumentException if a tensor is missing, not one of the network's, or of another shape; nothing has
     *     been copied then
     */
    public static void restoreModel(
            Network network, Map<String, NamedTensor> tensors, FloatBuffer weights, FloatBuffer statistics) {
        restore(network, tensors, modelSlices(network, weights(network, weights), statistics(network, statistics)));
    }

    /** Copies tensors into the momentum vector, under the conditions of {@link #restoreModel}. */
    public static void restoreMomentum(Network network, Map<String, NamedTensor> tensors, FloatBuffer momentum) {
        restore(network, tensors, parameterSlices(network, weights(network, momentum)));
    }

    private static void restore(Network network, Map<String, NamedTensor> tensors, List<NamedTensor> targets) {
        List<FloatBuffer> sources = new ArrayList<>();
        for (NamedTensor target : targets) {
            NamedTensor tensor = tensors.get(target.name());
            if (tensor == null) {
                throw new IllegalArgumentException(
                        "Cannot restore " + network.name() + ": tensor " + target.name() + " is missing");
            }
            if (!tensor.shape().equals(target.shape())) {
                throw new IllegalArgumentException("Cannot restore " + network.name() + ": tensor " + target.name()
                        + " has shape " + tensor.shape() + ", the network's has " + target.shape());
            }
            sources.add(tensor.values());
        }
        if (tensors.size() != targets.size()) {
            List<String> known = targets.stream().map(NamedTensor::name).toList();
            List<String> unknown = tensors.keySet().stream()
                    .filter(name -> !known.contains(name))
                    .sorted()
                    .toList();
            throw new IllegalArgumentException("Cannot restore " + network.name() + ": it has no tensor of the name "
                    + String.join(", ", unknown));
        }
        for (int i = 0; i < sources.size(); i++) {
            targets.get(i).values().put(sources.get(i));
        }
    }

    private static List<NamedTensor> modelSlices(Network network, FloatBuffer weights, FloatBuffer statistics) {
        FlatLayout layout = network.layout();
        List<NamedTensor> tensors = new ArrayList<>();
        for (Operation operation : network.graph().operations()) {
            if (operation instanceof Operation.Convolution convolution) {
                tensors.add(slice(layout, convolution.weight(), weights));
            } else if (operation instanceof Operation.BatchNorm norm) {
                BatchStatistics batch = norm.statistics();
                Shape channels = Shape.of(batch.channels());
                tensors.add(slice(layout, norm.scale(), weights));
                tensors.add(slice(layout, norm.shift(), weights));
                tensors.add(slice(batch.name() + ".running_mean", channels, statistics, layout.meanOffset(batch)));
                tensors.add(slice(batch.name() + ".running_var", channels, statistics, layout.varianceOffset(batch)));
            } else if (operation instanceof Operation.Linear linear) {
                tensors.add(slice(layout, linear.weight(), weights));
                tensors.add(slice(layout, linear.bias(), weights));
            }
        }
        return tensors;
    }

    private static List<NamedTensor> parameterSlices(Network network, FloatBuffer vector) {
        return network.graph().parameters().stream()
                .map(parameter -> slice(network.layout(), parameter, vector))
                .toList();
    }

    private static NamedTensor slice(FlatLayout layout, Parameter parameter, FloatBuffer vector) {
        return slice(parameter.name(), parameter.shape(), vector, layout.weightOffset(parameter));
    }

    private static NamedTensor slice(String name, Shape shape, FloatBuffer vector, long offset) {
        return new NamedTensor(name, shape, vector.slice((int) offset, (int) shape.elements()));
    }

    private static FloatBuffer weights(Network network, FloatBuffer vector) {
        return FlatVector.of(
                "weights of " + network.name(), vector, network.layout().weightsLength());
    }

    private static FloatBuffer statistics(Network network, FloatBuffer vector) {
        return FlatVector.of(
                "statistics of " + network.name(), vector, network.layout().statisticsLength());
    }
}
