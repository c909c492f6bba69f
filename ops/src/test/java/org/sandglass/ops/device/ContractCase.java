package org.sandglass.ops.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.Shape;

/**
 * A graph that every device must compute.
 *
 * @param shift mean of the input's pixels
 * @param zeroScales batch norm scales that are 0
 */
record ContractCase(String name, Graph graph, int batchSize, double shift, Set<Parameter> zeroScales) {

    @Override
    public String toString() {
        return name;
    }

    boolean endsInLogits() {
        return graph.output().shape().rank() == 1;
    }

    static List<ContractCase> all() {
        List<ContractCase> cases = new ArrayList<>();
        cases.addAll(convolutions());
        cases.addAll(poolings());
        cases.addAll(norms());
        cases.addAll(linears());
        cases.addAll(residuals());
        cases.addAll(networks());
        return cases;
    }

    static ContractCase of(String name, int batchSize, Shape input, BiFunction<Graph.Builder, Value, Value> body) {
        return of(name, batchSize, 0, input, body);
    }

    static ContractCase of(
            String name, int batchSize, double shift, Shape input, BiFunction<Graph.Builder, Value, Value> body) {
        Graph.Builder builder = new Graph.Builder(input);
        Value output = body.apply(builder, builder.input());
        Graph graph = builder.build();
        if (!output.equals(graph.output())) {
            throw new IllegalArgumentException("Cannot make case " + name + ": its last operation is not its output");
        }
        return new ContractCase(name + ", batch " + batchSize, graph, batchSize, shift, Set.of());
    }

    private static List<ContractCase> convolutions() {
        return List.of(
                convolution(2, Shape.of(3, 9, 7), 16, 3, 1, 1),
                convolution(1, Shape.of(3, 17, 15), 10, 7, 2, 3),
                convolution(3, Shape.of(16, 7, 9), 17, 3, 2, 1),
                convolution(2, Shape.of(10, 5, 5), 16, 1, 1, 0),
                convolution(2, Shape.of(17, 9, 8), 3, 1, 2, 0),
                convolution(4, Shape.of(16, 8, 8), 32, 3, 1, 1),
                convolution(2, Shape.of(32, 7, 7), 64, 1, 2, 0),
                convolution(1, Shape.of(1, 5, 6), 4, 5, 1, 2));
    }

    private static ContractCase convolution(
            int batchSize, Shape input, int channels, int kernel, int stride, int padding) {
        String name = "convolution %d×%d of %s to %d channels, stride %d, padding %d"
                .formatted(kernel, kernel, input, channels, stride, padding);
        return of(name, batchSize, input, (g, x) -> g.convolution("conv1", x, channels, kernel, stride, padding));
    }

    private static List<ContractCase> poolings() {
        return List.of(
                of("max pool 3/2/1", 2, Shape.of(16, 9, 9), (g, x) -> g.maxPool(x, 3, 2, 1)),
                of("max pool 2/2/0", 1, Shape.of(10, 8, 6), (g, x) -> g.maxPool(x, 2, 2, 0)),
                of("max pool of negative pixels", 2, -9, Shape.of(3, 7, 7), (g, x) -> g.maxPool(x, 3, 1, 1)),
                of("max pool after ReLU", 2, Shape.of(16, 8, 8), (g, x) -> g.maxPool(g.relu(x), 3, 2, 1)),
                of("average pool to 17", 3, Shape.of(17, 7, 5), ContractCase::averaged),
                of("average pool of single pixels", 2, Shape.of(16, 1, 1), ContractCase::averaged));
    }

    private static Value averaged(Graph.Builder graph, Value value) {
        return graph.globalAveragePool(value);
    }

    private static List<ContractCase> norms() {
        return List.of(
                of("batch norm of 16", 3, Shape.of(16, 5, 5), (g, x) -> g.batchNorm("bn1", x)),
                of("batch norm of 17", 1, Shape.of(17, 4, 6), (g, x) -> g.batchNorm("bn1", x)),
                of("batch norm far from zero", 4, 12, Shape.of(10, 6, 6), (g, x) -> g.batchNorm("bn1", x)),
                of("batch norm of single values", 1, Shape.of(16, 1, 1), (g, x) -> g.batchNorm("bn1", x)),
                of("batch norm and ReLU of 16", 2, Shape.of(16, 7, 7), (g, x) -> g.relu(g.batchNorm("bn1", x))),
                of("batch norm and ReLU of 3", 1, Shape.of(3, 9, 8), (g, x) -> g.relu(g.batchNorm("bn1", x))),
                of("ReLU alone", 2, Shape.of(10, 3, 5), (g, x) -> g.relu(x)),
                of("convolution, batch norm, ReLU", 2, Shape.of(3, 9, 9), (g, x) -> cbr(g, "1", x, 16, 3, 2)));
    }

    private static List<ContractCase> linears() {
        return List.of(
                of("linear 64 to 10", 4, Shape.of(64), (g, x) -> g.linear("fc", x, 10)),
                of("linear 17 to 3", 1, Shape.of(17), (g, x) -> g.linear("fc", x, 3)),
                of("linear 16 to 1000", 2, Shape.of(16), (g, x) -> g.linear("fc", x, 1000)));
    }

    private static List<ContractCase> residuals() {
        return List.of(
                of("add and ReLU", 2, Shape.of(16, 5, 5), (g, x) -> {
                    Value branch = cb(g, "1", x, 16, 3, 1);
                    return g.relu(g.add(branch, x));
                }),
                of("add without ReLU", 2, Shape.of(10, 5, 7), (g, x) -> {
                    Value branch = cb(g, "1", x, 10, 3, 1);
                    return g.add(x, branch);
                }),
                of("value used three times", 2, Shape.of(16, 6, 6), (g, x) -> {
                    Value first = cbr(g, "1", x, 16, 3, 1);
                    Value second = g.add(cb(g, "2", first, 16, 3, 1), first);
                    return g.add(g.relu(second), first);
                }),
                of("downsampling block", 2, Shape.of(16, 9, 9), (g, x) -> {
                    Value start = cbr(g, "0", x, 16, 3, 1);
                    Value branch = cb(g, "2", cbr(g, "1", start, 32, 3, 2), 32, 3, 1);
                    return g.relu(g.add(branch, cb(g, "3", start, 32, 1, 2)));
                }),
                of("shortcut computed first", 3, Shape.of(3, 8, 8), (g, x) -> {
                    Value shortcut = cb(g, "1", x, 17, 1, 1);
                    return g.relu(g.add(shortcut, cb(g, "2", x, 17, 3, 1)));
                }),
                of("bottleneck, downsampling", 2, Shape.of(32, 7, 7), (g, x) -> bottleneck(g, "layer", x, 16, 2)),
                of("two bottlenecks", 2, Shape.of(64, 5, 5), (g, x) -> {
                    Value first = bottleneck(g, "layer1", x, 16, 1);
                    return bottleneck(g, "layer2", first, 16, 1);
                }));
    }

    private static List<ContractCase> networks() {
        ContractCase bottlenecks = of("bottleneck network", 3, Shape.of(3, 33, 33), (g, x) -> {
            Value stem = g.maxPool(g.relu(g.batchNorm("bn1", g.convolution("conv1", x, 16, 7, 2, 3))), 3, 2, 1);
            Value first = bottleneck(g, "layer1.0", stem, 16, 1);
            Value second = bottleneck(g, "layer1.1", first, 16, 1);
            return g.linear("fc", g.globalAveragePool(bottleneck(g, "layer2.0", second, 32, 2)), 17);
        });
        return List.of(
                bottlenecks,
                network("cifar-resnet8", 10, 16, 4, false),
                network("cifar-resnet8", 3, 13, 1, false),
                network("cifar-resnet8", 10, 16, 2, true));
    }

    static ContractCase network(String model, int classes, int imageSize, int batchSize, boolean zeroGamma) {
        Network network = ResNet.of(model, classes, imageSize, zeroGamma);
        String name = model + " of " + imageSize + " pixels" + (zeroGamma ? ", γ = 0" : "") + ", batch " + batchSize;
        return new ContractCase(name, network.graph(), batchSize, 0, network.zeroScales());
    }

    private static Value cb(Graph.Builder graph, String name, Value value, int channels, int kernel, int stride) {
        Value convolved = graph.convolution("conv" + name, value, channels, kernel, stride, kernel / 2);
        return graph.batchNorm("bn" + name, convolved);
    }

    private static Value cbr(Graph.Builder graph, String name, Value value, int channels, int kernel, int stride) {
        return graph.relu(cb(graph, name, value, channels, kernel, stride));
    }

    private static Value bottleneck(Graph.Builder graph, String name, Value input, int width, int stride) {
        Value first = cbr(graph, name + ".1", input, width, 1, 1);
        Value second = cbr(graph, name + ".2", first, width, 3, stride);
        Value third = cb(graph, name + ".3", second, 4 * width, 1, 1);
        boolean identity = third.shape().equals(input.shape());
        Value shortcut = identity ? input : cb(graph, name + ".downsample", input, 4 * width, 1, stride);
        return graph.relu(graph.add(third, shortcut));
    }
}
