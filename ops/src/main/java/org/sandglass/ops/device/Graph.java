package org.sandglass.ops.device;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.tensor.Shape;

/**
 * A network as a device sees it: operations in an order in which each one's inputs come before it.
 *
 * <p>The last operation's output is the graph's output. Where it is a vector of logits, an {@link Executable} closes it
 * with softmax cross-entropy. Immutable; made by a {@link Builder}.
 */
public record Graph(Value input, List<Operation> operations) {

    public Graph {
        operations = List.copyOf(operations);
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("Cannot make a graph: it has no operation");
        }
    }

    public Value output() {
        return operations.get(operations.size() - 1).output();
    }

    /** All parameters, in the order in which forward uses them. */
    public List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        for (Operation operation : operations) {
            if (operation instanceof Operation.Convolution convolution) {
                parameters.add(convolution.weight());
            } else if (operation instanceof Operation.BatchNorm norm) {
                parameters.add(norm.scale());
                parameters.add(norm.shift());
            } else if (operation instanceof Operation.Linear linear) {
                parameters.add(linear.weight());
                parameters.add(linear.bias());
            }
        }
        return parameters;
    }

    /** The statistics of all batch norms, in the order in which forward meets them. */
    public List<BatchStatistics> statistics() {
        List<BatchStatistics> statistics = new ArrayList<>();
        for (Operation operation : operations) {
            if (operation instanceof Operation.BatchNorm norm) {
                statistics.add(norm.statistics());
            }
        }
        return statistics;
    }

    /** Builds a graph operation by operation, checking shapes. Not thread-safe. */
    public static final class Builder {
        private final Value input;
        private final List<Operation> operations = new ArrayList<>();

        public Builder(Shape input) {
            this.input = new Value(0, input);
        }

        public Value input() {
            return input;
        }

        public Value convolution(String name, Value input, int channels, int kernel, int stride, int padding) {
            Shape from = spatial(name, input);
            Parameter weight = new Parameter(
                    name + ".weight",
                    Shape.of(channels, from.dimension(0), kernel, kernel),
                    Parameter.Role.CONVOLUTION_WEIGHT);
            Value output = next(windowed(name, from, channels, kernel, stride, padding));
            return append(new Operation.Convolution(input, weight, stride, padding, output));
        }

        public Value batchNorm(String name, Value input) {
            int channels = input.shape().dimension(0);
            return append(new Operation.BatchNorm(
                    input,
                    new Parameter(name + ".weight", Shape.of(channels), Parameter.Role.BATCH_NORM_SCALE),
                    new Parameter(name + ".bias", Shape.of(channels), Parameter.Role.BATCH_NORM_SHIFT),
                    new BatchStatistics(name, channels),
                    1e-5,
                    next(input.shape())));
        }

        public Value relu(Value input) {
            return append(new Operation.Relu(input, next(input.shape())));
        }

        public Value add(Value input, Value shortcut) {
            if (!input.shape().equals(shortcut.shape())) {
                throw new IllegalArgumentException(
                        "Cannot add: shapes differ: " + input.shape() + " and " + shortcut.shape());
            }
            return append(new Operation.Add(input, shortcut, next(input.shape())));
        }

        public Value maxPool(Value input, int window, int stride, int padding) {
            Shape from = spatial("max pool", input);
            Value output = next(windowed("max pool", from, from.dimension(0), window, stride, padding));
            return append(new Operation.MaxPool(input, window, stride, padding, output));
        }

        public Value globalAveragePool(Value input) {
            return append(new Operation.GlobalAveragePool(
                    input, next(Shape.of(spatial("pool", input).dimension(0)))));
        }

        public Value linear(String name, Value input, int features) {
            int from = input.shape().dimension(0);
            return append(new Operation.Linear(
                    input,
                    new Parameter(name + ".weight", Shape.of(features, from), Parameter.Role.LINEAR_WEIGHT),
                    new Parameter(name + ".bias", Shape.of(features), Parameter.Role.LINEAR_BIAS),
                    next(Shape.of(features))));
        }

        public Graph build() {
            return new Graph(input, operations);
        }

        private Value next(Shape shape) {
            return new Value(operations.size() + 1, shape);
        }

        private Value append(Operation operation) {
            operations.add(operation);
            return operation.output();
        }

        private static Shape spatial(String name, Value value) {
            if (value.shape().rank() != 3) {
                throw new IllegalArgumentException(
                        "Cannot build " + name + ": it needs channels × height × width, not " + value.shape());
            }
            return value.shape();
        }

        private static Shape windowed(String name, Shape from, int channels, int window, int stride, int padding) {
            int height = (from.dimension(1) + 2 * padding - window) / stride + 1;
            int width = (from.dimension(2) + 2 * padding - window) / stride + 1;
            if (height <= 0 || width <= 0) {
                throw new IllegalArgumentException(
                        "Cannot build " + name + ": a window of " + window + " does not fit into " + from);
            }
            return Shape.of(channels, height, width);
        }
    }
}
