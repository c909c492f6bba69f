package org.sandglass.ops.format;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.tensor.Shape;

/** Translates operations to nodes of an ONNX graph, and names the weights that the nodes refer to. */
final class OnnxNodes {

    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    private final Network network;
    private final ProtoMessage graph;

    OnnxNodes(Network network, ProtoMessage graph) {
        this.network = network;
        this.graph = graph;
    }

    /** Shapes by name of all that {@link #add} refers to. */
    static Map<String, Shape> weights(Network network) {
        Map<String, Shape> weights = new LinkedHashMap<>();
        for (Operation operation : network.graph().operations()) {
            if (operation instanceof Operation.Convolution convolution) {
                put(weights, convolution.weight());
            } else if (operation instanceof Operation.BatchNorm norm) {
                put(weights, norm.scale());
                put(weights, norm.shift());
                Shape channels = Shape.of(norm.statistics().channels());
                weights.put(mean(norm), channels);
                weights.put(variance(norm), channels);
            } else if (operation instanceof Operation.Linear linear) {
                put(weights, linear.weight());
                put(weights, linear.bias());
            }
        }
        return weights;
    }

    void add(Operation operation) {
        String input = Onnx.nameOf(network, operation.input());
        String output = Onnx.nameOf(network, operation.output());
        if (operation instanceof Operation.Convolution convolution) {
            int kernel = convolution.weight().shape().dimension(2);
            ProtoMessage node = node("Conv", List.of(input, convolution.weight().name()), output);
            add(window(node, kernel, convolution.stride(), convolution.padding()));
        } else if (operation instanceof Operation.BatchNorm norm) {
            List<String> inputs =
                    List.of(input, norm.scale().name(), norm.shift().name(), mean(norm), variance(norm));
            add(node("BatchNormalization", inputs, output)
                    .message(5, attribute("epsilon", ATTRIBUTE_FLOAT).real(2, (float) norm.epsilon())));
        } else if (operation instanceof Operation.Relu) {
            add(node("Relu", List.of(input), output));
        } else if (operation instanceof Operation.Add addition) {
            add(node("Add", List.of(input, Onnx.nameOf(network, addition.shortcut())), output));
        } else if (operation instanceof Operation.MaxPool pool) {
            add(window(node("MaxPool", List.of(input), output), pool.window(), pool.stride(), pool.padding()));
        } else if (operation instanceof Operation.GlobalAveragePool) {
            String pooled = output + ".pooled";
            add(node("GlobalAveragePool", List.of(input), pooled));
            add(node("Flatten", List.of(pooled), output));
        } else if (operation instanceof Operation.Linear linear) {
            List<String> inputs =
                    List.of(input, linear.weight().name(), linear.bias().name());
            add(node("Gemm", inputs, output)
                    .message(5, attribute("transB", ATTRIBUTE_INT).number(3, 1)));
        }
    }

    private void add(ProtoMessage node) {
        graph.message(1, node);
    }

    private static ProtoMessage node(String type, List<String> inputs, String output) {
        ProtoMessage node = new ProtoMessage();
        inputs.forEach(input -> node.text(1, input));
        return node.text(2, output).text(3, type + "/" + output).text(4, type);
    }

    private static ProtoMessage window(ProtoMessage node, int window, int stride, int padding) {
        return node.message(5, integers("kernel_shape", window, window))
                .message(5, integers("strides", stride, stride))
                .message(5, integers("pads", padding, padding, padding, padding));
    }

    private static ProtoMessage integers(String name, int... values) {
        ProtoMessage attribute = attribute(name, ATTRIBUTE_INTS);
        for (int value : values) {
            attribute.number(8, value);
        }
        return attribute;
    }

    private static ProtoMessage attribute(String name, int type) {
        return new ProtoMessage().text(1, name).number(20, type);
    }

    private static void put(Map<String, Shape> weights, Parameter parameter) {
        weights.put(parameter.name(), parameter.shape());
    }

    private static String mean(Operation.BatchNorm norm) {
        return norm.statistics().name() + ".running_mean";
    }

    private static String variance(Operation.BatchNorm norm) {
        return norm.statistics().name() + ".running_var";
    }
}
