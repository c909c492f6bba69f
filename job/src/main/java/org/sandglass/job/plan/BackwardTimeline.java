package org.sandglass.job.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.nn.Network;

/**
 * How far backward has come when each gradient is complete, as a share of its time: an operation takes what its arithmetic
 * takes or what its memory traffic takes, whichever is more (Williams, Waterman and Patterson, "Roofline", 2009).
 *
 * @param shares by parameter, in the order of the network's layout; rising, the last one is 1
 */
record BackwardTimeline(List<Double> shares) {

    BackwardTimeline {
        shares = List.copyOf(shares);
    }

    /** @param batch samples of a microbatch */
    static BackwardTimeline of(Network network, int batch, double flops, double bytesPerSecond) {
        Graph graph = network.graph();
        Map<Parameter, Double> ends = new HashMap<>();
        double time = 0;
        for (int i = graph.operations().size() - 1; i >= 0; i--) {
            Operation operation = graph.operations().get(i);
            double arithmetic = 2 * forwardFlops(operation) * batch;
            if (operation.input().equals(graph.input())) {
                // Nobody needs the gradient of the images.
                arithmetic /= 2;
            }
            double traffic = passes(operation) * Float.BYTES * batch;
            time += Math.max(arithmetic / flops, traffic / bytesPerSecond);
            for (Parameter parameter : parameters(operation)) {
                ends.put(parameter, time);
            }
        }
        double whole = time;
        List<Double> shares = new ArrayList<>();
        for (Parameter parameter : network.layout().parameters()) {
            double end = ends.getOrDefault(parameter, whole);
            shares.add(end / whole);
        }
        return new BackwardTimeline(shares);
    }

    /** Floating-point operations of forward and backward for one sample. */
    static double trainingFlops(Network network) {
        return 3
                * network.graph().operations().stream()
                        .mapToDouble(BackwardTimeline::forwardFlops)
                        .sum();
    }

    /** Of one sample; a multiplication and an addition are two. */
    private static double forwardFlops(Operation operation) {
        if (operation instanceof Operation.Convolution convolution) {
            double perOutput = convolution.weight().shape().elements()
                    / (double) convolution.weight().shape().dimension(0);
            return 2 * perOutput * elements(operation.output());
        }
        return operation instanceof Operation.Linear linear
                ? 2.0 * linear.weight().shape().elements()
                : 0;
    }

    /** Elements that backward reads and writes for one sample, without weights. */
    private static double passes(Operation operation) {
        double in = elements(operation.input());
        double out = elements(operation.output());
        if (operation instanceof Operation.BatchNorm) {
            // x and dy twice: once for the sums over the batch, once for dx, which is written.
            return 2 * in + 2 * out + in;
        }
        if (operation instanceof Operation.Convolution) {
            // dy for dx and for dw, x for dw, dx.
            return 2 * out + 2 * in;
        }
        return in + out;
    }

    private static List<Parameter> parameters(Operation operation) {
        if (operation instanceof Operation.Convolution convolution) {
            return List.of(convolution.weight());
        }
        if (operation instanceof Operation.BatchNorm norm) {
            return List.of(norm.scale(), norm.shift());
        }
        return operation instanceof Operation.Linear linear ? List.of(linear.weight(), linear.bias()) : List.of();
    }

    private static double elements(Value value) {
        return value.shape().elements();
    }
}
