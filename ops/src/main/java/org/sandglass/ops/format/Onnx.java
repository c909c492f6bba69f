package org.sandglass.ops.format;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * Writes a network in evaluation mode as an ONNX model.
 *
 * <p>Its input {@code images} is batch × channels × height × width, fp32 and normalised, of any batch size; its output
 * {@code logits} is batch × classes. Weights have torchvision's names. Field numbers are those of {@code onnx.proto}.
 */
public final class Onnx {

    private static final int IR_VERSION = 7;
    private static final int OPSET_VERSION = 13;
    private static final int FLOAT = 1;

    private static final String INPUT = "images";
    private static final String OUTPUT = "logits";

    private Onnx() {}

    /**
     * Writes a model; {@code out} is left open.
     *
     * @param model the network's weights and running statistics by name
     * @throws IllegalArgumentException if a tensor is missing or of a wrong shape
     */
    public static void write(OutputStream out, Network network, Map<String, NamedTensor> model) throws IOException {
        ProtoMessage graph = new ProtoMessage();
        graph.text(2, network.name());
        graph.message(11, valueInfo(INPUT, network.inputShape()));
        graph.message(12, valueInfo(OUTPUT, Shape.of(network.classes())));
        OnnxNodes nodes = new OnnxNodes(network, graph);
        network.graph().operations().forEach(nodes::add);
        for (Map.Entry<String, Shape> weight : OnnxNodes.weights(network).entrySet()) {
            graph.message(5, tensor(weight.getKey(), weight.getValue(), model));
        }
        new ProtoMessage()
                .number(1, IR_VERSION)
                .text(2, "sandglass")
                .message(8, new ProtoMessage().text(1, "").number(2, OPSET_VERSION))
                .message(7, graph)
                .writeTo(out);
    }

    static String nameOf(Network network, Value value) {
        if (value.equals(network.graph().input())) {
            return INPUT;
        }
        return value.equals(network.graph().output()) ? OUTPUT : "value" + value.id();
    }

    private static ProtoMessage valueInfo(String name, Shape sample) {
        ProtoMessage shape = new ProtoMessage().message(1, new ProtoMessage().text(2, "batch"));
        sample.dimensions().forEach(extent -> shape.message(1, new ProtoMessage().number(1, extent)));
        ProtoMessage tensorType = new ProtoMessage().number(1, FLOAT).message(2, shape);
        return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensorType));
    }

    private static ProtoMessage tensor(String name, Shape shape, Map<String, NamedTensor> model) {
        NamedTensor tensor = model.get(name);
        if (tensor == null || !tensor.shape().equals(shape)) {
            throw new IllegalArgumentException("Cannot export tensor " + name + ": the network's has shape " + shape
                    + ", the model's " + (tensor == null ? "is missing" : "has " + tensor.shape()));
        }
        ProtoMessage message = new ProtoMessage();
        shape.dimensions().forEach(extent -> message.number(1, extent));
        return message.number(2, FLOAT)
                .text(8, name)
                .payload(9, shape.elements() * Float.BYTES, out -> new TensorBytes()
                        .write(tensor.values(), out::writeRawBytes));
    }
}
