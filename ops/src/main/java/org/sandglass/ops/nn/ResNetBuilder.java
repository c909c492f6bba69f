package org.sandglass.ops.nn;

import java.util.HashSet;
import java.util.Set;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.Shape;

/** Builds the graph of one residual network, noting the last batch norm of each block. Used once. */
final class ResNetBuilder {
    private final Graph.Builder graph;
    private final Set<String> lastNorms = new HashSet<>();

    ResNetBuilder(Shape input) {
        graph = new Graph.Builder(input);
    }

    Network build(String model, ResNetPlan plan, int classes, boolean zeroGamma) {
        Value value = stem(plan);
        int width = plan.width();
        for (int stage = 0; stage < plan.stages().size(); stage++) {
            for (int index = 0; index < plan.stages().get(stage); index++) {
                int stride = stage > 0 && index == 0 ? 2 : 1;
                value = block("layer" + (stage + 1) + "." + index, plan.block(), value, width, stride);
            }
            width *= 2;
        }
        graph.linear("fc", graph.globalAveragePool(value), classes);
        Graph built = graph.build();
        return Network.of(model, built, zeroGamma ? scalesOfLastNorms(built) : Set.of());
    }

    private Value stem(ResNetPlan plan) {
        return switch (plan.stem()) {
            case IMAGE_NET -> graph.maxPool(graph.relu(norm("conv1", "bn1", graph.input(), 64, 7, 2)), 3, 2, 1);
            case CIFAR -> graph.relu(norm("conv1", "bn1", graph.input(), plan.width(), 3, 1));
        };
    }

    private Value block(String name, ResNetPlan.Block block, Value input, int width, int stride) {
        int channels = width * block.expansion();
        String lastNorm =
                switch (block) {
                    case BASIC -> name + ".bn2";
                    case BOTTLENECK -> name + ".bn3";
                };
        Value branch =
                switch (block) {
                    case BASIC -> {
                        Value first = graph.relu(norm(name + ".conv1", name + ".bn1", input, width, 3, stride));
                        yield norm(name + ".conv2", lastNorm, first, channels, 3, 1);
                    }
                    case BOTTLENECK -> {
                        Value first = graph.relu(norm(name + ".conv1", name + ".bn1", input, width, 1, 1));
                        Value second = graph.relu(norm(name + ".conv2", name + ".bn2", first, width, 3, stride));
                        yield norm(name + ".conv3", lastNorm, second, channels, 1, 1);
                    }
                };
        lastNorms.add(lastNorm);
        boolean sameShape = branch.shape().equals(input.shape());
        Value shortcut =
                sameShape ? input : norm(name + ".downsample.0", name + ".downsample.1", input, channels, 1, stride);
        return graph.relu(graph.add(branch, shortcut));
    }

    private Value norm(String convolution, String norm, Value input, int channels, int kernel, int stride) {
        return graph.batchNorm(norm, graph.convolution(convolution, input, channels, kernel, stride, kernel / 2));
    }

    private Set<Parameter> scalesOfLastNorms(Graph built) {
        Set<Parameter> scales = new HashSet<>();
        for (Operation operation : built.operations()) {
            if (operation instanceof Operation.BatchNorm norm
                    && lastNorms.contains(norm.statistics().name())) {
                scales.add(norm.scale());
            }
        }
        return scales;
    }
}
