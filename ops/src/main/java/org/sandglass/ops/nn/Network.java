package org.sandglass.ops.nn;

import java.util.Set;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.tensor.Shape;

/**
 * A classifier: a graph from an image to logits, and where its tensors lie. Immutable.
 *
 * @param name name of the model, for example {@code resnet50}
 * @param classes number of logits
 * @param zeroScales batch norm scales γ that start at 0 instead of 1 (Goyal et al., section 5.1)
 */
public record Network(String name, Graph graph, int classes, FlatLayout layout, Set<Parameter> zeroScales) {

    /** @throws IllegalArgumentException if the graph does not end in {@code classes} logits */
    public Network {
        zeroScales = Set.copyOf(zeroScales);
        if (!graph.output().shape().equals(Shape.of(classes))) {
            throw new IllegalArgumentException("Cannot make network " + name + ": its output has shape "
                    + graph.output().shape() + ", not one logit for each of " + classes + " classes");
        }
    }

    /** Lays out {@code graph}, whose output is a vector of logits. */
    public static Network of(String name, Graph graph, Set<Parameter> zeroScales) {
        int classes = graph.output().shape().dimension(0);
        return new Network(name, graph, classes, new FlatLayout(graph), zeroScales);
    }

    /** (channels, height, width) of an input image. */
    public Shape inputShape() {
        return graph.input().shape();
    }

    /** Number of trained values. */
    public long parameterCount() {
        return layout.parameters().stream()
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
    }
}
